"""API keys: `api_keys/{key}`. A key signs requests of its owner in, within its scopes, until it
expires or is deleted.

The id of the document is the hash of the key, so whoever reads it cannot use the key.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

from shared.capabilities import hash_capability, new_capability
from shared.flows.documents import Create, Doc

API_KEYS = "api_keys"
KEY_PREFIX = "mr_"
"""Begins every key, so that a scanner finds keys that were published by mistake."""
SHOWN_CHARS = len(KEY_PREFIX) + 6
"""How much of a key is stored and shown in lists: 24 of its 192 random bits."""


class Resource(StrEnum):
    """What the requests of a key may be about."""

    JOBS = "jobs"
    CAMERAS = "cameras"
    WEBHOOKS = "webhooks"
    ACCOUNT = "account"


class Scope(StrEnum):
    """What a key may be used for. A scope to write includes the one to read."""

    JOBS_READ = "jobs:read"
    JOBS_WRITE = "jobs:write"
    CAMERAS_READ = "cameras:read"
    CAMERAS_WRITE = "cameras:write"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"
    ACCOUNT_READ = "account:read"
    ACCOUNT_WRITE = "account:write"


def scope_of(resource: Resource, *, writes: bool) -> Scope:
    """Returns the scope that requests about a resource need."""
    return Scope(f"{resource}:{'write' if writes else 'read'}")


def new_key() -> str:
    """Returns a new key. It derives from nothing: no repeated request may create a deleted key
    again."""
    return KEY_PREFIX + new_capability()


def key_path(key_id: str) -> str:
    """api_keys/{key}"""
    return f"{API_KEYS}/{key_id}"


def find_key_id(key: str) -> str:
    """Returns the id of a key."""
    return hash_capability(key)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key without its secret part.

    Attributes:
        prefix: The first characters of the key.
        expires_at: None for a key that does not expire.
        last_used_at: At most `LAST_USED_PRECISION_S` too early; None for a key that was never used.
    """

    id: str
    owner: str
    name: str
    prefix: str
    scopes: frozenset[Scope]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None

    @classmethod
    def from_doc(cls, doc: Doc) -> Self:
        """Reads a document. Scopes that a later version added are ignored."""
        data = doc.data
        return cls(
            doc.id,
            data["owner"],
            data["name"],
            data["prefix"],
            frozenset(scope for scope in Scope if scope in data["scopes"]),
            data["created_at"],
            data["expires_at"],
            data["last_used_at"],
        )

    def has_expired(self, now: datetime) -> bool:
        """Whether the key is no longer accepted."""
        return self.expires_at is not None and self.expires_at <= now

    def allows(self, needed: Scope) -> bool:
        """Whether the key may be used for requests that need a scope."""
        resource, _, access = needed.partition(":")
        return needed in self.scopes or (access == "read" and f"{resource}:write" in self.scopes)


LAST_USED_PRECISION_S = 600
"""A key is used more often than its document may be written: about once a second."""


def create_key(
    key: str,
    *,
    owner: str,
    name: str,
    scopes: Iterable[Scope],
    now: datetime,
    expires_at: datetime | None,
) -> Create:
    """Returns the write that creates a key."""
    return Create(
        key_path(find_key_id(key)),
        {
            "owner": owner,
            "name": name,
            "prefix": key[:SHOWN_CHARS],
            "scopes": sorted(set(scopes)),
            "created_at": now,
            "expires_at": expires_at,
            "last_used_at": None,
        },
    )
