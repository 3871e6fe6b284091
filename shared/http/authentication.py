"""Authenticates the caller of a request: by a Firebase ID token or by an API key."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from werkzeug.wrappers import Request

from shared.api_keys import (
    KEY_PREFIX,
    LAST_USED_PRECISION_S,
    ApiKey,
    Resource,
    find_key_id,
    key_path,
    scope_of,
)
from shared.errors import EmailNotVerified, PermanentError, Unauthenticated
from shared.flows.documents import Update
from shared.ports.identity import Identity, User
from shared.runtime.services import Services

KEY_CACHE_S = 60
"""How long an instance remembers a key and its owner. A deleted key and the keys of a disabled
account are refused within this time."""
MAX_CACHED_KEYS = 10_000


class ScopeMissing(PermanentError):
    """The API key does not have the scope that this request needs."""

    code = "scope-missing"


class KeyNotAccepted(PermanentError):
    """API keys are not accepted here: sign in with the password of the account."""

    code = "key-not-accepted"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends a request. `key` is None for a user who is signed in."""

    user: User
    key: ApiKey | None = None

    def check_scope(self, resource: Resource | None, method: str) -> None:
        """Checks what the caller's key may be used for. None is a resource of no key. Raises
        KeyNotAccepted, ScopeMissing."""
        if self.key is None:
            return
        if resource is None:
            raise KeyNotAccepted
        needed = scope_of(resource, writes=method not in ("GET", "HEAD"))
        if not self.key.allows(needed):
            raise ScopeMissing(f"The API key does not have the scope {needed}.")


class Authenticator:
    """Authenticates callers, and remembers their keys for KEY_CACHE_S. Safe to use in several
    threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cache: OrderedDict[str, tuple[datetime, Caller | None]] = OrderedDict()
        """Until when the caller of a key is remembered, by the key's id; None for a refused key."""

    def authenticate(
        self,
        request: Request,
        services: Services,
        identity: Identity,
        admit_lookup: Callable[[], None],
    ) -> Caller:
        """Returns the caller.

        Raises Unauthenticated, EmailNotVerified, IdentityUnavailable, and what `admit_lookup`
        raises. It is called before a key is read from Firestore: anybody can make up keys.
        """
        scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
        token = credentials.strip()
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated
        if token.startswith(KEY_PREFIX):
            caller = self._find_caller(token, services, identity, admit_lookup)
        else:
            caller = Caller(identity.verify(token))
        if not caller.user.verified:
            # Whoever registers the address of somebody else has a token of the account until then.
            raise EmailNotVerified
        return caller

    def _find_caller(
        self,
        token: str,
        services: Services,
        identity: Identity,
        admit_lookup: Callable[[], None],
    ) -> Caller:
        key_id, now = find_key_id(token), services.clock.now()
        with self._lock:
            until, caller = self._cache.get(key_id, (now, None))
        if until <= now:
            admit_lookup()
            caller = _look_up(key_id, services, identity, now)
            self._remember(key_id, now + timedelta(seconds=KEY_CACHE_S), caller)
        if caller is None or caller.key is None:
            raise Unauthenticated("There is no such API key, or its account is disabled.")
        if caller.key.has_expired(now):
            raise Unauthenticated("The API key has expired; create a new one.")
        return caller

    def _remember(self, key_id: str, until: datetime, caller: Caller | None) -> None:
        with self._lock:
            self._cache[key_id] = (until, caller)
            self._cache.move_to_end(key_id)
            while len(self._cache) > MAX_CACHED_KEYS:
                self._cache.popitem(last=False)


def _look_up(key_id: str, services: Services, identity: Identity, now: datetime) -> Caller | None:
    """Returns the caller of a key, or None for a key that is not accepted. Raises
    IdentityUnavailable."""
    (doc,) = services.store.read([key_path(key_id)])
    if doc is None:
        return None
    key = ApiKey.from_doc(doc)
    try:
        user = identity.read_user(key.owner)
    except Unauthenticated:
        return None
    if not key.has_expired(now):
        _store_use(key, services, now)
    return Caller(user, key)


def _store_use(key: ApiKey, services: Services, now: datetime) -> None:
    """Stores when a key was last used, best effort: the request is served in any case."""
    if key.last_used_at and now - key.last_used_at < timedelta(seconds=LAST_USED_PRECISION_S):
        return
    try:
        services.store.try_commit([Update(key_path(key.id), {"last_used_at": now})])
    except Exception as error:
        services.log("key.use_not_stored", severity="WARNING", reason=repr(error))
