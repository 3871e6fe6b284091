"""Disables and deletes accounts in Firebase Auth with firebase-admin."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import firebase_admin
from firebase_admin import auth
from firebase_admin.exceptions import FirebaseError
from google.auth.exceptions import GoogleAuthError

from shared.adapters.firebase.identity import get_firebase_app
from shared.ports.identity import IdentityUnavailable


class FirebaseAccountAdmin:
    """AccountAdmin with firebase-admin."""

    def __init__(self, app: firebase_admin.App) -> None:
        self._app = app

    def disable(self, uid: str) -> None:
        with _ignore_missing_account():
            auth.update_user(uid, disabled=True, app=self._app)
            auth.revoke_refresh_tokens(uid, self._app)

    def delete(self, uid: str) -> None:
        with _ignore_missing_account():
            auth.delete_user(uid, self._app)

    def exists(self, uid: str) -> bool:
        is_missing = True
        with _ignore_missing_account():
            auth.get_user(uid, self._app)
            is_missing = False
        return not is_missing


@contextmanager
def _ignore_missing_account() -> Iterator[None]:
    """Ignores that an account does not exist. Raises IdentityUnavailable for other errors."""
    try:
        yield
    except auth.UserNotFoundError:
        return
    except (FirebaseError, GoogleAuthError, OSError) as error:
        raise IdentityUnavailable from error


def create_account_admin(project: str, *, local: bool) -> FirebaseAccountAdmin:
    """Returns an AccountAdmin."""
    return FirebaseAccountAdmin(get_firebase_app(project, local=local))
