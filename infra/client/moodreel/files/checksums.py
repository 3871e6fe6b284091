"""CRC32C in the format of Cloud Storage: base64 of its four bytes, big-endian."""

from __future__ import annotations

import base64
from pathlib import Path

import google_crc32c

_BLOCK_BYTES = 1 << 20


class Crc32c:
    """The checksum of the bytes so far."""

    def __init__(self) -> None:
        self._checksum = google_crc32c.Checksum()

    def update(self, block: bytes) -> None:
        """Adds bytes."""
        self._checksum.update(block)

    @property
    def text(self) -> str:
        """The checksum in base64."""
        return base64.b64encode(self._checksum.digest()).decode()


def checksum_file(path: Path, size_bytes: int | None = None) -> Crc32c:
    """Returns the checksum of a file, or of its first `size_bytes`."""
    checksum = Crc32c()
    with path.open("rb") as file:
        remaining = path.stat().st_size if size_bytes is None else size_bytes
        while block := file.read(min(_BLOCK_BYTES, remaining)):
            checksum.update(block)
            remaining -= len(block)
    return checksum
