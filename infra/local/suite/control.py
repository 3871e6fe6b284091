"""The runner's own door: status, stop and restarts over HTTP, for whoever can read the state file.

The token lies in the state file (readable by us alone): a web page that guesses the port gets 401.
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
"""(method, path, body) → (status, answer); runs in the event loop of the runner."""


class ControlServer:
    """Serves `handle` on a port until closed."""

    def __init__(self, port: int, handler: Handler) -> None:
        self.token = secrets.token_urlsafe(24)
        loop = asyncio.get_running_loop()
        token = self.token

        class Door(BaseHTTPRequestHandler):
            def answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length) or b"{}")
                given = self.headers.get("Authorization", "")
                if not secrets.compare_digest(given, f"Bearer {token}"):
                    self.send({"error": "wrong token"}, 401)
                    return

                async def ask() -> tuple[int, dict[str, Any]]:
                    return handler(self.command, self.path, body)

                status, told = asyncio.run_coroutine_threadsafe(ask(), loop).result(10)
                self.send(told, status)

            do_GET = do_POST = answer  # noqa: N815 - the names that http.server looks for

            def send(self, told: dict[str, Any], status: int) -> None:
                data = json.dumps(told).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: Any) -> None:
                """Nothing: the person sees what the runner says."""

        self._server = ThreadingHTTPServer((HOST, port), Door)
        self._server.daemon_threads = True
        Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()
