"""How the errors of a password reset by the Identity Toolkit are reported."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from shared.adapters.firebase.accounts import FirebaseAccounts
from shared.ports.identity import (
    CodeExpired,
    IdentityUnavailable,
    InvalidCode,
    PasswordRefused,
)


class IdentityToolkit(HTTPServer):
    """Answers every request with the same error, in the form that Google documents."""

    message = ""
    requests: list[tuple[str, Any]]

    class Handler(BaseHTTPRequestHandler):
        server: IdentityToolkit

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.server.requests.append((self.path, json.loads(body)))
            answer = json.dumps({"error": {"code": 400, "message": self.server.message}}).encode()
            self.send_response(400)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            """Prints nothing."""


@pytest.fixture
def toolkit() -> Iterator[IdentityToolkit]:
    server = IdentityToolkit(("127.0.0.1", 0), IdentityToolkit.Handler)
    server.requests = []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ("INVALID_OOB_CODE", InvalidCode),
        ("EXPIRED_OOB_CODE", CodeExpired),
        ("USER_DISABLED", InvalidCode),
        ("USER_NOT_FOUND", InvalidCode),
        ("EMAIL_NOT_FOUND", InvalidCode),
        ("WEAK_PASSWORD : Password should be at least 6 characters", PasswordRefused),
        ("PASSWORD_DOES_NOT_MEET_REQUIREMENTS : Missing requirements", PasswordRefused),
        ("QUOTA_EXCEEDED : Exceeded quota", IdentityUnavailable),
        ("", IdentityUnavailable),
    ],
)
def test_errors_of_a_password_reset(
    toolkit: IdentityToolkit, message: str, error: type[Exception]
) -> None:
    toolkit.message = message
    url = f"http://127.0.0.1:{toolkit.server_port}/v1"
    accounts = FirebaseAccounts(None, "web-key", url, url)

    with pytest.raises(error) as raised:
        accounts.use_password_code("the-code", "correct horse battery")

    assert type(raised.value) is error
    [(path, body)] = toolkit.requests
    assert path == "/v1/accounts:resetPassword?key=web-key"
    assert body == {"oobCode": "the-code", "newPassword": "correct horse battery"}
