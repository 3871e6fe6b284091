"""Calls on the wire: to the address that was judged, for a limited time, following nothing."""

from __future__ import annotations

import ipaddress
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
from shared.ports.outbound import OutboundResponse
from tests.fakes.webhook_receiver import running_receiver

NAME = "hooks.example.org"
HERE = PinnedOutboundHttp(allow_private=True)


def leading_to(*addresses: str, port: int = 443) -> Any:
    """A name server for which every name has these addresses; it counts how often it is asked."""

    def resolve(host: str, wanted: int, **_: Any) -> list[Any]:
        asked.append(host)
        return [
            (
                socket.AF_INET6 if ":" in one else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (one, port, 0, 0) if ":" in one else (one, port),
            )
            for one in addresses
        ]

    asked: list[str] = []
    resolve.asked = asked  # type: ignore[attr-defined]
    return resolve


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate of its own for NAME."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    made = (
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
        + made.public_bytes(serialization.Encoding.PEM)
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
def test_a_name_with_one_inner_address_is_not_connected_to_at_all(
    addresses: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbound_http, "_Pinned", None)  # nobody may get as far as a connection
    caller = PinnedOutboundHttp(resolve=leading_to(*addresses))

    assert caller.post(f"https://{NAME}/", {}, b"") == OutboundResponse(None, "private-address")


def test_a_name_that_leads_elsewhere_the_second_time_is_asked_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Rebinding: the first answer is public, the next would be this machine."""
    connected: list[Any] = []

    class Watched(socket.socket):
        def connect(self, address: Any) -> None:
            connected.append(address)
            raise ConnectionRefusedError

    monkeypatch.setattr(socket, "socket", Watched)
    resolve = leading_to("93.184.215.14")
    answer = PinnedOutboundHttp(resolve=resolve).post(f"https://{NAME}/", {}, b"")

    assert answer == OutboundResponse(None, "connection-refused")
    assert resolve.asked == [NAME]
    assert connected == [("93.184.215.14", 443)]


def test_the_address_that_was_judged_is_called_under_the_name_that_was_asked_for(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SNI, the certificate's name and Host are the URL's; the packets go to the judged address."""
    monkeypatch.setattr(
        outbound_http, "is_public", lambda one: ipaddress.ip_address(one).is_loopback
    )
    trust = ssl.create_default_context(cafile=str(certificate))
    with running_receiver(200, certificate=certificate) as receiver:
        port = int(receiver.url.rsplit(":", 1)[1])
        caller = PinnedOutboundHttp(resolve=leading_to("127.0.0.1", port=port), ssl_context=trust)
        right = caller.post(f"https://{NAME}/in?x=1", {"webhook-id": "e"}, b"{}")
        wrong = caller.post("https://other.example.org/in", {}, b"{}")
        strict = PinnedOutboundHttp(resolve=leading_to("127.0.0.1", port=port))
        unknown = strict.post(f"https://{NAME}/in", {}, b"{}")

    assert (right.status, wrong.error_code, unknown.error_code) == (
        200,
        "certificate",
        "certificate",
    )
    [seen] = receiver.requests
    assert (seen.path, seen.headers["host"], seen.body) == ("/in?x=1", NAME, b"{}")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_answer_and_nobody_goes_there(status: int) -> None:
    with (
        running_receiver(200) as inner,
        running_receiver((status, {"Location": inner.url})) as receiver,
    ):
        answer = HERE.post(receiver.url, {}, b"")

    assert answer.status == status
    assert inner.requests == []


def test_a_server_that_stalls_is_left_when_its_time_is_over() -> None:
    over = threading.Event()

    def stall(_: BaseHTTPRequestHandler) -> None:
        over.wait(WAIT_TIMEOUT_S)

    with running_receiver(write_raw=stall) as receiver:
        answer = PinnedOutboundHttp(allow_private=True, timeout_s=0.5).post(receiver.url, {}, b"")
        over.set()

    assert answer == OutboundResponse(None, "timeout")


def test_a_server_that_drips_is_left_as_well() -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        for _ in range(100):
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Drip: "[:1])
            handler.wfile.flush()
            time.sleep(0.05)

    with running_receiver(write_raw=drip) as receiver:
        answer = PinnedOutboundHttp(allow_private=True, timeout_s=0.5).post(receiver.url, {}, b"")

    assert answer == OutboundResponse(None, "timeout")


def test_an_endless_answer_is_read_to_its_limit_and_counts_by_its_status() -> None:
    sent = []

    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(2000):
            handler.wfile.write(b"x" * 65536)
            sent.append(65536)

    with running_receiver(write_raw=endless) as receiver:
        answer = HERE.post(receiver.url, {}, b"")

    assert answer.status == 200
    assert sum(sent) < 32 << 20


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "no-http"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "no-http"),
        (b"HTTP/1.1 xyz\r\n\r\n", "no-http"),
        (b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 500 + b"\r\n", "no-http"),
        (b"HTTP/1.1 200 OK\r\nX-A: " + b"b" * 100_000 + b"\r\n\r\n", "no-http"),
    ],
)
def test_what_is_no_http_is_a_fault_and_no_crash(content: bytes, fault: str) -> None:
    with running_receiver(write_raw=lambda handler: _write(handler, content)) as receiver:
        answer = HERE.post(receiver.url, {}, b"")

    assert answer.status is None
    assert answer.error_code in (fault, "connection-lost")


def _write(handler: BaseHTTPRequestHandler, content: bytes) -> None:
    handler.wfile.write(content)


def test_nobody_there_is_told_as_such() -> None:
    with running_receiver(200) as receiver:
        url = receiver.url

    assert HERE.post(url, {}, b"").error_code == "connection-refused"
    assert HERE.post("https://no-such-name.invalid/", {}, b"").error_code == "name-not-found"
    assert HERE.post("gopher://x", {}, b"").error_code == "unfit-url"


@pytest.mark.parametrize(
    ("asked", "least", "most"),
    [("120", 120, 120), (timedelta(hours=1), 3500, 3601), (timedelta(hours=-1), 0, 0)],
    ids=str,
)
def test_a_wait_that_is_asked_for_is_understood(
    asked: str | timedelta, least: float, most: float
) -> None:
    at = (
        asked if isinstance(asked, str) else format_datetime(datetime.now(UTC) + asked, usegmt=True)
    )
    with running_receiver((503, {"Retry-After": at})) as receiver:
        answer = HERE.post(receiver.url, {}, b"")

    assert answer.retry_after_s is not None
    assert least <= answer.retry_after_s <= most


@pytest.mark.parametrize("header", ["soon", "-5", "1e9", "12345678901", "", "²"])
def test_a_wait_that_is_none_is_let_pass(header: str) -> None:
    assert outbound_http._retry_after(header) is None
