"""Downloads a published file over https from an allowed host and checks its size and hash."""

from __future__ import annotations

import hashlib
import time
import urllib.request
from http.client import HTTPException
from typing import Protocol
from urllib.parse import urlsplit

from functions.emotion_scoring.models.manifest import ALLOWED_HOSTS, PublicFile
from shared.errors import TransientError

SOCKET_TIMEOUT_S = 10.0
"""Timeout of each operation of the socket."""
DOWNLOAD_TIMEOUT_S = 60.0
"""Timeout of the whole download: a server that sends bytes slowly must not block an instance."""
_BLOCK_BYTES = 64 << 10


class ModelDownloadFailed(TransientError):
    """A model could not be downloaded from its authors' address."""

    code = "model-not-downloaded"


def download_file(
    source: PublicFile,
    *,
    hosts: frozenset[str] = ALLOWED_HOSTS,
    follows_redirects: bool = False,
    timeout_s: float = DOWNLOAD_TIMEOUT_S,
) -> bytes:
    """Returns the file's bytes. Raises ModelDownloadFailed, also if the hash differs.

    Args:
        follows_redirects: Only for a user's own machine. A redirect of a function's request could
            lead into a private network.
        timeout_s: Of the whole download.
    """
    parts = urlsplit(source.url)
    if parts.scheme != "https" or parts.netloc not in hosts:
        raise ModelDownloadFailed(f"{source.url[:200]} is not an https URL of an allowed host.")
    try:
        opener = _opener(follows_redirects=follows_redirects)
        with opener.open(source.url, timeout=SOCKET_TIMEOUT_S) as response:
            data = _read_response(response, source.max_bytes, timeout_s)
    except (OSError, HTTPException) as error:
        raise ModelDownloadFailed(f"{parts.hostname} cannot be reached: {error}") from error
    if sha256_of(data) != source.sha256:
        raise ModelDownloadFailed(f"{source.url} has changed: its hash differs from the manifest.")
    return data


def _opener(*, follows_redirects: bool) -> urllib.request.OpenerDirector:
    """Returns an opener for https only."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    if follows_redirects:
        # It cannot leave https: the opener knows no other scheme.
        opener.add_handler(urllib.request.HTTPRedirectHandler())
    return opener


def sha256_of(data: bytes) -> str:
    """Returns the SHA-256 as the hexadecimal text that the manifest uses."""
    return hashlib.sha256(data).hexdigest()


class _Response(Protocol):
    def read(self, size: int, /) -> bytes: ...


def _read_response(response: _Response, max_bytes: int, timeout_s: float) -> bytes:
    deadline = time.monotonic() + timeout_s
    data = bytearray()
    while block := response.read(_BLOCK_BYTES):
        data += block
        if len(data) > max_bytes:
            raise ModelDownloadFailed(f"The response is longer than {max_bytes} bytes.")
        if time.monotonic() > deadline:
            raise ModelDownloadFailed(f"The download took longer than {timeout_s:.0f} s.")
    return bytes(data)
