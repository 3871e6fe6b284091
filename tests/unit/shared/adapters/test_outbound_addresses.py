"""Outgoing requests: a name is resolved once, and only a checked address is used."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path
from typing import Any

import pytest

from shared.adapters.outbound_http import PinnedOutboundHttp
from shared.net.address_policy import AddressPolicy
from shared.ports.outbound import OutboundResponse
from tests.fakes.webhook_receiver import running_receiver
from tests.fixtures.tls import write_certificate

NAME = "hooks.example.org"


def make_resolver(*addresses: str, port: int = 443) -> Any:
    """Returns a resolver with these addresses for every name; it records the requested hosts."""

    def resolve(host: str, _port: int, **_: Any) -> list[Any]:
        hosts.append(host)
        return [
            (
                socket.AF_INET6 if ":" in address else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (address, port, 0, 0) if ":" in address else (address, port),
            )
            for address in addresses
        ]

    hosts: list[str] = []
    resolve.hosts = hosts  # type: ignore[attr-defined]
    return resolve


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a self-signed certificate for NAME."""
    return write_certificate(tmp_path_factory.mktemp("tls") / "both.pem", NAME)


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["8.8.8.8", "127.0.0.1"],
        ["8.8.8.8", "::ffff:10.0.0.1"],
        ["169.254.169.254"],
        ["64:ff9b::a9fe:a9fe"],
        ["100.64.0.7"],
    ],
)
def test_name_with_a_private_address_is_refused(
    addresses: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "socket", None)  # no connection may be opened
    client = PinnedOutboundHttp(resolve=make_resolver(*addresses))

    assert client.post(f"https://{NAME}/", {}, b"") == OutboundResponse(None, "private-address")


def test_name_is_resolved_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """DNS rebinding: the first answer is public, the next would be this machine."""
    connected: list[Any] = []

    class RecordingSocket(socket.socket):
        def connect(self, address: Any) -> None:
            connected.append(address)
            raise ConnectionRefusedError

    monkeypatch.setattr(socket, "socket", RecordingSocket)
    resolve = make_resolver("93.184.215.14")
    response = PinnedOutboundHttp(resolve=resolve).post(f"https://{NAME}/", {}, b"")

    assert response == OutboundResponse(None, "connection-refused")
    assert resolve.hosts == [NAME]
    assert connected == [("93.184.215.14", 443)]


def test_checked_address_is_used_with_the_name_of_the_url(certificate: Path) -> None:
    """SNI, the certificate's name and Host are those of the URL; packets go to the address."""
    policy = AddressPolicy(("127.0.0.0/8",))
    ssl_context = ssl.create_default_context(cafile=str(certificate))
    with running_receiver(200, certificate=certificate) as receiver:
        port = int(receiver.url.rsplit(":", 1)[1])
        client = PinnedOutboundHttp(
            policy=policy,
            resolve=make_resolver("127.0.0.1", port=port),
            ssl_context=ssl_context,
        )
        accepted = client.post(f"https://{NAME}/in?x=1", {"webhook-id": "e"}, b"{}")
        other_name = client.post("https://other.example.org/in", {}, b"{}")
        strict = PinnedOutboundHttp(policy=policy, resolve=make_resolver("127.0.0.1", port=port))
        untrusted = strict.post(f"https://{NAME}/in", {}, b"{}")

    assert (accepted.status, other_name.error_code, untrusted.error_code) == (
        200,
        "certificate",
        "certificate",
    )
    [request] = receiver.requests
    assert (request.path, request.headers["host"], request.body) == ("/in?x=1", NAME, b"{}")
