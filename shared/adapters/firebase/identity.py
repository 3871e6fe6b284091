"""Who calls: Firebase ID tokens."""

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

from shared.errors import IdentityUnavailable, Unauthenticated
from shared.ports.identity import User

TOKEN_CACHE_S = 60
"""How long a token is not looked up again: a disabled user is out within this time."""
MAX_CACHED_TOKENS = 10_000
_making = threading.Lock()


class FirebaseIdentity:
    """Identity over firebase-admin. Signature, expiry, audience, revocation and disabled users."""

    def __init__(self, app: firebase_admin.App) -> None:
        self._app = app
        self._seen: OrderedDict[str, tuple[float, User]] = OrderedDict()
        self._lock = threading.Lock()

    def verify(self, token: str) -> User:
        now = time.time()
        with self._lock:
            known = self._seen.get(token)
        if known is not None and known[0] > now:
            return known[1]
        try:
            claims: dict[str, Any] = auth.verify_id_token(token, self._app, check_revoked=True)
        except (
            auth.InvalidIdTokenError,
            auth.UserDisabledError,
            auth.UserNotFoundError,
            ValueError,
        ) as refused:
            raise Unauthenticated from refused
        except (FirebaseError, GoogleAuthError, OSError) as fault:
            # Keys or users cannot be looked up: that says nothing about the token.
            raise IdentityUnavailable from fault
        # The Auth emulator accepts tokens whose time is over; we do not.
        ends = claims.get("exp")
        if not isinstance(ends, int | float) or ends <= now:
            raise Unauthenticated("The ID token's time is over; sign in again.")
        verified = claims.get("email_verified") is True
        user = User(str(claims["uid"]), str(claims.get("email") or ""), verified)
        with self._lock:
            self._seen[token] = (min(now + TOKEN_CACHE_S, ends), user)
            while len(self._seen) > MAX_CACHED_TOKENS:
                self._seen.popitem(last=False)
        return user


class _NoCredential(firebase_admin.credentials.Base):  # type: ignore[misc]
    """What firebase-admin needs beside an emulator: a credential that is none."""

    def get_credential(self) -> AnonymousCredentials:
        return AnonymousCredentials()


def create_identity(project: str, *, local: bool) -> FirebaseIdentity:
    """The Identity of this process; the app is firebase-admin's default one."""
    return FirebaseIdentity(get_firebase_app(project, local=local))


def get_firebase_app(project: str, *, local: bool) -> firebase_admin.App:
    """firebase-admin's default app of this process; made when it is first asked for."""
    with _making:
        try:
            return firebase_admin.get_app()
        except ValueError:
            credential = _NoCredential() if local else None
            return firebase_admin.initialize_app(credential, {"projectId": project})
