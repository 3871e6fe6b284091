"""A seekable file over a callable that reads byte ranges, so that a video is never downloaded."""

from __future__ import annotations

import io
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from shared.media.errors import ShortRead


class RangeFile(io.RawIOBase):
    """Read-only and seekable; keeps the `keep` blocks used last, of `block_bytes` each.

    `read_at(offset, length)` returns exactly `length` bytes, or ShortRead is raised. When reads go
    on forward, up to `read_ahead` blocks are fetched in one call. `fetched_bytes` and `requests`
    count what was asked of the store. `failure` keeps the first error, because FFmpeg swallows
    errors of reading while it probes, and would take a failed read for the end of the file.

    It has no `mode` attribute: PyAV would read it as its own open mode.
    """

    def __init__(
        self,
        read_at: Callable[[int, int], bytes],
        size: int,
        *,
        block_bytes: int = 256 << 10,
        keep: int = 16,
        read_ahead: int = 4,
    ) -> None:
        super().__init__()
        if keep <= read_ahead:
            raise ValueError("keep must exceed read_ahead, or blocks are dropped before their use.")
        self.fetched_bytes = 0
        self.requests = 0
        self.failure: Exception | None = None
        self._read_at = read_at
        self._size = size
        self._block_bytes = block_bytes
        self._keep = keep
        self._read_ahead = max(1, read_ahead)
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._position = 0
        self._expected = -1
        self._streak = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise OSError("A position before the beginning of the file was asked for.")
        self._position = base + offset
        return self._position

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def read(self, size: int | None = -1) -> bytes:
        """Up to `size` bytes, fewer only at the end of the file."""
        left = max(0, self._size - self._position)
        wanted = left if size is None or size < 0 else min(size, left)
        parts: list[bytes] = []
        while wanted > 0:
            number, sandbox_io = divmod(self._position, self._block_bytes)
            part = self._block(number)[sandbox_io : sandbox_io + wanted]
            parts.append(part)
            self._position += len(part)
            wanted -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _block(self, number: int) -> bytes:
        if number not in self._blocks:
            self._fetch(number)
        self._blocks.move_to_end(number)
        return self._blocks[number]

    def _fetch(self, number: int) -> None:
        # Every second fetch that goes on where the last one ended doubles; a jump starts small.
        self._streak = self._streak + 1 if number == self._expected else 0
        run = min(1 << self._streak // 2, self._read_ahead)
        offset = number * self._block_bytes
        length = min(run * self._block_bytes, self._size - offset)
        try:
            data = _full(self._read_at(offset, length), offset, length)
        except Exception as error:
            self.failure = self.failure or error
            raise
        self.requests += 1
        self.fetched_bytes += length
        for n, at in enumerate(range(0, length, self._block_bytes)):
            self._blocks[number + n] = data[at : at + self._block_bytes]
        self._expected = number + run
        while len(self._blocks) > self._keep:
            self._blocks.popitem(last=False)


def _full(data: bytes, offset: int, length: int) -> bytes:
    # FFmpeg would take a short answer for the end of the file.
    if len(data) != length:
        raise ShortRead(f"The store sent {len(data)} of {length} bytes at offset {offset}.")
    return data
