"""Encrypted fields of documents. A public key encrypts, and one function has the private key."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.errors import OverloadedError, PermanentError


class KeyUnavailable(OverloadedError):
    """The private key that decrypts a stored secret is not available; the operator restores it."""

    code = "key-unavailable"


class DecryptionFailed(PermanentError):
    """A stored secret was changed or copied from elsewhere and cannot be decrypted; replace it."""

    code = "secret-unreadable"


@dataclass(frozen=True, slots=True)
class Encrypted:
    """An encrypted text.

    Attributes:
        key_id: The id of the key with which it was encrypted.
        ciphertext: In base64.
    """

    key_id: str
    ciphertext: str = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Returns the field as a document holds it."""
        return {"key_id": self.key_id, "ciphertext": self.ciphertext}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Encrypted:
        """Reads what `to_dict` wrote."""
        return cls(data["key_id"], data["ciphertext"])


@dataclass(frozen=True, slots=True)
class FieldContext:
    """The place of an encrypted field: the ciphertext can be decrypted only there, so one that is
    copied into a document of another user, or into another field, cannot be decrypted."""

    path: str
    owner: str
    field: str

    def to_bytes(self) -> bytes:
        """Returns an unambiguous encoding."""
        return json.dumps([self.path, self.owner, self.field]).encode()


Encrypt = Callable[[str, FieldContext], Encrypted]
"""Encrypts a text for its place."""
Decrypt = Callable[[Encrypted, FieldContext], str]
"""Returns the text of an encrypted field. Raises KeyUnavailable, DecryptionFailed."""


def is_encrypted(value: Any) -> bool:
    """Returns whether the value of a document's field was written by `Encrypted.to_dict`. Versions
    before the encryption stored plain text."""
    return isinstance(value, Mapping) and "ciphertext" in value
