"""The base of the fake cameras. A test can set faults while they play. They listen on 127.0.0.1
only."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from tests.fakes.cameras.encoded_frames import RTP_CLOCK_HZ, EncodedFrame


class FakeCamera:
    """The base of both cameras. The stream begins when the camera is created. With `loops` it
    repeats; otherwise the camera ends it after the last frame."""

    scheme: str

    def __init__(self, frames: list[EncodedFrame], *, loops: bool = False) -> None:
        self._frames = frames
        self._loops = loops
        self._duration_s = frames[-1].time_s + (frames[1].time_s - frames[0].time_s)
        self.started_at = time.monotonic()
        self.client_count = 0
        self.requests: list[str] = []
        self.stalled = False
        self.starts_at_keyframe = False
        """Begins the stream again with each client."""
        self.silent = False
        """Accepts connections and sends nothing."""
        self.redirect = ""
        self.password = ""
        """The password of the user `guest`; "" for a camera without one."""
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with outer._lock:
                    outer._connections.add(self.request)
                    outer.client_count += 1
                try:
                    with suppress(OSError, ValueError, IndexError):
                        outer.serve(self.request)
                finally:
                    with outer._lock:
                        outer._connections.discard(self.request)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                """Ignore clients that disconnect."""

        def make_server(port: int) -> socketserver.ThreadingTCPServer:
            return Server(("127.0.0.1", port), Handler)

        self._make_server = make_server
        self._server: socketserver.ThreadingTCPServer | None = None
        self.port = 0
        self.start()

    @property
    def url(self) -> str:
        """The URL, without a password."""
        return f"{self.scheme}://127.0.0.1:{self.port}/live"

    @property
    def connection_count(self) -> int:
        """The number of open connections."""
        with self._lock:
            return len(self._connections)

    def start(self) -> None:
        """Listen, on the earlier port after a stop."""
        self._server = self._make_server(self.port)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """Stop listening and cut every connection."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        self.drop_connections()

    def drop_connections(self) -> None:
        """Cut every connection."""
        with self._lock:
            for connection in self._connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    @property
    def position_s(self) -> float:
        """Seconds since the stream began."""
        return time.monotonic() - self.started_at

    def play(self) -> Iterator[EncodedFrame]:
        """Frames from now on, each yielded when it is due."""
        start_s, number = self.position_s, 0
        if self.starts_at_keyframe:
            self.started_at, start_s = time.monotonic(), 0.0
        cycle = int(start_s // self._duration_s) if self._loops else 0
        while True:
            if number == len(self._frames):
                if not self._loops:
                    return
                cycle, number = cycle + 1, 0
            frame = self._frames[number]
            number += 1
            due = frame.time_s + cycle * self._duration_s
            if due < start_s:
                continue
            while (wait := due - self.position_s) > 0 or self.stalled:
                time.sleep(min(0.05, max(0.002, wait)))
            yield EncodedFrame(
                due,
                frame.pts + round(cycle * self._duration_s * RTP_CLOCK_HZ),
                frame.is_keyframe,
                frame.data,
            )

    def serve(self, connection: socket.socket) -> None:
        """Serve one client until it disconnects."""
        raise NotImplementedError

    def wait_for_close(self, connection: socket.socket) -> None:
        """Send nothing until the client closes the connection."""
        connection.settimeout(60)
        while connection.recv(4096):
            pass


@contextmanager
def running_camera(camera: FakeCamera) -> Iterator[FakeCamera]:
    """The camera, stopped after the block."""
    try:
        yield camera
    finally:
        camera.stop()


def read_head(connection: socket.socket) -> str:
    """Reads a request up to its empty line. Messages behind it stay in the socket: a client may
    send the next one before the first is answered."""
    connection.settimeout(60)
    data = b""
    while not data.endswith(b"\r\n\r\n"):
        seen = connection.recv(4096, socket.MSG_PEEK)
        if not seen:
            raise ConnectionError
        head, end, _ = (data + seen).partition(b"\r\n\r\n")
        data += connection.recv(len(head + end) - len(data))
    return data.decode("latin-1")


def respond(connection: socket.socket, head: str, body: bytes = b"") -> None:
    """Sends a response."""
    connection.sendall(f"{head}\r\n\r\n".encode() + body)
