"""The input of work in a sandbox process: the parent reads for it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate


@dataclass(frozen=True, slots=True)
class Source:
    """The input of the work: `read_at(offset, length)` returns exactly `length` bytes."""

    read_at: Callable[[int, int], bytes]
    size_bytes: int
    block_bytes: int = 256 << 10

    def counted(self, on_read: Callable[[float], None], passes: int = 1) -> Source:
        """Returns the source for work that reads it `passes` times. `on_read` is called before each
        read with the share of the work that is done, as far as the bytes tell: 0 to 1."""
        expected, count = max(1, passes * self.size_bytes), 0

        def read_at(offset: int, length: int) -> bytes:
            nonlocal count
            on_read(min(1.0, count / expected))
            count += length
            return self.read_at(offset, length)

        return Source(read_at, self.size_bytes, self.block_bytes)

    @classmethod
    def from_bytes(cls, data: bytes) -> Source:
        """Returns a source in memory."""
        return cls(lambda offset, length: data[offset : offset + length], len(data))

    @classmethod
    def from_parts(cls, parts: Sequence[Source]) -> Source:
        """Returns several sources as one, one after another. A read must stay within a part; see
        `SandboxIO.open_parts`."""
        ends = list(accumulate(part.size_bytes for part in parts))

        def read_at(offset: int, length: int) -> bytes:
            # Empty parts end where they begin, and are passed over.
            part = bisect_right(ends, offset)
            return parts[part].read_at(offset - (ends[part - 1] if part else 0), length)

        size_bytes = ends[-1] if ends else 0
        return cls(read_at, size_bytes, max((part.block_bytes for part in parts), default=1))
