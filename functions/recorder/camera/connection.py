"""A connection to a camera: to an address that was judged, for a limited time, in small pieces."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from functions.recorder.errors import (
    CameraAddressRefused,
    CameraDisconnected,
    CameraNameNotFound,
    CameraTimeout,
    CertificateRefused,
    NotACamera,
    StreamRefused,
)
from shared.cameras.source import Source, is_allowed_address

CONNECT_TIMEOUT_S = 5.0
OPEN_TIMEOUT_S = 30.0
"""From the connection to the first picture or packet, however slowly a server speaks."""
_PIECE_BYTES = 256 << 10
MAX_LINE_BYTES = 8 << 10

Resolve = Callable[..., list[Any]]


class CameraConnection:
    """Bytes to and from a camera. Its own faults are those of `errors`."""

    def __init__(self, connection: socket.socket, stall_s: float) -> None:
        self._socket = connection
        self._socket.settimeout(stall_s)
        self._buffer = bytearray()
        self.received_bytes = 0
        self._opens_by: float | None = time.monotonic() + OPEN_TIMEOUT_S

    def mark_open(self) -> None:
        """It was understood: from now on it may go on for as long as something comes."""
        self._opens_by = None

    def send(self, data: bytes) -> None:
        """Send all of it."""
        with translate_errors():
            self._socket.sendall(data)

    def read_exactly(self, size: int) -> bytes:
        """Exactly so many bytes."""
        while len(self._buffer) < size:
            self._more()
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    def peek_byte(self) -> int:
        """The next byte, which stays."""
        if not self._buffer:
            self._more()
        return self._buffer[0]

    def read_line(self) -> bytes:
        """Up to the next line feed, without it and what may stand before it."""
        return self.read_until(b"\n", MAX_LINE_BYTES).rstrip(b"\r\n")

    def read_until(self, delimiter: bytes, max_bytes: int) -> bytes:
        """What comes before `mark`, which is taken as well. Raises StreamRefused for more than
        `most` bytes."""
        seen = 0
        while (at := self._buffer.find(delimiter, max(0, seen - len(delimiter)))) < 0:
            seen = len(self._buffer)
            if seen > max_bytes:
                raise StreamRefused
            self._more()
        if at > max_bytes:
            raise StreamRefused
        return self.read_exactly(at + len(delimiter))[:at]

    def unread(self, data: bytes) -> None:
        """Put bytes before all that was not taken yet."""
        self._buffer[:0] = data

    def close(self) -> None:
        """Cut it, whatever another thread waits for, and release it."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _more(self) -> None:
        if self._opens_by is not None and time.monotonic() > self._opens_by:
            raise CameraTimeout
        with translate_errors():
            data = self._socket.recv(_PIECE_BYTES)
        if not data:
            raise CameraDisconnected
        self.received_bytes += len(data)
        self._buffer += data


def connect(
    source: Source,
    *,
    networks: Iterable[str],
    stall_s: float,
    resolve: Resolve = socket.getaddrinfo,
    tls_context: ssl.SSLContext | None = None,
) -> CameraConnection:
    """Resolve once, judge every address, connect to one that was judged."""
    try:
        found = resolve(source.host, source.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as fault:
        raise CameraNameNotFound from fault
    if not found:
        raise CameraNameNotFound
    if not all(is_allowed_address(str(row[4][0]), networks) for row in found):
        raise CameraAddressRefused
    raw = socket.socket(found[0][0], socket.SOCK_STREAM)
    try:
        with translate_errors():
            raw.settimeout(min(CONNECT_TIMEOUT_S, stall_s))
            raw.connect(found[0][4])
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if source.scheme == "https":
                tls_context = tls_context or ssl.create_default_context()
                raw = tls_context.wrap_socket(raw, server_hostname=source.host)
    except BaseException:
        raw.close()
        raise
    return CameraConnection(raw, stall_s)


@contextlib.contextmanager
def translate_errors() -> Iterator[None]:
    """Say in our words what a socket says in its own."""
    try:
        yield
    except ssl.SSLCertVerificationError as fault:
        raise CertificateRefused from fault
    except TimeoutError as fault:
        raise CameraTimeout from fault
    except ssl.SSLError as fault:
        raise NotACamera from fault
    except OSError as fault:
        raise CameraDisconnected from fault
