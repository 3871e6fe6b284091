"""Disables and deletes accounts in Firebase Auth with firebase-admin."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import firebase_admin
from firebase_admin import auth
from firebase_admin.exceptions import FirebaseError
from google.auth.exceptions import GoogleAuthError

from shared.adapters.firebase.identity import get_firebase_app
from shared.errors import IdentityUnavailable


class FirebaseAccountAdmin:
    """AccountAdmin with firebase-admin."""

    def __init__(self, app: firebase_admin.App) -> None:
        self._app = app

    def disable(self, uid: str) -> None:
        with _translate_errors():
            auth.update_user(uid, disabled=True, app=self._app)
            auth.revoke_refresh_tokens(uid, self._app)

    def delete(self, uid: str) -> None:
        with _translate_errors():
            auth.delete_user(uid, self._app)

    def exists(self, uid: str) -> bool:
        with _translate_errors():
            auth.get_user(uid, self._app)
            return True
        return False


@contextmanager
def _translate_errors() -> Iterator[None]:
    """Ignores a missing account; other errors are transient."""
    try:
        yield
    except auth.UserNotFoundError:
        return
    except (FirebaseError, GoogleAuthError, OSError) as error:
        raise IdentityUnavailable from error


def create_account_admin(project: str, *, local: bool) -> FirebaseAccountAdmin:
    """Returns the AccountAdmin of this process."""
    return FirebaseAccountAdmin(get_firebase_app(project, local=local))
