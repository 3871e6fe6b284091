"""Requests that send files to URLs: https, the address policy, and limits."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.adapters.url_writer import PinnedUrlWriter
from shared.errors import MoodreelError
from shared.net.address_policy import AddressPolicy, InvalidUrl
from shared.ports.url_reader import PrivateAddress, UrlUnavailable, UrlUnusable
from tests.fakes.canary import CanaryServer
from tests.fakes.put_server import PutReply, running_put_server
from tests.fixtures.tls import write_certificate

PASSED = 0.0
NAME = "files.example.org"
PUBLIC_ADDRESS = "127.0.0.2"
"""The address of the server, which the policy of the tests takes for a public one."""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a self-signed certificate for NAME."""
    return write_certificate(tmp_path_factory.mktemp("tls") / "both.pem", NAME)


def writer(certificate: Path, url: str, host: str = NAME) -> PinnedUrlWriter:
    """A writer to whom the server of `url` is at `host`."""
    address, _, port = url.partition("://")[2].rpartition(":")

    def resolve(_host: str, _port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, int(port)))]

    return PinnedUrlWriter(
        policy=AddressPolicy((f"{PUBLIC_ADDRESS}/32",)),
        resolve=resolve,
        ssl_context=ssl.create_default_context(cafile=str(certificate)),
        idle_timeout_s=30,
    )


def put(writer: PinnedUrlWriter, url: str = f"https://{NAME}/a?signature=secret") -> int:
    return writer.put(url, {"Content-Type": "a/b"}, [b"12", b"", b"345"], 5,
                      deadline=time.monotonic() + 60)  # fmt: skip


def test_file_is_sent_over_https(certificate: Path) -> None:
    with running_put_server(address=PUBLIC_ADDRESS, certificate=certificate) as puts:
        assert put(writer(certificate, puts.url)) == 200

    [(path, headers, body)] = puts.requests
    assert (path, body, headers["host"]) == ("/a?signature=secret", b"12345", NAME)
    assert (headers["content-type"], headers["content-length"]) == ("a/b", "5")


def test_certificate_of_another_name_is_refused(certificate: Path) -> None:
    with running_put_server(address=PUBLIC_ADDRESS, certificate=certificate) as puts:
        expect(UrlUnusable, writer(certificate, puts.url), "https://other.example.org/secret")

    assert puts.count == 0


@pytest.mark.parametrize(
    "url", ["http://files.example.org/secret", "https://127.0.0.1/secret", "https://a b/secret"]
)
def test_url_is_checked(certificate: Path, url: str) -> None:
    expect(InvalidUrl, writer(certificate, "https://127.0.0.2:1"), url)


def test_name_of_a_private_address_is_refused(certificate: Path) -> None:
    with CanaryServer() as canary:
        expect(PrivateAddress, writer(certificate, canary.url))

    assert canary.received == []


def test_redirect_is_the_answer(certificate: Path) -> None:
    with CanaryServer() as canary:
        reply = PutReply(status=308, headers={"Location": canary.url})
        with running_put_server(
            reply, address=PUBLIC_ADDRESS, certificate=certificate
        ) as puts:  # fmt: skip
            assert put(writer(certificate, puts.url)) == 308

    assert canary.received == []


def test_error_of_the_body_ends_the_request(certificate: Path) -> None:
    class Stop(Exception):
        pass

    def blocks() -> Iterator[bytes]:
        yield b"12"
        raise Stop

    with running_put_server(address=PUBLIC_ADDRESS, certificate=certificate) as puts:
        target = writer(certificate, puts.url)
        with pytest.raises(Stop):
            target.put(f"https://{NAME}/", {}, blocks(), 5, deadline=time.monotonic() + 60)

    assert puts.requests == []


def test_passed_deadline_is_an_outage(certificate: Path) -> None:
    with (
        running_put_server(address=PUBLIC_ADDRESS, certificate=certificate) as puts,
        pytest.raises(UrlUnavailable),
    ):
        writer(certificate, puts.url).put(f"https://{NAME}/", {}, [b"1"], 1, deadline=PASSED)


def expect(error: type[MoodreelError], target: PinnedUrlWriter, url: str = "") -> None:
    """The request fails, and the message does not contain the URL."""
    with pytest.raises(error) as caught:
        put(target, url or f"https://{NAME}/secret")
    assert "secret" not in str(caught.value)
