"""The receipt: what was removed and when, signed, so that nobody has to take our word for it.

It is a JWS (RFC 7515) in its compact form over Ed25519 (RFC 8037); the public keys are served as a
JWK set. The inventory itself may be long, so the receipt holds its SHA-256.
"""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from functions.personal_data.inventory import Totals
from shared.entrypoints.task import TaskContext
from shared.errors import ConfigurationError
from shared.flows.documents import Create
from shared.jobs.commands.delete import TOMBSTONE_DAYS
from shared.ports.store import JobStore
from shared.runtime.settings import Settings


def sign_receipt(context: TaskContext, totals: Totals, inventory_sha256: str, now: datetime) -> str:
    """Sign what was done."""
    data, days = context.task.data, context.settings.backup_retention_days
    told = {
        "iss": context.settings.public_url,
        "jti": context.task.id,
        "iat": int(now.timestamp()),
        "requested_at": _moment(data["requested_at"]),
        "finished_at": _moment(now),
        "account": "removed" if data["account"] else "kept",
        "documents_removed": totals.documents,
        "objects_removed": totals.objects,
        "bytes_removed": totals.size_bytes,
        "inventory_sha256": inventory_sha256,
        "left": dict(sorted(data["remaining_counts"].items())),
        "kept": {
            "tombstones": totals.jobs,
            "until": _moment(now + timedelta(days=TOMBSTONE_DAYS)),
            "why": "The bare numbers of jobs stay for a few days, so that what arrives late goes.",
        },
        "copies_vanish_at": _moment(now + timedelta(days=days)),
    }
    key = _key(context.settings)
    return jwt.encode(told, key, algorithm="EdDSA", headers={"kid": _kid(key), "typ": "JWT"})


def store_public_key(store: JobStore, settings: Settings) -> None:
    """Keep the public key where the API serves it from: receipts of older keys stay verifiable."""
    key = _key(settings)
    kid = _kid(key)
    store.commit([Create(f"receipt_keys/{kid}", {**_public(key), "kid": kid})])


def _key(settings: Settings) -> Ed25519PrivateKey:
    try:
        seed = base64.b64decode(settings.receipt_key, validate=True)
        return Ed25519PrivateKey.from_private_bytes(seed)
    except ValueError as wrong:
        raise ConfigurationError("RECEIPT_KEY must be 32 bytes in base64.") from wrong


def _public(key: Ed25519PrivateKey) -> dict[str, Any]:
    raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return {"kty": "OKP", "crv": "Ed25519", "x": _coded(raw), "use": "sig", "alg": "EdDSA"}


def _kid(key: Ed25519PrivateKey) -> str:
    """The thumbprint after RFC 7638."""
    public = _public(key)
    needed = {name: public[name] for name in ("crv", "kty", "x")}
    text = json.dumps(needed, separators=(",", ":"), sort_keys=True)
    return _coded(hashlib.sha256(text.encode()).digest())


def _coded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _moment(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
