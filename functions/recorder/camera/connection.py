"""Connections to cameras: to allowed addresses, with buffered reading within limits."""

from __future__ import annotations

import contextlib
import ssl
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator

from functions.recorder.errors import (
    CameraAddressRefused,
    CameraDisconnected,
    CameraNameNotFound,
    CameraTimeout,
    CertificateRefused,
    NotACamera,
    StreamRefused,
)
from shared.cameras.source import Source
from shared.net import pinned_connection
from shared.net.address_policy import AddressPolicy
from shared.net.pinned_connection import PinnedSocket, ReceiveLimitExceeded

OPEN_TIMEOUT_S = 30.0
"""From the connection to the first picture or packet, also for a server that sends slowly."""
RECEIVE_BYTES = 256 << 10
MAX_LINE_BYTES = 8 << 10
MAX_HEADERS = 64

Connect = Callable[[], PinnedSocket]


class BufferedStream(ABC):
    """Bytes from a camera. Raises only the errors of `errors`."""

    def __init__(self, pinned: PinnedSocket) -> None:
        self._pinned = pinned
        self._buffer = bytearray()

    def mark_open(self) -> None:
        """Ends the opening phase: from now on only the stall timeout applies."""
        self._pinned.deadline = None

    def read_exactly(self, size: int) -> bytes:
        """Returns the next `size` bytes."""
        while len(self._buffer) < size:
            self._buffer += self._receive()
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    def peek(self, size: int) -> bytes:
        """Returns the next `size` bytes without consuming them."""
        while len(self._buffer) < size:
            self._buffer += self._receive()
        return bytes(self._buffer[:size])

    def read_to(self, find_end: Callable[[bytearray], int | None], max_bytes: int) -> bytes:
        """Returns the bytes before the offset that `find_end` returns for the bytes that have
        arrived. While it returns None, more are received. Raises StreamRefused for more than
        `max_bytes`."""
        while (end := find_end(self._buffer)) is None:
            if len(self._buffer) > max_bytes:
                raise StreamRefused
            self._buffer += self._receive()
        if end > max_bytes:
            raise StreamRefused
        return self.read_exactly(end)

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
            self._buffer += self._receive()
        if end > max_bytes:
            raise StreamRefused
        return self.read_exactly(end + len(delimiter))[:end]

    def read_headers(self) -> dict[str, str]:
        """Returns headers by name in lower case; the values of a repeated header are joined by line
        feeds. Raises StreamRefused for more than MAX_HEADERS."""
        headers: dict[str, str] = {}
        for _ in range(MAX_HEADERS):
            line = self.read_line()
            if not line:
                return headers
            name, _, value = line.decode("latin-1").partition(":")
            name, value = name.strip().lower(), value.strip()
            headers[name] = f"{headers[name]}\n{value}" if name in headers else value
        raise StreamRefused("The camera's stream has headers without end.")

    def close(self) -> None:
        """Closes the connection. A read in another thread ends."""
        self._pinned.close()

    @abstractmethod
    def _receive(self) -> bytes:
        """Returns at least one byte."""


class CameraConnection(BufferedStream):
    """The bytes of the connection itself, in both directions."""

    def send(self, data: bytes) -> None:
        """Sends all of `data`."""
        with translate_errors():
            self._pinned.send(data)

    def wait_readable(self, timeout_s: float) -> bool:
        """Waits for data for at most `timeout_s`. Returns whether there is some. Only for
        connections without TLS. Raises CameraTimeout when the camera is silent for too long."""
        if self._buffer or timeout_s <= 0:
            return bool(self._buffer)
        with translate_errors():
            return self._pinned.wait_readable(timeout_s)

    def _receive(self) -> bytes:
        with translate_errors():
            data = self._pinned.receive(RECEIVE_BYTES)
        if not data:
            raise CameraDisconnected
        return data


def connect(source: Source, *, networks: Iterable[str], stall_s: float) -> PinnedSocket:
    """Connects to a public address or one in `networks`.

    Raises CameraNameNotFound, CameraAddressRefused and the errors of `translate_errors`.
    """
    try:
        with translate_errors():
            return pinned_connection.connect(
                source.host,
                source.port,
                AddressPolicy(tuple(networks)),
                tls=ssl.create_default_context() if source.scheme == "https" else None,
                idle_timeout_s=stall_s,
                deadline=time.monotonic() + OPEN_TIMEOUT_S,
            )
    except pinned_connection.NameNotFound as error:
        raise CameraNameNotFound from error
    except pinned_connection.AddressRefused as error:
        raise CameraAddressRefused from error


@contextlib.contextmanager
def translate_errors() -> Iterator[None]:
    """Translates the errors of sockets and TLS into those of `errors`."""
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise CertificateRefused from error
    except TimeoutError as error:
        raise CameraTimeout from error
    except ssl.SSLError as error:
        raise NotACamera from error
    except ReceiveLimitExceeded as error:
        raise StreamRefused from error
    except OSError as error:
        raise CameraDisconnected from error
