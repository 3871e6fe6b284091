"""Outgoing requests: to the checked address, for a limited time, without redirects."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from infra.local.suite.handle import WAIT_TIMEOUT_S
from shared.adapters import outbound_http
from shared.adapters.outbound_http import PinnedOutboundHttp
from shared.net.address_policy import AddressPolicy
from shared.ports.outbound import OutboundResponse
from tests.fakes.webhook_receiver import running_receiver

NAME = "hooks.example.org"
LOCAL_CLIENT = PinnedOutboundHttp(allow_private=True)


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
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


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


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(status: int) -> None:
    with (
        running_receiver(200) as other_receiver,
        running_receiver((status, {"Location": other_receiver.url})) as receiver,
    ):
        response = LOCAL_CLIENT.post(receiver.url, {}, b"")

    assert response.status == status
    assert other_receiver.requests == []


def test_stalled_server_times_out() -> None:
    released = threading.Event()

    def stall(_: BaseHTTPRequestHandler) -> None:
        released.wait(WAIT_TIMEOUT_S)

    with running_receiver(write_raw=stall) as receiver:
        response = PinnedOutboundHttp(allow_private=True, timeout_s=0.5).post(receiver.url, {}, b"")
        released.set()

    assert response == OutboundResponse(None, "timeout")


def test_slow_server_times_out() -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        for _ in range(100):
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Drip: "[:1])
            handler.wfile.flush()
            time.sleep(0.05)

    with running_receiver(write_raw=drip) as receiver:
        response = PinnedOutboundHttp(allow_private=True, timeout_s=0.5).post(receiver.url, {}, b"")

    assert response == OutboundResponse(None, "timeout")


def test_server_that_never_answers_a_tls_handshake_times_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"https://127.0.0.1:{server.getsockname()[1]}/"
        response = PinnedOutboundHttp(allow_private=True, timeout_s=0.5).post(url, {}, b"")

    assert response == OutboundResponse(None, "timeout")


def test_endless_response_is_read_up_to_the_limit() -> None:
    block_sizes = []

    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(2000):
            handler.wfile.write(b"x" * 65536)
            block_sizes.append(65536)

    with running_receiver(write_raw=endless) as receiver:
        response = LOCAL_CLIENT.post(receiver.url, {}, b"")

    assert response.status == 200
    assert sum(block_sizes) < 32 << 20


@pytest.mark.parametrize(
    ("content", "error_code"),
    [
        (b"", "no-http"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "no-http"),
        (b"HTTP/1.1 xyz\r\n\r\n", "no-http"),
        (b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 500 + b"\r\n", "no-http"),
        (b"HTTP/1.1 200 OK\r\nX-A: " + b"b" * 100_000 + b"\r\n\r\n", "no-http"),
        (b"HTTP/1.1 200 OK\r\n" + (b"X-A: " + b"b" * 57_000 + b"\r\n") * 5 + b"\r\n", "no-http"),
    ],
)
def test_invalid_http_is_an_error_code(content: bytes, error_code: str) -> None:
    with running_receiver(write_raw=lambda handler: _write(handler, content)) as receiver:
        response = LOCAL_CLIENT.post(receiver.url, {}, b"")

    assert response.status is None
    assert response.error_code in (error_code, "connection-lost")


def _write(handler: BaseHTTPRequestHandler, content: bytes) -> None:
    handler.wfile.write(content)


def test_unreachable_servers_have_error_codes() -> None:
    with running_receiver(200) as receiver:
        url = receiver.url

    assert LOCAL_CLIENT.post(url, {}, b"").error_code == "connection-refused"
    assert (
        LOCAL_CLIENT.post("https://no-such-name.invalid/", {}, b"").error_code == "name-not-found"
    )
    assert LOCAL_CLIENT.post("gopher://x", {}, b"").error_code == "unfit-url"


@pytest.mark.parametrize(
    ("retry_after", "min_s", "max_s"),
    [("120", 120, 120), (timedelta(hours=1), 3500, 3601), (timedelta(hours=-1), 0, 0)],
    ids=str,
)
def test_retry_after_is_parsed(retry_after: str | timedelta, min_s: float, max_s: float) -> None:
    header = (
        retry_after
        if isinstance(retry_after, str)
        else format_datetime(datetime.now(UTC) + retry_after, usegmt=True)
    )
    with running_receiver((503, {"Retry-After": header})) as receiver:
        response = LOCAL_CLIENT.post(receiver.url, {}, b"")

    assert response.retry_after_s is not None
    assert min_s <= response.retry_after_s <= max_s


@pytest.mark.parametrize("header", ["soon", "-5", "1e9", "12345678901", "", "²"])
def test_invalid_retry_after_is_ignored(header: str) -> None:
    assert outbound_http._retry_after(header) is None
