"""Downloads of models from their authors: hash and size checks, allowed hosts."""

from __future__ import annotations

import http.server
import ssl
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from functions.emotion_scoring.models.download import ModelDownloadFailed, download_file, sha256_of
from functions.emotion_scoring.models.manifest import PublicFile
from infra.local.emulators.gcs.certificate import load_server_context

CONTENT = b"weights" * 100


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path in ("/moved", "/plain"):
            self.send_response(302)
            self.send_header("Location", "/good" if self.path == "/moved" else "http://127.0.0.1/")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = CONTENT if self.path == "/good" else CONTENT + b"more"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Suppresses the access log."""


@pytest.fixture
def authors_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Yields `localhost:port` of an https server whose certificate this process trusts."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.socket = load_server_context(tmp_path).wrap_socket(server.socket, server_side=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "tls.pem"))
    monkeypatch.setenv("no_proxy", "localhost")
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"localhost:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def _file(url: str) -> PublicFile:
    return PublicFile(url, sha256_of(CONTENT), len(CONTENT))


def test_download_checks_hash_and_size(authors_host: str) -> None:
    hosts = frozenset({authors_host})
    assert download_file(_file(f"https://{authors_host}/good"), hosts=hosts) == CONTENT
    wrong_hash = replace(_file(f"https://{authors_host}/good"), sha256="0" * 64)
    with pytest.raises(ModelDownloadFailed, match="hash"):
        download_file(wrong_hash, hosts=hosts)
    with pytest.raises(ModelDownloadFailed, match="longer"):
        download_file(_file(f"https://{authors_host}/large"), hosts=hosts)


def test_download_does_not_follow_redirects(authors_host: str) -> None:
    with pytest.raises(ModelDownloadFailed, match="302"):
        download_file(_file(f"https://{authors_host}/moved"), hosts=frozenset({authors_host}))


def test_download_follows_redirects_on_request(authors_host: str) -> None:
    moved = _file(f"https://{authors_host}/moved")
    hosts = frozenset({authors_host})
    assert download_file(moved, hosts=hosts, follows_redirects=True) == CONTENT
    leaves_https = _file(f"https://{authors_host}/plain")
    with pytest.raises(ModelDownloadFailed, match="unknown url type: http"):
        download_file(leaves_https, hosts=hosts, follows_redirects=True)


def test_download_rejects_untrusted_certificate(
    authors_host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", ssl.get_default_verify_paths().openssl_cafile)
    with pytest.raises(ModelDownloadFailed, match="certificate"):
        download_file(_file(f"https://{authors_host}/good"), hosts=frozenset({authors_host}))


@pytest.mark.parametrize(
    "url",
    [
        "http://raw.githubusercontent.com/a",
        "https://169.254.169.254/computeMetadata",
        "https://raw.githubusercontent.com:8443/a",
        "https://raw.githubusercontent.com@evil.test/a",
        "file:///etc/passwd",
    ],
)
def test_download_allows_only_https_from_known_hosts(url: str) -> None:
    with pytest.raises(ModelDownloadFailed, match="allowed host"):
        download_file(_file(url))
