"""The signed receipt of an erasure: what was deleted and when.

It is a JWS (RFC 7515) in compact form with Ed25519 (RFC 8037). The public keys are served as a JWK
set. The inventory may be long, so the receipt contains its SHA-256.
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
    """Returns the receipt as a JWS. Raises ConfigurationError without a valid key."""
    data, days = context.task.data, context.settings.backup_retention_days
    claims = {
        "iss": context.settings.public_url,
        "jti": context.task.id,
        "iat": int(now.timestamp()),
        "requested_at": _timestamp(data["requested_at"]),
        "finished_at": _timestamp(now),
        "account": "removed" if data["account"] else "kept",
        "documents_removed": totals.documents,
        "objects_removed": totals.objects,
        "bytes_removed": totals.size_bytes,
        "inventory_sha256": inventory_sha256,
        "left": dict(sorted(data["remaining_counts"].items())),
        "kept": {
            "tombstones": totals.jobs,
            "until": _timestamp(now + timedelta(days=TOMBSTONE_DAYS)),
            "why": "The bare numbers of jobs stay for a few days, so that what arrives late goes.",
        },
        "copies_vanish_at": _timestamp(now + timedelta(days=days)),
    }
    key = _read_key(context.settings)
    return jwt.encode(claims, key, algorithm="EdDSA", headers={"kid": _key_id(key), "typ": "JWT"})


def store_public_key(store: JobStore, settings: Settings) -> None:
    """Stores the public key, so that the API serves it and receipts of older keys stay
    verifiable."""
    key = _read_key(settings)
    kid = _key_id(key)
    store.commit([Create(f"receipt_keys/{kid}", {**_public_jwk(key), "kid": kid})])


def _read_key(settings: Settings) -> Ed25519PrivateKey:
    try:
        seed = base64.b64decode(settings.receipt_key, validate=True)
        return Ed25519PrivateKey.from_private_bytes(seed)
    except ValueError as error:
        raise ConfigurationError("RECEIPT_KEY must be 32 bytes in base64.") from error


def _public_jwk(key: Ed25519PrivateKey) -> dict[str, Any]:
    raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return {"kty": "OKP", "crv": "Ed25519", "x": _base64url(raw), "use": "sig", "alg": "EdDSA"}


def _key_id(key: Ed25519PrivateKey) -> str:
    """Returns the thumbprint of RFC 7638."""
    jwk = _public_jwk(key)
    required = {name: jwk[name] for name in ("crv", "kty", "x")}
    text = json.dumps(required, separators=(",", ":"), sort_keys=True)
    return _base64url(hashlib.sha256(text.encode()).digest())


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _timestamp(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
