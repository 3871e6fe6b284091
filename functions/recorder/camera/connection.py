"""A TCP or TLS connection to a camera: to an allowed address, with timeouts and size limits."""

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
"""From the connection to the first picture or packet, however slowly a server sends."""
_RECEIVE_BYTES = 256 << 10
MAX_LINE_BYTES = 8 << 10

Resolve = Callable[..., list[Any]]


class CameraConnection:
    """Buffered bytes to and from a camera. Raises only the errors of `errors`."""

    def __init__(self, connection: socket.socket, stall_s: float) -> None:
        self._socket = connection
        self._socket.settimeout(stall_s)
        self._buffer = bytearray()
        self._open_deadline: float | None = time.monotonic() + OPEN_TIMEOUT_S

    def mark_open(self) -> None:
        """End the opening phase: from now on only the stall timeout applies."""
        self._open_deadline = None

    def send(self, data: bytes) -> None:
        """Send all of `data`."""
        with translate_errors():
            self._socket.sendall(data)

    def read_exactly(self, size: int) -> bytes:
        """Returns the next `size` bytes."""
        while len(self._buffer) < size:
            self._receive()
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    def peek_byte(self) -> int:
        """Returns the next byte without consuming it."""
        if not self._buffer:
            self._receive()
        return self._buffer[0]

    def read_line(self) -> bytes:
        """Returns the next line without its line ending. Raises StreamRefused for more than
        MAX_LINE_BYTES."""
        return self.read_until(b"\n", MAX_LINE_BYTES).rstrip(b"\r\n")

    def read_until(self, delimiter: bytes, max_bytes: int) -> bytes:
        """Returns the bytes before `delimiter`, and consumes it. Raises StreamRefused for more than
        `max_bytes`."""
        searched = 0
        while (end := self._buffer.find(delimiter, max(0, searched - len(delimiter)))) < 0:
            searched = len(self._buffer)
            if searched > max_bytes:
                raise StreamRefused
            self._receive()
        if end > max_bytes:
            raise StreamRefused
        return self.read_exactly(end + len(delimiter))[:end]

    def close(self) -> None:
        """Shut the connection down and release it. A read in another thread ends."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _receive(self) -> None:
        if self._open_deadline is not None and time.monotonic() > self._open_deadline:
            raise CameraTimeout
        with translate_errors():
            data = self._socket.recv(_RECEIVE_BYTES)
        if not data:
            raise CameraDisconnected
        self._buffer += data


def connect(
    source: Source,
    *,
    networks: Iterable[str],
    stall_s: float,
    resolve: Resolve = socket.getaddrinfo,
    tls_context: ssl.SSLContext | None = None,
) -> CameraConnection:
    """Resolve the name once, check every address, and connect to the first one.

    Raises CameraNameNotFound, CameraAddressRefused and the errors of `translate_errors`.
    """
    try:
        addresses = resolve(source.host, source.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise CameraNameNotFound from error
    if not addresses:
        raise CameraNameNotFound
    if not all(is_allowed_address(str(row[4][0]), networks) for row in addresses):
        raise CameraAddressRefused
    family, *_, address = addresses[0]
    raw = socket.socket(family, socket.SOCK_STREAM)
    try:
        with translate_errors():
            raw.settimeout(min(CONNECT_TIMEOUT_S, stall_s))
            raw.connect(address)
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
    """Translate the errors of sockets and TLS into those of `errors`."""
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise CertificateRefused from error
    except TimeoutError as error:
        raise CameraTimeout from error
    except ssl.SSLError as error:
        raise NotACamera from error
    except OSError as error:
        raise CameraDisconnected from error
