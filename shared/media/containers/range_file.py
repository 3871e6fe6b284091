"""A seekable file that reads byte ranges on demand, so that a video is never downloaded
as a whole."""

from __future__ import annotations

import io
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from shared.media.errors import ShortRead


class RangeFile(io.RawIOBase):
    """Read-only and seekable; caches the last `max_cached_blocks` blocks of `block_bytes` each.

    `read_at(offset, length)` returns exactly `length` bytes, otherwise ShortRead is raised. While
    reads are sequential, up to `read_ahead` blocks are fetched in one call.

    It has no `mode` attribute, because PyAV would take it for the open mode.

    Attributes:
        fetched_bytes: The number of bytes that were fetched.
        requests: The number of calls of `read_at`.
        failure: The first read error. FFmpeg ignores read errors while it probes, and treats a
            failed read as the end of the file.
    """

    def __init__(
        self,
        read_at: Callable[[int, int], bytes],
        size: int,
        *,
        block_bytes: int = 256 << 10,
        max_cached_blocks: int = 16,
        read_ahead: int = 4,
    ) -> None:
        super().__init__()
        if max_cached_blocks <= read_ahead:
            # Otherwise blocks that were read ahead are evicted before they are used.
            raise ValueError("max_cached_blocks must be larger than read_ahead.")
        self.fetched_bytes = 0
        self.requests = 0
        self.failure: Exception | None = None
        self._read_at = read_at
        self._size = size
        self._block_bytes = block_bytes
        self._max_cached_blocks = max_cached_blocks
        self._read_ahead = max(1, read_ahead)
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._position = 0
        self._next_block = -1
        self._sequential_fetches = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise OSError("The requested position is before the start of the file.")
        self._position = base + offset
        return self._position

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def read(self, size: int | None = -1) -> bytes:
        """Returns up to `size` bytes; fewer only at the end of the file."""
        available = max(0, self._size - self._position)
        remaining = available if size is None or size < 0 else min(size, available)
        parts: list[bytes] = []
        while remaining > 0:
            number, start = divmod(self._position, self._block_bytes)
            part = self._block(number)[start : start + remaining]
            parts.append(part)
            self._position += len(part)
            remaining -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _block(self, number: int) -> bytes:
        if number not in self._blocks:
            self._fetch(number)
        self._blocks.move_to_end(number)
        return self._blocks[number]

    def _fetch(self, number: int) -> None:
        # The read-ahead doubles with every second sequential fetch; a seek resets it to one block.
        is_sequential = number == self._next_block
        self._sequential_fetches = self._sequential_fetches + 1 if is_sequential else 0
        block_count = min(1 << (self._sequential_fetches // 2), self._read_ahead)
        offset = number * self._block_bytes
        length = min(block_count * self._block_bytes, self._size - offset)
        try:
            data = _check_length(self._read_at(offset, length), offset, length)
        except Exception as error:
            self.failure = self.failure or error
            raise
        self.requests += 1
        self.fetched_bytes += length
        for n, start in enumerate(range(0, length, self._block_bytes)):
            self._blocks[number + n] = data[start : start + self._block_bytes]
        self._next_block = number + block_count
        while len(self._blocks) > self._max_cached_blocks:
            self._blocks.popitem(last=False)


def _check_length(data: bytes, offset: int, length: int) -> bytes:
    # FFmpeg would treat a short response as the end of the file.
    if len(data) != length:
        raise ShortRead(f"Cloud Storage sent {len(data)} of {length} bytes at offset {offset}.")
    return data
