"""TCP, TLS and HTTP connections to hosts that users name, with limits of time and bytes.

A name is resolved once, the policy judges every address, and the connection goes to a judged
address. TLS checks the certificate against the name. Nothing here follows a redirect, opens a
second connection or uses a proxy.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import select
import socket
import ssl
import time
from collections.abc import Callable
from typing import Any

from shared.net.address_policy import AddressPolicy

CONNECT_TIMEOUT_S = 5.0
Resolve = Callable[..., list[Any]]


class NameNotFound(Exception):
    """The name has no address."""


class AddressRefused(Exception):
    """The name has an address that the policy does not allow."""


class ReceiveLimitExceeded(OSError):
    """The server sent more bytes than allowed."""


class PinnedSocket:
    """A connected socket that limits how long and how much it receives.

    Attributes:
        deadline: Time of `time.monotonic` after which sending and receiving raise TimeoutError,
            however slowly the server sends; None for no deadline.
        is_at_end: Whether the server has ended the connection.
    """

    def __init__(
        self, connection: socket.socket, *, idle_timeout_s: float, deadline: float | None = None
    ) -> None:
        self.deadline = deadline
        self.is_at_end = False
        self._socket = connection
        self._idle_timeout_s = idle_timeout_s
        self._remaining_bytes: int | None = None
        self._received_at = time.monotonic()

    def limit_bytes(self, max_bytes: int | None) -> None:
        """Allow `max_bytes` more bytes to be received; None for any number."""
        self._remaining_bytes = max_bytes

    def send(self, data: bytes) -> None:
        """Sends all of `data`. Raises OSError."""
        # Not `sendall`: over TLS its timeout starts again with every record.
        rest = memoryview(data)
        while rest:
            self._socket.settimeout(_remaining_s(self._idle_timeout_s, self.deadline))
            rest = rest[self._socket.send(rest) :]

    def receive(self, max_bytes: int) -> bytes:
        """Returns the next 1 to `max_bytes` bytes, b"" at the end. Raises OSError."""
        if self._remaining_bytes is not None:
            if self._remaining_bytes <= 0:
                raise ReceiveLimitExceeded
            max_bytes = min(max_bytes, self._remaining_bytes)
        self._socket.settimeout(_remaining_s(self._idle_timeout_s, self.deadline))
        data = self._socket.recv(max_bytes)
        self._received_at = time.monotonic()
        if self._remaining_bytes is not None:
            self._remaining_bytes -= len(data)
        self.is_at_end = not data
        return data

    def wait_readable(self, timeout_s: float) -> bool:
        """Waits until `receive` would return at once, for at most `timeout_s`. Returns whether it
        would. Only for connections without TLS. Raises OSError, TimeoutError when nothing has
        arrived for the idle timeout."""
        idle_s = self._received_at + self._idle_timeout_s - time.monotonic()
        limit_s = max(0.0, min(_remaining_s(timeout_s, self.deadline), idle_s))
        if self._socket.fileno() < 0:
            raise OSError("The connection is closed.")
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        if poll.poll(limit_s * 1000):
            return True
        if limit_s >= idle_s:
            raise TimeoutError
        return False

    def close(self) -> None:
        """Shut the connection down and release it. A `receive` in another thread ends."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


class PinnedHttpConnection(http.client.HTTPConnection):
    """HTTP/1.1 over a `PinnedSocket`, which stays the caller's to close.

    The request needs a Host header with the port only where it is not the scheme's default.
    """

    auto_open = 0
    """Without it, http.client would connect again, to the name instead of the judged address."""

    def __init__(self, host: str, port: int, pinned: PinnedSocket) -> None:
        super().__init__(host, port)
        adapter: Any = _HttpSocket(pinned)
        self.sock = adapter

    def connect(self) -> None:
        raise http.client.NotConnected


def connect(
    host: str,
    port: int,
    policy: AddressPolicy,
    *,
    tls: ssl.SSLContext | None,
    idle_timeout_s: float,
    deadline: float | None = None,
    resolve: Resolve = socket.getaddrinfo,
) -> PinnedSocket:
    """Returns a connection to the first address of `host`.

    Args:
        host: An ASCII name or an IP address; TLS checks the certificate against it.
        policy: Must allow every address of `host`.
        tls: The context for TLS, None for plain TCP.
        idle_timeout_s: Limit for each operation on the connection.
        deadline: Time of `time.monotonic` at which all operations end. `resolve` has its own limit.
        resolve: Called like `socket.getaddrinfo`.

    Raises:
        NameNotFound, AddressRefused, OSError.
    """
    try:
        addresses = resolve(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NameNotFound from error
    if not addresses:
        raise NameNotFound
    if not all(policy.allows(str(row[4][0])) for row in addresses):
        raise AddressRefused
    family, *_, address = addresses[0]
    raw = socket.socket(family, socket.SOCK_STREAM)
    try:
        raw.settimeout(_remaining_s(min(CONNECT_TIMEOUT_S, idle_timeout_s), deadline))
        raw.connect(address)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls is not None:
            raw.settimeout(_remaining_s(idle_timeout_s, deadline))
            raw = tls.wrap_socket(raw, server_hostname=host)
    except BaseException:
        raw.close()
        raise
    return PinnedSocket(raw, idle_timeout_s=idle_timeout_s, deadline=deadline)


def _remaining_s(timeout_s: float, deadline: float | None) -> float:
    """Returns the timeout of one operation. Raises TimeoutError after the deadline."""
    if deadline is None:
        return timeout_s
    remaining_s = min(timeout_s, deadline - time.monotonic())
    if remaining_s <= 0:
        raise TimeoutError
    return remaining_s


class _HttpSocket:
    """The methods of a socket that http.client uses."""

    def __init__(self, pinned: PinnedSocket) -> None:
        self._pinned = pinned

    def sendall(self, data: bytes) -> None:
        self._pinned.send(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_SocketReader(self._pinned))

    def close(self) -> None:
        """Does nothing: http.client closes a socket before the body of its response is read."""


class _SocketReader(io.RawIOBase):
    def __init__(self, pinned: PinnedSocket) -> None:
        self._pinned = pinned

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._pinned.receive(len(buffer))
        buffer[: len(data)] = data
        return len(data)
