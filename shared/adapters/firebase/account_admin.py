"""Closing accounts: Firebase Auth by firebase-admin."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import firebase_admin
from firebase_admin import auth
from firebase_admin.exceptions import FirebaseError
from google.auth.exceptions import GoogleAuthError

from shared.adapters.firebase.identity import firebase_app
from shared.errors import IdentityUnavailable


class FirebaseDoorkeeper:
    """Doorkeeper over firebase-admin."""

    def __init__(self, app: firebase_admin.App) -> None:
        self._app = app

    def shut_out(self, uid: str) -> None:
        with _answers():
            auth.update_user(uid, disabled=True, app=self._app)
            auth.revoke_refresh_tokens(uid, self._app)

    def remove(self, uid: str) -> None:
        with _answers():
            auth.delete_user(uid, self._app)

    def is_there(self, uid: str) -> bool:
        with _answers():
            auth.get_user(uid, self._app)
            return True
        return False


@contextmanager
def _answers() -> Iterator[None]:
    """Who is gone already is fine; all else may pass."""
    try:
        yield
    except auth.UserNotFoundError:
        return
    except (FirebaseError, GoogleAuthError, OSError) as fault:
        raise IdentityUnavailable from fault


def doorkeeper(project: str, *, local: bool) -> FirebaseDoorkeeper:
    """The Doorkeeper of this process."""
    return FirebaseDoorkeeper(firebase_app(project, local=local))
