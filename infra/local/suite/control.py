"""The control server of the runner: status, stop and restarts over HTTP.

Callers need the token in the state file, which only the current user can read. A web page that
guesses the port gets 401.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from infra.local.suite.layout import HOST

Handler = Callable[[str, str, dict[str, Any]], tuple[int, dict[str, Any]]]
"""Takes method, path and body. Returns status and response body. Runs in the runner's event
loop."""


class ControlServer:
    """Serves `handler` on a port until closed."""

    def __init__(self, port: int, handler: Handler) -> None:
        self.token = secrets.token_urlsafe(24)
        loop = asyncio.get_running_loop()
        token = self.token

        class RequestHandler(BaseHTTPRequestHandler):
            def respond(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length) or b"{}")
                authorization = self.headers.get("Authorization", "")
                if not secrets.compare_digest(authorization, f"Bearer {token}"):
                    self.send({"error": "wrong token"}, 401)
                    return

                async def call_handler() -> tuple[int, dict[str, Any]]:
                    return handler(self.command, self.path, body)

                status, payload = asyncio.run_coroutine_threadsafe(call_handler(), loop).result(10)
                self.send(payload, status)

            do_GET = do_POST = respond  # noqa: N815 - names required by http.server

            def send(self, payload: dict[str, Any], status: int) -> None:
                data = json.dumps(payload).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: Any) -> None:
                """Writes no log: requests do not belong in the runner's output."""

        self._server = ThreadingHTTPServer((HOST, port), RequestHandler)
        self._server.daemon_threads = True
        Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """Stops the server."""
        self._server.shutdown()
        self._server.server_close()
