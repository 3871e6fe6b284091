"""A fake camera that sends MJPEG over HTTP."""

from __future__ import annotations

import base64
import socket

from tests.fakes.cameras.camera import FakeCamera, read_head, respond
from tests.fakes.cameras.encoded_frames import EncodedFrame


class HttpCamera(FakeCamera):
    """multipart/x-mixed-replace. With `has_part_length` each part states its length. With
    `is_chunked` the response is chunked, as many servers in front of cameras send it. `boundary` is
    what the header of the response announces."""

    scheme = "http"

    def __init__(
        self,
        frames: list[EncodedFrame],
        *,
        loops: bool = False,
        has_part_length: bool = True,
        is_chunked: bool = False,
        boundary: str = "frame",
        has_first_delimiter: bool = True,
    ) -> None:
        self.has_part_length, self.is_chunked = has_part_length, is_chunked
        self.boundary, self.has_first_delimiter = boundary, has_first_delimiter
        super().__init__(frames, loops=loops)

    def serve(self, connection: socket.socket) -> None:
        if self.silent:
            self.wait_for_close(connection)
            return
        request = read_head(connection)
        self.requests.append(request)
        if self.redirect:
            respond(connection, f"HTTP/1.1 302 Found\r\nLocation: {self.redirect}")
            return
        basic = base64.b64encode(f"guest:{self.password}".encode()).decode()
        if self.password and f"Authorization: Basic {basic}" not in request:
            respond(connection, 'HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm="door"')
            return
        encoding = "\r\nTransfer-Encoding: chunked" if self.is_chunked else ""
        respond(
            connection,
            "HTTP/1.1 200 OK\r\n"
            f"Content-Type: multipart/x-mixed-replace; boundary={self.boundary}{encoding}",
        )
        for number, frame in enumerate(self.play()):
            size = f"Content-Length: {len(frame.data)}\r\n" if self.has_part_length else ""
            delimiter = "--frame\r\n" if number or self.has_first_delimiter else ""
            head = f"{delimiter}Content-Type: image/jpeg\r\n{size}\r\n".encode()
            self._send(connection, head + frame.data + b"\r\n")

    def _send(self, connection: socket.socket, data: bytes) -> None:
        if self.is_chunked:
            data = f"{len(data):x}\r\n".encode() + data + b"\r\n"
        connection.sendall(data)
