"""Outputs for muxing a file twice: what the muxer writes over earlier bytes at the end is in place
when these bytes are written, so that the file is written in order.

The first pass keeps only the bytes that the muxer corrects, the second pass writes the file.
"""

from __future__ import annotations

import io
from collections.abc import Callable

from shared.media.sandbox.run import Sink


class _Output:
    """A seekable output that keeps no data."""

    name = "file"

    def __init__(self) -> None:
        self._at = self.end = 0

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.end}[whence]
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def _split(self, data: bytes) -> tuple[bytes, bytes]:
        """Returns the bytes over earlier ones, and those at the end."""
        if self._at > self.end:
            raise ValueError("the muxer left a gap in the file")
        over = self.end - self._at
        return bytes(data[:over]), bytes(data[over:])

    def _advance(self, length: int) -> None:
        self._at += length
        self.end = max(self.end, self._at)


class CorrectionPass(_Output):
    """The output of the first pass."""

    def __init__(self) -> None:
        super().__init__()
        self.corrections: list[tuple[int, bytes]] = []

    def write(self, data: bytes) -> int:
        over, _ = self._split(data)
        if over:
            self.corrections.append((self._at, over))
        self._advance(len(data))
        return len(data)


class CorrectedPass(_Output):
    """The output of the second pass: writes to a sink, with the corrections of the first one."""

    def __init__(self, sink: Sink, corrections: list[tuple[int, bytes]]) -> None:
        super().__init__()
        self._sink, self._corrections = sink, corrections

    def write(self, data: bytes) -> int:
        _, rest = self._split(data)
        if rest:
            self._sink.write(self._correct(self.end, bytearray(rest)))
        self._advance(len(data))
        return len(data)

    def _correct(self, at: int, block: bytearray) -> bytes:
        for position, data in self._corrections:
            low, high = max(at, position), min(at + len(block), position + len(data))
            if low < high:
                block[low - at : high - at] = data[low - position : high - position]
        return bytes(block)


CorrectableOutput = CorrectionPass | CorrectedPass


def write_corrected(mux: Callable[[CorrectableOutput], None], sink: Sink) -> None:
    """Writes a file in order that a muxer corrects at its end.

    Args:
        mux: Writes the same file to an output each time.
        sink: Where the file is written.
    """
    first = CorrectionPass()
    mux(first)
    second = CorrectedPass(sink, first.corrections)
    mux(second)
    if second.end != first.end:
        raise ValueError("the second pass wrote another file than the first one")
