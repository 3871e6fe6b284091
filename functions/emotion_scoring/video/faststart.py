"""Outputs for muxing an MP4 twice, so that its index (moov) precedes its data (mdat).

The first pass keeps only the index, the second pass writes only the data.
"""

from __future__ import annotations

import io
import struct

from functions.emotion_scoring.scores import Sink

_HEAD_BYTES = 4096
"""An upper bound of the bytes before the data."""
_MAX32 = 0xFFFFFFFF
_PARENTS = (b"trak", b"mdia", b"minf", b"stbl")


class FilmTooLarge(ValueError):
    """An offset of the index does not fit into 32 bits."""


class IndexPass:
    """The output of the first pass: keeps only the bytes before and behind the data."""

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
        """Returns the bytes before the data, and the index shifted for its place behind `ftyp`."""
        start = mdat = 0
        while True:
            size, kind = struct.unpack_from(">I4s", self._head, mdat)
            header = 8
            if kind == b"ftyp":
                self.first_box_bytes = start = size
            if size == 1:
                (size,), header = struct.unpack_from(">Q", self._head, mdat + 8), 16
            if kind == b"mdat":
                break
            mdat += size
        self.data_end = mdat + size
        moov = bytes(self._tail[self.data_end - (self._tail_at or 0) :])
        (length,) = struct.unpack_from(">I", moov, 0)
        if moov[4:8] != b"moov" or start == 0:
            raise ValueError("the film has no index")
        return bytes(self._head[: mdat + header]), _shift_offsets(moov[:length], length)

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


def _shift_offsets(moov: bytes, by: int) -> bytes:
    """Returns the index for data that lies `by` bytes later (ISO/IEC 14496-12 §8.7.5)."""
    out = bytearray(moov)

    def walk(at: int, end: int) -> None:
        while at + 8 <= end:
            size, kind = struct.unpack_from(">I4s", out, at)
            if kind in _PARENTS:
                walk(at + 8, at + size)
            elif kind in (b"stco", b"co64"):
                wide = kind == b"co64"
                (count,) = struct.unpack_from(">I", out, at + 12)
                form = f">{count}{'Q' if wide else 'I'}"
                offsets = [offset + by for offset in struct.unpack_from(form, out, at + 16)]
                if not wide and offsets and max(offsets) > _MAX32:
                    raise FilmTooLarge
                struct.pack_into(form, out, at + 16, *offsets)
            at += max(8, size)

    walk(8, len(out))
    return bytes(out)
