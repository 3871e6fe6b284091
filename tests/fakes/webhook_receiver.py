"""A webhook receiver on a real port. It keeps its requests and sends the responses of a test."""

from __future__ import annotations

import contextlib
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass(frozen=True)
class ReceivedRequest:
    """One request as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class WebhookReceiver:
    """`responses` are the responses to the next requests; the last one repeats. A response is a
    status, a pair of a status and headers, or a float: the seconds to stall before a 204."""

    responses: list[int | tuple[int, dict[str, str]] | float] = field(default_factory=lambda: [204])
    requests: list[ReceivedRequest] = field(default_factory=list)
    url: str = ""
    response_body: bytes = b""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next_response(self) -> int | tuple[int, dict[str, str]] | float:
        with self.lock:
            return self.responses.pop(0) if len(self.responses) > 1 else self.responses[0]

    @property
    def event_ids(self) -> list[str]:
        """The event ids of the requests, in order."""
        return [request.headers["webhook-id"] for request in self.requests]


@contextlib.contextmanager
def running_receiver(
    *responses: int | tuple[int, dict[str, str]] | float,
    certificate: Path | None = None,
    write_raw: Callable[[BaseHTTPRequestHandler], None] | None = None,
) -> Iterator[WebhookReceiver]:
    """A receiver on a free port of 127.0.0.1 while the block runs. `write_raw` writes to the
    connection instead of a response."""
    receiver = WebhookReceiver(list(responses) or [204])

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.requests.append(ReceivedRequest(self.path, headers, body))
            if write_raw is not None:
                with contextlib.suppress(OSError):
                    write_raw(self)
                self.close_connection = True
                return
            response = receiver.next_response()
            if isinstance(response, float):
                time.sleep(response)
                response = 204
            status, extra_headers = response if isinstance(response, tuple) else (response, {})
            with contextlib.suppress(OSError):
                self.send_response(status)
                for name, value in extra_headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(receiver.response_body)))
                self.end_headers()
                self.wfile.write(receiver.response_body)

        def do_GET(self) -> None:
            self.do_POST()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    scheme = "http"
    if certificate is not None:
        scheme = "https"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    receiver.url = f"{scheme}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
