"""Connections to judged addresses, and their limits of time and bytes."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator
from time import monotonic
from typing import Any

import pytest

from shared.net.address_policy import PUBLIC_AND_PRIVATE, AddressPolicy
from shared.net.pinned_connection import (
    AddressRefused,
    NameNotFound,
    PinnedHttpConnection,
    PinnedSocket,
    ReceiveLimitExceeded,
    connect,
)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    yield ours, theirs
    ours.close()
    theirs.close()


def resolve_to(*addresses: str, port: int = 80) -> Any:
    return lambda *_, **__: [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses
    ]


@pytest.mark.parametrize("addresses", [["10.0.0.1"], ["8.8.8.8", "169.254.169.254"]])
def test_name_with_a_refused_address_is_not_connected_to(
    addresses: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "socket", None)
    policy = AddressPolicy(("169.254.0.0/16",))
    with pytest.raises(AddressRefused):
        connect("a.example", 80, policy, tls=None, idle_timeout_s=1, resolve=resolve_to(*addresses))


def test_name_without_an_address_is_not_found() -> None:
    with pytest.raises(NameNotFound):
        connect("a.example", 80, AddressPolicy(), tls=None, idle_timeout_s=1, resolve=resolve_to())


def test_connection_goes_to_the_judged_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        resolve = resolve_to("127.0.0.1", port=server.getsockname()[1])
        pinned = connect(
            "a.example", 80, PUBLIC_AND_PRIVATE, tls=None, idle_timeout_s=60, resolve=resolve
        )
        accepted, _ = server.accept()
        with accepted:
            pinned.send(b"request")
            assert accepted.recv(100) == b"request"
            accepted.sendall(b"response")
            assert pinned.receive(100) == b"response"
        assert pinned.receive(100) == b""
        assert pinned.is_at_end
        pinned.close()


def test_http_connection_never_connects_again(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    connection = PinnedHttpConnection("127.0.0.1", 80, PinnedSocket(ours, idle_timeout_s=60))
    theirs.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nbody")
    theirs.shutdown(socket.SHUT_WR)
    connection.request("GET", "/")
    assert connection.getresponse().read() == b"body"
    with pytest.raises(http.client.NotConnected):
        connection.request("GET", "/")
    with pytest.raises(http.client.NotConnected):
        connection.connect()


def test_more_bytes_than_the_limit_are_refused(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    pinned = PinnedSocket(ours, idle_timeout_s=60)
    theirs.sendall(b"x" * 100)
    pinned.limit_bytes(10)
    assert pinned.receive(4) == b"x" * 4
    assert pinned.receive(100) == b"x" * 6
    with pytest.raises(ReceiveLimitExceeded):
        pinned.receive(1)
    pinned.limit_bytes(None)
    assert pinned.receive(100) == b"x" * 90


def test_deadline_ends_sending_to_a_slow_reader(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    stopped = threading.Event()

    def read_slowly() -> None:
        while not stopped.wait(0.02):
            theirs.recv(4096)

    thread = threading.Thread(target=read_slowly)
    thread.start()
    pinned = PinnedSocket(ours, idle_timeout_s=60, deadline=monotonic() + 0.3)
    try:
        with pytest.raises(TimeoutError):
            pinned.send(bytes(64 << 20))
    finally:
        stopped.set()
        thread.join()
    with pytest.raises(TimeoutError):
        pinned.receive(1)
