"""Fetches a published file: over https, from a host of the manifest, of a known size and hash."""

from __future__ import annotations

import hashlib
import time
import urllib.request
from http.client import HTTPException
from typing import Protocol
from urllib.parse import urlsplit

from functions.emotion_scoring.models.manifest import ALLOWED_HOSTS, PublicFile
from shared.errors import TransientError

CONNECT_TIMEOUT_S = 10.0
"""How long one answer may take ..."""
DOWNLOAD_TIMEOUT_S = 60.0
"""... and how long all of the file: a server that drips bytes must not hold an instance."""
_BLOCK_BYTES = 64 << 10


class ModelDownloadFailed(TransientError):
    """A model could not be fetched from where its authors publish it."""

    code = "model-not-downloaded"


def download_file(source: PublicFile, *, hosts: frozenset[str] = ALLOWED_HOSTS) -> bytes:
    """The file's bytes. Raises NotDownloaded, also when it has another hash."""
    parts = urlsplit(source.url)
    if parts.scheme != "https" or parts.netloc not in hosts:
        raise ModelDownloadFailed(f"{source.url[:200]} is not an https address of a known host.")
    try:
        with _opener().open(source.url, timeout=CONNECT_TIMEOUT_S) as answer:
            data = _read(answer, source.max_bytes)
    except (OSError, HTTPException) as lost:
        raise ModelDownloadFailed(f"{parts.hostname} does not answer: {lost}") from lost
    if sha256_of(data) != source.sha256:
        raise ModelDownloadFailed(f"{source.url} is not the file that it was: its hash is another.")
    return data


def _opener() -> urllib.request.OpenerDirector:
    """Speaks https and follows no redirect: one could lead into a private network."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener


def sha256_of(data: bytes) -> str:
    """As the manifest writes it."""
    return hashlib.sha256(data).hexdigest()


class _Answer(Protocol):
    def read(self, size: int, /) -> bytes: ...


def _read(answer: _Answer, max_bytes: int) -> bytes:
    limit = time.monotonic() + DOWNLOAD_TIMEOUT_S
    data = bytearray()
    while block := answer.read(_BLOCK_BYTES):
        data += block
        if len(data) > max_bytes:
            raise ModelDownloadFailed(f"The answer is longer than {max_bytes} bytes.")
        if time.monotonic() > limit:
            raise ModelDownloadFailed(f"It took longer than {DOWNLOAD_TIMEOUT_S:.0f} s.")
    return bytes(data)
