"""Requests of the account endpoints and of Firebase Auth, and the codes in emails."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import parse_qs

from infra.local.client.http import Response, request
from infra.local.suite.handle import SuiteHandle, wait_until
from infra.local.suite.layout import PROJECT
from tests.fixtures.suite.firestore import ADMIN_HEADERS
from tests.fixtures.suite.users import call_api

PASSWORD = "correct horse battery"


def post(suite: SuiteHandle, path: str, token: str | None = None, **body: Any) -> Response:
    return call_api(suite, "POST", path, token, body)


def code_from_email(suite: SuiteHandle, email: str, subject: str, action: str) -> str:
    """Returns the code in the link of an email. The link opens a page of the console."""
    message = wait_until(
        lambda: [message for message in suite.list_emails(email) if message["subject"] == subject],
        subject,
    )[-1]
    link = next(line for line in str(message["text"]).splitlines() if line.startswith("http"))
    page, _, fragment = link.partition("#")
    assert page == f"{suite.url('console')}/email-action"
    return parse_qs(fragment)[action][0]


def call_identity_toolkit(suite: SuiteHandle, action: str, **body: str) -> Response:
    """Calls Firebase as the page does, with the project's public key."""
    url = f"{suite.url('auth')}/identitytoolkit.googleapis.com/v1/accounts:{action}?key=local"
    return request("POST", url, body)


def new_address() -> str:
    return f"{uuid.uuid4().hex[:12]}@moodreel.test"


def confirmation_code(suite: SuiteHandle, address: str) -> str:
    return code_from_email(suite, address, "Confirm your address", "confirm")


def set_password(suite: SuiteHandle, code: str, password: str = PASSWORD) -> Response:
    return post(suite, "/v1/accounts/password", code=code, password=password)


def register(suite: SuiteHandle) -> str:
    """Registers an address and confirms it. Returns the address."""
    address = new_address()
    response = post(suite, "/v1/accounts/register", email=address, name="Ann")
    assert response.status == 202
    assert set_password(suite, confirmation_code(suite, address)).status == 204
    return address


def sign_in(suite: SuiteHandle, email: str, password: str = PASSWORD) -> dict[str, Any]:
    response = post(suite, "/v1/accounts/login", email=email, password=password)
    assert response.status == 200, response.body
    session: dict[str, Any] = response.json()
    return session


def sign_up_at_firebase(suite: SuiteHandle, email: str, password: str) -> dict[str, Any]:
    """Creates an unconfirmed account with a password, as the endpoints of earlier versions did.

    Returns its tokens."""
    response = call_identity_toolkit(suite, "signUp", email=email, password=password)
    assert response.status == 200, response.body
    tokens: dict[str, Any] = response.json()
    return tokens


def valid_since(suite: SuiteHandle, uid: str) -> int:
    """Returns when the tokens of an account were last revoked, in seconds since 1970."""
    url = f"{suite.url('auth')}/identitytoolkit.googleapis.com/v1/projects/{PROJECT}"
    response = request("POST", f"{url}/accounts:lookup", {"localId": [uid]}, headers=ADMIN_HEADERS)
    return int(response.json()["users"][0]["validSince"])
