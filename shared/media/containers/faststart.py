"""Outputs for muxing an MP4 twice, so that its index (moov) precedes its data (mdat).

The first pass keeps only the index, the second pass writes only the data.
"""

from __future__ import annotations

import io
from collections.abc import Callable

from shared.media.containers.boxes import read_top_boxes
from shared.media.containers.chunk_offsets import ChunkOffsetTooLarge, shift_chunk_offsets
from shared.media.sandbox.run import Sink

MUX_PASSES = 2
"""How often `write_twice` reads the sources of the file."""
_HEAD_BYTES = 4096
"""An upper bound of the bytes before the data."""


class FilmTooLarge(ValueError):
    """An offset of the index does not fit into 32 bits."""


class IndexPass:
    """The output of the first pass: keeps only the bytes before and after the data."""

    name = "index.mp4"

    def __init__(self) -> None:
        self._head = bytearray()
        self._tail = bytearray()
        self._tail_at: int | None = None
        self._at = self._end = 0
        self._in_index = False
        self.first_box_bytes = 0
        self.data_end = 0

    def write(self, data: bytes) -> int:
        if self._at < _HEAD_BYTES:
            self._put(self._head, self._at, bytes(data[: _HEAD_BYTES - self._at]))
        if self._in_index and (self._tail_at is None or self._at >= self._tail_at):
            self._tail_at = self._at if self._tail_at is None else self._tail_at
            self._put(self._tail, self._at - self._tail_at, bytes(data))
        self._at += len(data)
        self._end = max(self._end, self._at)
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._end}[whence]
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def begin_index(self) -> None:
        """Marks that the index follows."""
        self._in_index = True

    def split(self) -> tuple[bytes, bytes]:
        """Returns the bytes before the data, and the index with the offsets of its new position."""
        head = {box.kind: box for box in read_top_boxes(io.BytesIO(self._head), len(self._head))}
        mdat = head[b"mdat"]
        self.data_end = mdat.end
        tail = bytes(self._tail[self.data_end - (self._tail_at or 0) :])
        moov = next(iter(read_top_boxes(io.BytesIO(tail), len(tail))), None)
        if moov is None or moov.kind != b"moov" or b"ftyp" not in head:
            raise ValueError("the film has no index")
        self.first_box_bytes = head[b"ftyp"].end
        try:
            index = shift_chunk_offsets(tail[: moov.end], moov.end)
        except ChunkOffsetTooLarge as error:
            raise FilmTooLarge from error
        return bytes(self._head[: mdat.begin]), index

    @staticmethod
    def _put(buffer: bytearray, at: int, data: bytes) -> None:
        if len(buffer) < at + len(data):
            buffer.extend(bytes(at + len(data) - len(buffer)))
        buffer[at : at + len(data)] = data


class DataPass:
    """The output of the second pass: writes only the data to the sink."""

    name = "data.mp4"

    def __init__(self, sink: Sink, begin: int, end: int) -> None:
        self._sink = sink
        self._begin, self._end = begin, end
        self._at = self._written = 0

    @property
    def complete(self) -> bool:
        """Whether all data has been written."""
        return self._written == self._end - self._begin

    def write(self, data: bytes) -> int:
        low, high = max(self._at, self._begin), min(self._at + len(data), self._end)
        # The muxer seeks back to correct lengths; those bytes lie before the data and are skipped.
        if high > low and low == self._begin + self._written:
            self._sink.write(bytes(data[low - self._at : high - self._at]))
            self._written += high - low
        self._at += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._end}[whence]
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def begin_index(self) -> None:
        """Does nothing: the index precedes the data already."""


Target = IndexPass | DataPass


def write_twice(mux: Callable[[Target], None], sink: Sink) -> None:
    """Writes an MP4 with its index before its data.

    Args:
        mux: Writes the same file to a target each time, and calls `begin_index` before it closes
            the muxer.
        sink: Where the file is written.

    Raises:
        FilmTooLarge: When the index cannot address the data.
    """
    index = IndexPass()
    mux(index)
    before, moov = index.split()
    sink.write(before[: index.first_box_bytes] + moov + before[index.first_box_bytes :])
    data = DataPass(sink, len(before), index.data_end)
    mux(data)
    if not data.complete:
        raise ValueError("the second pass wrote other data than the first one")
