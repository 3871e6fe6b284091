"""Verifies Firebase ID tokens."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from typing import Any

import firebase_admin
import firebase_admin.credentials
from firebase_admin import auth
from firebase_admin.exceptions import FirebaseError
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import GoogleAuthError

from shared.errors import Unauthenticated
from shared.ports.identity import IdentityUnavailable, User

TIMEOUT_S = 10
"""For one call of Firebase Auth. The Admin SDK's default of 120 s is longer than a request to `api`
may take."""
TOKEN_CACHE_S = 60
"""How long a verified token is cached: a disabled user loses access within this time."""
MAX_CACHED_TOKENS = 10_000
_app_lock = threading.Lock()


class FirebaseIdentity:
    """Identity with firebase-admin. Checks signature, expiry, audience, revocation and users."""

    def __init__(self, app: firebase_admin.App) -> None:
        self._app = app
        self._cache: OrderedDict[str, tuple[float, User]] = OrderedDict()
        self._lock = threading.Lock()

    def verify(self, token: str) -> User:
        now = time.time()
        with self._lock:
            cached = self._cache.get(token)
        if cached is not None and cached[0] > now:
            return cached[1]
        try:
            claims: dict[str, Any] = auth.verify_id_token(token, self._app, check_revoked=True)
        except (
            auth.InvalidIdTokenError,
            auth.UserDisabledError,
            auth.UserNotFoundError,
            ValueError,
        ) as error:
            raise Unauthenticated from error
        except (FirebaseError, GoogleAuthError, OSError) as error:
            # Keys or users cannot be fetched: this does not make the token invalid.
            raise IdentityUnavailable from error
        # The Auth emulator accepts expired tokens; we do not.
        expires_at = claims.get("exp")
        if not isinstance(expires_at, int | float) or expires_at <= now:
            raise Unauthenticated("The ID token has expired; sign in again.")
        verified = claims.get("email_verified") is True
        user = User(str(claims["uid"]), str(claims.get("email") or ""), verified)
        with self._lock:
            self._cache[token] = (min(now + TOKEN_CACHE_S, expires_at), user)
            while len(self._cache) > MAX_CACHED_TOKENS:
                self._cache.popitem(last=False)
        return user


class _NoCredential(firebase_admin.credentials.Base):  # type: ignore[misc]
    """A credential without content, which firebase-admin needs for an emulator."""

    def get_credential(self) -> AnonymousCredentials:
        return AnonymousCredentials()


def create_identity(project: str, *, local: bool) -> FirebaseIdentity:
    """Returns the Identity of this process, with firebase-admin's default app."""
    return FirebaseIdentity(get_firebase_app(project, local=local))


def get_firebase_app(project: str, *, local: bool) -> firebase_admin.App:
    """Returns firebase-admin's default app of this process; creates it at the first call."""
    with _app_lock:
        try:
            return firebase_admin.get_app()
        except ValueError:
            credential = _NoCredential() if local else None
            options = {"projectId": project, "httpTimeout": TIMEOUT_S}
            return firebase_admin.initialize_app(credential, options)
