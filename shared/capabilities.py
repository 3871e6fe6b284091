"""Capabilities: random tokens in URLs that give access without a sign-in. Only their SHA-256 hashes
are stored.

A hash needs no salt and no key derivation function. Those protect secrets that people choose, which
can be guessed; a token has 192 random bits, which nobody can guess from its hash. Without a salt, a
token is found by its hash, with one read of a document.
"""

from __future__ import annotations

import hashlib
import secrets

TOKEN_BYTES = 24


def new_capability() -> str:
    """Returns a new token, in hexadecimal digits."""
    return secrets.token_hex(TOKEN_BYTES)


def derive_capability(*parts: str) -> str:
    """Returns the token that derives from these parts, of which one must be secret and random."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[: 2 * TOKEN_BYTES]


def hash_capability(token: str) -> str:
    """Returns the hash to store: 64 hexadecimal digits."""
    return hashlib.sha256(token.encode()).hexdigest()
