"""Calls of the Admin SDK are repeated while the identity service refuses them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import firebase_admin
import pytest

from shared.adapters.firebase import accounts as accounts_module
from shared.adapters.firebase.accounts import FirebaseAccounts
from shared.errors import NotFound
from shared.ports.identity import IdentityUnavailable

EMAIL, UID = "una@moodreel.test", "una"
LOOKUP, UPDATE, RESET = "accounts:lookup", "accounts:update", "accounts:resetPassword"
CREATE = "accounts"


class IdentityToolkit(HTTPServer):
    """The Identity Toolkit with one account. The first `refusals` calls of each method in `refused`
    get `status`, or no response."""

    class Handler(BaseHTTPRequestHandler):
        server: IdentityToolkit

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            method = self.path.partition("?")[0].rpartition("/")[2]
            self.server.calls.append(method)
            refused = self.server.refused.get(method, 0)
            self.server.refused[method] = refused - 1
            if refused > 0:
                return self.answer(self.server.status, {"error": {"message": self.server.message}})
            if method == UPDATE:
                self.server.account |= body
            known = body.get("email", [EMAIL]) in (EMAIL, [EMAIL]) and UID in (
                body.get("localId", UID), *body.get("localId", [])
            )  # fmt: skip
            users = [self.server.account] if known else []
            return self.answer(200, {"users": users, "localId": UID, "email": EMAIL})

        def answer(self, status: int, content: dict[str, Any]) -> None:
            data = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            """Prints nothing."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), self.Handler)
        self.account: dict[str, Any] = {"localId": UID, "email": EMAIL, "emailVerified": False}
        self.calls: list[str] = []
        self.refused: dict[str, int] = {}
        self.status, self.message = 429, "QUOTA_EXCEEDED"


@pytest.fixture
def toolkit() -> Iterator[IdentityToolkit]:
    server = IdentityToolkit()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def accounts(
    toolkit: IdentityToolkit, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FirebaseAccounts]:
    host = f"127.0.0.1:{toolkit.server_port}"
    monkeypatch.setenv("FIREBASE_AUTH_EMULATOR_HOST", host)
    app = firebase_admin.initialize_app(options={"projectId": "p"}, name=host)
    yield FirebaseAccounts(app, "key", f"http://{host}/v1", f"http://{host}/v1")
    firebase_admin.delete_app(app)


CALLS: dict[str, tuple[str, Callable[[FirebaseAccounts], object]]] = {
    "lookup": (LOOKUP, lambda accounts: accounts.use_password_code("c", "correct horse")),
    "end": (UPDATE, lambda accounts: accounts.end_sessions(UID)),
    "confirm": (UPDATE, lambda accounts: accounts.confirm_address(UID, EMAIL)),
    "password": (UPDATE, lambda accounts: accounts.set_password(UID, "correct horse")),
    "profile": (LOOKUP, lambda accounts: accounts.read_profile(UID)),
}


@pytest.mark.parametrize("name", CALLS)
def test_refused_call_is_repeated(
    toolkit: IdentityToolkit, accounts: FirebaseAccounts, name: str
) -> None:
    method, call = CALLS[name]
    toolkit.refused[method] = 2

    call(accounts)

    assert toolkit.calls.count(method) == 3
    assert toolkit.calls.count(RESET) <= 1


@pytest.mark.parametrize("name", CALLS)
def test_call_that_stays_refused_is_given_up(
    toolkit: IdentityToolkit,
    accounts: FirebaseAccounts,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    method, call = CALLS[name]
    toolkit.refused[method] = 10_000
    monkeypatch.setattr(accounts_module, "RETRY", accounts_module.RETRY.with_timeout(0.5))

    with pytest.raises(IdentityUnavailable):
        call(accounts)
    assert toolkit.calls.count(RESET) <= 1
    assert not toolkit.account["emailVerified"]


def test_address_and_confirmation_are_written_together(
    toolkit: IdentityToolkit, accounts: FirebaseAccounts
) -> None:
    user = accounts.use_password_code("c", "correct horse")
    assert (user.uid, user.email, toolkit.account["emailVerified"]) == (UID, EMAIL, False)
    assert UPDATE not in toolkit.calls

    accounts.end_sessions(user.uid)
    assert (int(toolkit.account["validSince"]) > 0, toolkit.account["emailVerified"]) == (
        True,
        False,
    )
    accounts.confirm_address(user.uid, user.email)
    assert (toolkit.account["email"], toolkit.account["emailVerified"]) == (EMAIL, True)


@pytest.mark.parametrize(
    ("status", "message", "error"),
    [
        (400, "USER_NOT_FOUND", NotFound),
        (400, "INVALID_EMAIL", IdentityUnavailable),
        (403, "PERMISSION_DENIED", IdentityUnavailable),
    ],
)
def test_error_that_lasts_is_not_repeated(
    toolkit: IdentityToolkit,
    accounts: FirebaseAccounts,
    status: int,
    message: str,
    error: type[Exception],
) -> None:
    toolkit.status, toolkit.message, toolkit.refused[UPDATE] = status, message, 5

    with pytest.raises(error):
        accounts.end_sessions(UID)
    assert toolkit.calls == [UPDATE]


def test_registration_is_not_repeated(toolkit: IdentityToolkit, accounts: FirebaseAccounts) -> None:
    """A repetition after a lost response would report the address as taken."""
    toolkit.refused[CREATE] = 1

    with pytest.raises(IdentityUnavailable):
        accounts.register(EMAIL, "Una")
    assert toolkit.calls == [CREATE]
