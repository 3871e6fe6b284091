"""Encryption of fields with HPKE (RFC 9180, base mode): X25519, HKDF-SHA256, ChaCha20-Poly1305.

A key is 32 bytes in base64. Its id is a hash of the public key, so an id names one key pair and
needs no setting. A ciphertext begins with the encapsulated key, followed by the text under AEAD.
The place of the field is the `info` of RFC 9180: it is part of the derived key, so decryption for
another place fails.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from shared.errors import ConfigurationError
from shared.flows.encrypted import DecryptionFailed, Encrypted, FieldContext, KeyUnavailable

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
_INFO_PREFIX = b"moodreel field "


class HpkeEncrypter:
    """Encrypts with a public key. Raises ConfigurationError without a valid one."""

    def __init__(self, public_key: str) -> None:
        try:
            self._key = X25519PublicKey.from_public_bytes(_decode(public_key))
        except ValueError:
            raise ConfigurationError("A public key must be 32 bytes in base64.") from None
        self.key_id = _key_id(self._key)

    def encrypt(self, text: str, context: FieldContext) -> Encrypted:
        """Encrypts a text for its place."""
        ciphertext = _SUITE.encrypt(text.encode(), self._key, _info(context))
        return Encrypted(self.key_id, base64.b64encode(ciphertext).decode())


class HpkeDecrypter:
    """Decrypts with the private keys of a secret, which are separated by white space. Raises
    KeyUnavailable when one of them is malformed."""

    def __init__(self, private_keys: str) -> None:
        try:
            self._keys = {_key_id(key.public_key()): key for key in _read_keys(private_keys)}
        except ConfigurationError as error:
            raise KeyUnavailable(str(error)) from None

    def decrypt(self, value: Encrypted, context: FieldContext) -> str:
        """Returns the text. Raises KeyUnavailable, DecryptionFailed."""
        key = self._keys.get(value.key_id)
        if key is None:
            raise KeyUnavailable(
                f"There is no private key {value.key_id} to decrypt a stored secret."
            )
        try:
            ciphertext = base64.b64decode(value.ciphertext, validate=True)
            return _SUITE.decrypt(ciphertext, key, _info(context)).decode()
        except (InvalidTag, ValueError):
            raise DecryptionFailed from None


def new_private_key() -> str:
    """Returns a new private key."""
    return base64.b64encode(X25519PrivateKey.generate().private_bytes_raw()).decode()


def find_public_key(private_keys: str) -> str:
    """Returns the public key of the first of `private_keys`. Raises ConfigurationError."""
    for key in _read_keys(private_keys):
        return base64.b64encode(key.public_key().public_bytes_raw()).decode()
    raise ConfigurationError("There is no private key.")


def _read_keys(private_keys: str) -> Iterator[X25519PrivateKey]:
    for text in private_keys.split():
        try:
            yield X25519PrivateKey.from_private_bytes(_decode(text))
        except ValueError:
            # Without the cause, which may contain a part of the key.
            raise ConfigurationError("A private key must be 32 bytes in base64.") from None


def _decode(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _key_id(key: X25519PublicKey) -> str:
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]


def _info(context: FieldContext) -> bytes:
    return _INFO_PREFIX + context.to_bytes()
