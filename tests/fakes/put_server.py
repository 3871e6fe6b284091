"""A server on a real port that takes files by PUT, with the faults that a test needs."""

from __future__ import annotations

import contextlib
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass(frozen=True)
class PutReply:
    """How one request is answered.

    Attributes:
        status: Of the response.
        headers: Sent in addition.
        max_read_bytes: The response is sent after so many bytes of the body, and the connection is
            closed; None for the whole body.
        closes: Close the connection without a response.
        endless: Send a body that does not end.
    """

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    max_read_bytes: int | None = None
    closes: bool = False
    endless: bool = False


@dataclass
class PutServer:
    """`replies` are those to the next requests; the last one repeats. `requests` has the path, the
    headers and the body of every request whose body was read to its end."""

    replies: list[PutReply]
    url: str = ""
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    count: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next_reply(self) -> PutReply:
        with self.lock:
            self.count += 1
            return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


@contextlib.contextmanager
def running_put_server(
    *replies: PutReply, address: str = "127.0.0.1", certificate: Path | None = None
) -> Iterator[PutServer]:
    """A server on a free port while the block runs."""
    puts = PutServer(list(replies) or [PutReply()])

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_PUT(self) -> None:
            reply = puts.next_reply()
            self.close_connection = True
            size = int(self.headers["Content-Length"])
            wanted = size if reply.max_read_bytes is None else min(size, reply.max_read_bytes)
            body = self.rfile.read(wanted)
            if len(body) == size:
                headers = {name.lower(): value for name, value in self.headers.items()}
                puts.requests.append((self.path, headers, body))
            if reply.closes:
                return
            with contextlib.suppress(OSError):
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                if not reply.endless:
                    self.send_header("Content-Length", "0")
                self.end_headers()
                while reply.endless:
                    self.wfile.write(b"x" * 65536)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer((address, 0), Handler)
    server.daemon_threads = True
    scheme = "http"
    if certificate is not None:
        scheme = "https"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    puts.url = f"{scheme}://{address}:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield puts
    finally:
        server.shutdown()
        server.server_close()
