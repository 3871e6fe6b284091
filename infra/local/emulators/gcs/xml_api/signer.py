"""The key for local signed URLs, in the format of a service account key file."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


@dataclass(frozen=True)
class Signer:
    """The account whose signatures are accepted."""

    client_email: str
    public_key: rsa.RSAPublicKey


def write_key_file(path: Path, project: str) -> None:
    """Writes a new RSA 2048 key atomically. The file has mode 0600."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    info = {
        "type": "service_account",
        "project_id": project,
        "private_key_id": secrets.token_hex(20),
        "private_key": pem.decode(),
        "client_email": f"local-signer@{project}.iam.gserviceaccount.com",
        "client_id": str(secrets.randbelow(10**20)),
        "token_uri": "https://oauth2.googleapis.com/token",
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary_file = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(info, file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    temporary_file.replace(path)


def load_signer(path: Path, project: str) -> Signer:
    """Reads the key file, which is created when missing. Raises ValueError without an RSA key."""
    if not path.exists():
        write_key_file(path, project)
    info = json.loads(path.read_text(encoding="utf-8"))
    key = serialization.load_pem_private_key(info["private_key"].encode(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError(f"{path} does not hold an RSA key")  # noqa: TRY004 - invalid input
    return Signer(str(info["client_email"]), key.public_key())
