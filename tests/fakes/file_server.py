"""A server of one generated file on a real port, with ranges and the faults that a test needs."""

from __future__ import annotations

import contextlib
import re
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

BLOCK_BYTES = 1 << 20
PATTERN_BYTES = 4096


@dataclass(frozen=True)
class Reply:
    """How one request is answered.

    Attributes:
        status: A status other than 200 sends no file.
        headers: Sent in addition. An empty value leaves a header out.
        body_bytes: The body ends after so many bytes, whatever the headers promise.
        chunked: Send no length, but chunks; the last one only after the whole body.
        endless: Repeat the body until the client closes the connection.
        version: The file is another one for every version.
        ignores_ranges: Answer a range with the whole file.
        ignores_if_range: Answer a range of another version.
    """

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body_bytes: int | None = None
    chunked: bool = False
    endless: bool = False
    version: int = 0
    ignores_ranges: bool = False
    ignores_if_range: bool = False


def read_content(version: int, start: int, end: int) -> bytes:
    """Returns a part of the endless file of a version. Every 4 KiB differ from all others."""
    blocks = range(start // PATTERN_BYTES, -(-end // PATTERN_BYTES))
    data = b"".join((b"%03d:%011d\n" % (version, number)) * 256 for number in blocks)
    return data[start % PATTERN_BYTES :][: end - start]


@dataclass
class FileServer:
    """`replies` are those to the next requests; the last one repeats. `requests` has the path and
    the headers of every request. `data` is the file instead of a generated one."""

    size: int
    replies: list[Reply]
    data: bytes = b""
    url: str = ""
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next_reply(self) -> Reply:
        with self.lock:
            return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    def content(self, version: int = 0) -> bytes:
        """Returns the whole file of a version."""
        return self.read(version, 0, self.size)

    def read(self, version: int, start: int, end: int) -> bytes:
        """Returns a part of the file of a version."""
        return self.data[start:end] if self.data else read_content(version, start, end)

    @property
    def ranges(self) -> list[str]:
        """The ranges of the requests, "" for a request of the whole file."""
        return [headers.get("range", "") for _, headers in self.requests]


@contextlib.contextmanager
def running_file_server(
    file: int | bytes,
    *replies: Reply,
    address: str = "127.0.0.1",
    certificate: Path | None = None,
) -> Iterator[FileServer]:
    """A server of a file, or of a generated one of this size, on a free port while the block
    runs."""
    data = file if isinstance(file, bytes) else b""
    size = len(file) if isinstance(file, bytes) else file
    files = FileServer(size, list(replies) or [Reply()], data)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            reply = files.next_reply()
            headers = {name.lower(): value for name, value in self.headers.items()}
            files.requests.append((self.path, headers))
            self.close_connection = True
            with contextlib.suppress(OSError):
                _send_reply(self, files, reply, headers)

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
    files.url = f"{scheme}://{address}:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield files
    finally:
        server.shutdown()
        server.server_close()


def _send_reply(
    handler: BaseHTTPRequestHandler, files: FileServer, reply: Reply, request: dict[str, str]
) -> None:
    etag = f'"version-{reply.version}"'
    headers = {"ETag": etag, "Last-Modified": formatdate(0, usegmt=True), **reply.headers}
    status, start = reply.status, 0
    match = re.fullmatch(r"bytes=(\d+)-", request.get("range", ""))
    is_current = request.get("if-range", etag) == etag or reply.ignores_if_range
    if status == 200 and match and is_current and not reply.ignores_ranges:
        status, start = 206, int(match[1])
        if start >= files.size:
            status = 416
        headers.setdefault("Content-Range", f"bytes {start}-{files.size - 1}/{files.size}")
    has_body = status in (200, 206)
    size = files.size - start if has_body else 0
    if reply.chunked:
        headers["Transfer-Encoding"] = "chunked"
    else:
        headers.setdefault("Content-Length", str(size))
    handler.send_response(status)
    for name, value in headers.items():
        if value:
            handler.send_header(name, value)
    handler.end_headers()
    end = start + (size if reply.body_bytes is None else min(size, reply.body_bytes))
    while has_body:
        for offset in range(start, end, BLOCK_BYTES):
            block = files.read(reply.version, offset, min(end, offset + BLOCK_BYTES))
            frame = b"%x\r\n%s\r\n" % (len(block), block) if reply.chunked else block
            handler.wfile.write(frame)
        if not reply.endless:
            break
    if reply.chunked and reply.body_bytes is None and has_body:
        handler.wfile.write(b"0\r\n\r\n")
