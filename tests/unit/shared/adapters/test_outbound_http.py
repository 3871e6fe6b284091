"""Outgoing requests: for a limited time, without redirects, with limited responses."""

from __future__ import annotations

import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler

import pytest

from infra.local.suite.handle import WAIT_TIMEOUT_S
from shared.adapters import outbound_http
from shared.adapters.outbound_http import PinnedOutboundHttp
from shared.ports.outbound import OutboundResponse
from tests.fakes.webhook_receiver import running_receiver

LOCAL_CLIENT = PinnedOutboundHttp(allow_private=True)


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
        response = PinnedOutboundHttp(allow_private=True, idle_timeout_s=0.5).post(
            receiver.url, {}, b""
        )
        released.set()

    assert response == OutboundResponse(None, "timeout")


def test_slow_server_times_out() -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        # Until the client closes the connection.
        while True:
            handler.wfile.write(b"H")
            handler.wfile.flush()
            time.sleep(0.05)

    with running_receiver(write_raw=drip) as receiver:
        response = PinnedOutboundHttp(allow_private=True, idle_timeout_s=0.5).post(
            receiver.url, {}, b""
        )

    assert response == OutboundResponse(None, "timeout")


def test_server_that_never_answers_a_tls_handshake_times_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"https://127.0.0.1:{server.getsockname()[1]}/"
        response = PinnedOutboundHttp(allow_private=True, idle_timeout_s=0.5).post(url, {}, b"")

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
    assert outbound_http.retry_after(header) is None
