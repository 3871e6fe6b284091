"""Verifies Firebase ID tokens."""

from __future__ import annotations

import base64
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
"""How long it is remembered whose a signed token is, and whether it is refused: a disabled user
loses access within this time, and an enabled one has it again."""
MAX_CACHED_TOKENS = 10_000
_app_lock = threading.Lock()


class FirebaseIdentity:
    """Identity with firebase-admin. Checks signature, expiry, audience, revocation and users."""

    def __init__(self, app: firebase_admin.App) -> None:
        self._app = app
        self._cache: OrderedDict[str, tuple[float, User | None]] = OrderedDict()
        """Until when the user of a token is remembered; None for a refused one."""
        self._lock = threading.Lock()

    def verify(self, token: str) -> User:
        if not _is_canonical(token):
            raise Unauthenticated
        now = time.time()
        with self._lock:
            cached = self._cache.get(token)
        if cached is not None and cached[0] > now:
            if cached[1] is None:
                raise Unauthenticated
            return cached[1]
        try:
            claims: dict[str, Any] = auth.verify_id_token(token, self._app, check_revoked=True)
        except (
            auth.RevokedIdTokenError,
            auth.UserDisabledError,
            auth.UserNotFoundError,
        ) as error:
            # Its signature is valid, so the account was looked up.
            self._remember(token, now + TOKEN_CACHE_S, None)
            raise Unauthenticated from error
        except (auth.InvalidIdTokenError, ValueError) as error:
            # Not remembered: anybody can make up such tokens, and they cost no lookup.
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
        self._remember(token, min(now + TOKEN_CACHE_S, expires_at), user)
        return user

    def read_user(self, uid: str) -> User:
        try:
            record = auth.get_user(uid, self._app)
        except (auth.UserNotFoundError, ValueError) as error:
            raise Unauthenticated from error
        except (FirebaseError, GoogleAuthError, OSError) as error:
            raise IdentityUnavailable from error
        if record.disabled:
            raise Unauthenticated
        return User(record.uid, record.email or "", record.email_verified)

    def _remember(self, token: str, until: float, user: User | None) -> None:
        with self._lock:
            self._cache[token] = (until, user)
            while len(self._cache) > MAX_CACHED_TOKENS:
                self._cache.popitem(last=False)


def _is_canonical(token: str) -> bool:
    """Whether the signature is spelled as in RFC 7515. Decoders skip other characters, so a token
    would have any number of spellings, each of which is looked up."""
    signature = token.rpartition(".")[2]
    try:
        decoded = base64.urlsafe_b64decode(signature + "==")
    except ValueError:
        return False
    return base64.urlsafe_b64encode(decoded).decode().rstrip("=") == signature


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
