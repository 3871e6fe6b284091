"""Requests for files at URLs: every redirect passes the address policy, no error names a URL."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from shared.adapters.url_reader import MAX_REDIRECTS, PinnedUrlReader
from shared.errors import MoodreelError
from shared.net.address_policy import AddressPolicy, InvalidUrl
from shared.ports.url_reader import PrivateAddress, UrlReader, UrlUnavailable, UrlUnusable
from tests.fakes.canary import CanaryServer
from tests.fakes.file_server import FileServer, Reply, running_file_server
from tests.fixtures.tls import write_certificate

NAME = "files.example.org"
PUBLIC_ADDRESS = "127.0.0.2"
"""The address of the server, which the policy of the tests takes for a public one."""
SIZE = 1000


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a self-signed certificate for NAME."""
    return write_certificate(tmp_path_factory.mktemp("tls") / "both.pem", NAME)


@pytest.fixture
def canary() -> Iterator[CanaryServer]:
    """A server on a private address that must not be called."""
    with CanaryServer() as server:
        yield server
    assert server.received == []


class Network:
    """The names and addresses of a test. `hosts` are those that were looked up."""

    def __init__(self, certificate: Path, canary: CanaryServer) -> None:
        self.hosts: list[str] = []
        self.files: FileServer | None = None
        self._certificate = certificate
        self._canary = canary

    def resolve(self, host: str, _port: int, **_: Any) -> list[Any]:
        self.hosts.append(host)
        address = ("127.0.0.1", self._canary.port)
        if host == NAME and self.files is not None:
            address = (PUBLIC_ADDRESS, int(self.files.url.rsplit(":", 1)[1]))
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address)]

    def reader(self) -> PinnedUrlReader:
        return PinnedUrlReader(
            policy=AddressPolicy((f"{PUBLIC_ADDRESS}/32",)),
            resolve=self.resolve,
            ssl_context=ssl.create_default_context(cafile=str(self._certificate)),
        )


@pytest.fixture
def network(certificate: Path, canary: CanaryServer) -> Network:
    return Network(certificate, canary)


def read_all(reader: UrlReader, url: str, **headers: str) -> tuple[int, bytes]:
    """Returns the status and the body."""
    with reader.open(url, headers, deadline=time.monotonic() + 60) as response:
        return response.status, b"".join(iter(lambda: response.read(100), b""))


def run_server(network: Network, certificate: Path, *replies: Reply) -> Any:
    return running_file_server(SIZE, *replies, address=PUBLIC_ADDRESS, certificate=certificate)


def redirect(location: str, status: int = 302) -> Reply:
    return Reply(status=status, headers={"Location": location})


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_followed_with_the_range(
    network: Network, certificate: Path, status: int
) -> None:
    replies = redirect("/real?token=1#top", status), Reply()
    with run_server(network, certificate, *replies) as files:
        network.files = files
        result = read_all(network.reader(), f"https://{NAME}/start", Range="bytes=900-")

    assert result == (206, files.content()[900:])
    assert [path for path, _ in files.requests] == ["/start", "/real?token=1"]
    assert {headers["host"] for _, headers in files.requests} == {NAME}
    assert network.hosts == [NAME, NAME]


def test_redirect_to_a_path_that_is_not_encoded_is_followed(
    network: Network, certificate: Path
) -> None:
    location = "/My film/\u65e5.mp4".encode().decode("latin-1")
    with run_server(network, certificate, redirect(location), Reply()) as files:
        network.files = files
        read_all(network.reader(), f"https://{NAME}/start")

    assert files.requests[1][0] == "/My%20film/%E6%97%A5.mp4"


@pytest.mark.parametrize(
    ("location", "error"),
    [
        ("https://127.0.0.1:{port}/", InvalidUrl),
        ("http://127.0.0.1:{port}/", InvalidUrl),
        ("http://files.example.org/", InvalidUrl),
        ("https://localhost:{port}/", InvalidUrl),
        ("https://[::ffff:127.0.0.1]/", InvalidUrl),
        ("https://2130706433/", InvalidUrl),
        ("https://metadata.google.internal/", InvalidUrl),
        ("https://169.254.169.254/computeMetadata/v1/", InvalidUrl),
        ("https://user:secret@files.example.org/", InvalidUrl),
        ("//user@files.example.org/", InvalidUrl),
        ("https://files.example.org:22/", InvalidUrl),
        ("gopher://127.0.0.1:{port}/", InvalidUrl),
        ("file:///etc/passwd", InvalidUrl),
        ("https://[", InvalidUrl),
        ("https://inside.example.org/", PrivateAddress),
        ("//inside.example.org/x", PrivateAddress),
    ],
)
def test_redirect_to_what_is_not_public_is_refused(
    network: Network, certificate: Path, canary: CanaryServer, location: str,
    error: type[MoodreelError],
) -> None:  # fmt: skip
    reply = redirect(location.format(port=canary.port))
    with run_server(network, certificate, reply) as files:
        network.files = files
        with pytest.raises(error) as caught:
            read_all(network.reader(), f"https://{NAME}/start")

    assert len(files.requests) == 1
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://files.example.org/", "https://user:secret@files.example.org/",
        "https://127.0.0.1/", "https://inside.example.org/", "ftp://files.example.org/",
        f"https://files.example.org/{'x' * 5000}", "https://files.example.org/\r\nX: y",
    ],
)  # fmt: skip
def test_url_that_is_not_public_is_refused(network: Network, url: str) -> None:
    with pytest.raises((InvalidUrl, PrivateAddress)) as caught:
        read_all(network.reader(), url)

    assert "secret" not in str(caught.value)


def test_redirects_are_bounded(network: Network, certificate: Path) -> None:
    with run_server(network, certificate, redirect("/again")) as files:
        network.files = files
        with pytest.raises(UrlUnusable, match="redirects more than"):
            read_all(network.reader(), f"https://{NAME}/")

    assert len(files.requests) == MAX_REDIRECTS + 1


def test_redirect_without_an_address_is_refused(network: Network, certificate: Path) -> None:
    with run_server(network, certificate, Reply(status=302)) as files:
        network.files = files
        with pytest.raises(UrlUnusable, match="without a new address"):
            read_all(network.reader(), f"https://{NAME}/")


def test_long_signed_url_is_requested_unchanged(network: Network, certificate: Path) -> None:
    path = "/bucket/a%20b.mp4?X-Amz-Signature=" + "0123456789abcdef" * 200
    with run_server(network, certificate) as files:
        network.files = files
        assert read_all(network.reader(), f"https://{NAME}{path}") == (200, files.content())

    assert files.requests[0][0] == path


def test_certificate_must_be_valid(network: Network, certificate: Path) -> None:
    with run_server(network, certificate) as files:
        network.files = files
        reader = PinnedUrlReader(
            policy=AddressPolicy((f"{PUBLIC_ADDRESS}/32",)), resolve=network.resolve
        )
        with pytest.raises(UrlUnusable, match="certificate"):
            read_all(reader, f"https://{NAME}/")


@pytest.mark.parametrize("chunked", [False, True])
def test_body_that_is_cut_off_is_an_error(chunked: bool) -> None:
    with (
        running_file_server(SIZE, Reply(body_bytes=SIZE - 1, chunked=chunked)) as files,
        pytest.raises(UrlUnavailable, match="broke off"),
    ):
        read_all(PinnedUrlReader(allow_private=True), files.url)


def test_stalled_body_is_an_error() -> None:
    # More than is sent is promised, over a connection that stays open.
    with socket.create_server(("127.0.0.1", 0)) as server:
        reader = PinnedUrlReader(allow_private=True, idle_timeout_s=0.3)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        with pytest.raises(UrlUnavailable, match="in time"):
            read_all(reader, url)


def test_headers_without_end_are_refused() -> None:
    headers = {f"X-{number}": "y" * 60_000 for number in range(6)}
    with (
        running_file_server(SIZE, Reply(headers=headers)) as files,
        pytest.raises(UrlUnusable, match="too long"),
    ):
        read_all(PinnedUrlReader(allow_private=True), files.url)


def test_local_use_allows_private_addresses() -> None:
    with running_file_server(SIZE) as files:
        assert urlsplit(files.url).hostname == "127.0.0.1"
        assert read_all(PinnedUrlReader(allow_private=True), files.url)[1] == files.content()
