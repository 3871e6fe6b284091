"""One clip out of planned packets, by copy, in a process of its own: no packet is believed.

A muxer goes back to the beginning of its file to write down what it learned at the end. Nothing
that was sent to a bucket can be changed, so the first bytes are kept until the end; an MP4's table
of contents, which is written last, is put among them, and its offsets moved by its own size.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av

# PyAV imports these when it opens a file; a confined process can import nothing any more.
import av.subtitles.codeccontext
import av.subtitles.stream

from functions.recorder.clip.mux_plan import ENTRY
from functions.recorder.packets import SOUND, VIDEO
from shared.media.sandbox.child import SandboxIO

HEAD_BYTES = 64 << 10
"""More than any header before the first packet."""
MAX_PROBE_BYTES = 4 << 20
"""How much of the pictures is looked at to find what a decoder has to know before them."""
_BOX = struct.Struct(">I4s")
_DEMUXERS = {
    "h264": "h264", "hevc": "hevc", "mjpeg": "mjpeg",
    "aac": "aac", "pcm_alaw": "alaw", "pcm_mulaw": "mulaw",
}  # fmt: skip


class ClipSink:
    """A file as a muxer wants it. What comes behind the head goes out at once and is not kept."""

    name = "clip"

    def __init__(self, sandbox_io: SandboxIO) -> None:
        self._out = sandbox_io
        self.head = bytearray()
        self.tail = bytearray()
        self._at = self._size = 0
        self.in_trailer = False
        self._ends_at = 0

    def write(self, data: bytes) -> int:
        data = bytes(data)
        for_head = data[: max(0, HEAD_BYTES - self._at)]
        if for_head:
            self.head[self._at : self._at + len(for_head)] = for_head
        rest = data[len(for_head) :]
        if rest:
            self._behind(self._at + len(for_head), rest)
        self._at += len(data)
        self._size = max(self._size, self._at)
        return len(data)

    def _behind(self, at: int, data: bytes) -> None:
        if self.in_trailer:
            # A table of contents is gone back into as well, once it is larger than a buffer.
            into = at - max(HEAD_BYTES, self._ends_at)
            if not 0 <= into <= len(self.tail):
                raise io.UnsupportedOperation("what was sent cannot be changed")
            self.tail[into : into + len(data)] = data
        elif at != max(HEAD_BYTES, self._size):
            raise io.UnsupportedOperation("what was sent cannot be changed")
        else:
            self._out.write(data)

    def start_trailer(self) -> None:
        """From now on all is kept that comes behind what is there."""
        self.in_trailer, self._ends_at = True, self._size

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset + {0: 0, 1: self._at, 2: self._size}[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def seekable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True


def mux(sandbox_io: SandboxIO, container: str, codecs: tuple[str, ...], rates: tuple[int, ...],
        entries: bytes) -> bytes:  # fmt: skip
    """Write the clip behind its first bytes to `inside`; → those first bytes.

    `codecs` and `rates` (ticks a second) are of the pictures and, if there is any, the sound.
    """
    sink = ClipSink(sandbox_io)
    # Times below zero are the part that is not shown: they become an edit list.
    options = {"avoid_negative_ts": "disabled"}
    out = av.open(sink, "w", format=container, container_options=options)
    streams = [
        out.add_stream_from_template(_example(sandbox_io, entries, track, codec, rates[track]))
        for track, codec in enumerate(codecs)
    ]
    for stream, rate in zip(streams, rates, strict=True):
        stream.time_base = Fraction(1, rate)
    for count, (track, key, pts, dts, duration, place, size) in enumerate(_read(entries)):
        packet = av.Packet(_data(sandbox_io, place, size))
        packet.stream = streams[track]
        packet.time_base = Fraction(1, rates[track])
        packet.pts, packet.dts, packet.duration = pts, dts, duration
        packet.is_keyframe = bool(key)
        out.mux(packet)
        if count % 1000 == 0:
            sandbox_io.report_progress(count)
    sink.start_trailer()
    out.close()
    return _finished(sink, sandbox_io)


def _finished(sink: ClipSink, sandbox_io: SandboxIO) -> bytes:
    """The head with the table of contents in it; the rest of the packets is written."""
    boxes = _boxes(bytes(sink.head))
    start, size = next((at, size) for kind, at, size in boxes if kind == b"mdat")
    whole = bytes(sink.head + sink.tail)
    ends = start + size - _sent(sink)
    packets, table = whole[:ends], whole[ends:]
    table = table[next(at for k, at, _ in _boxes(table) if k == b"moov") :]
    moved = shift_chunk_offsets(table, len(table))
    sandbox_io.write(packets[len(sink.head) :])
    return packets[:start] + moved + packets[start : len(sink.head)]


def _sent(sink: ClipSink) -> int:
    """How many bytes lie between the head and the tail."""
    return sink._size - len(sink.head) - len(sink.tail)


def shift_chunk_offsets(moov: bytes, shift: int) -> bytes:
    """A table of contents (`moov`, ISO/IEC 14496-12 §8.7.5) whose packets lie `shift` bytes
    further."""
    out = bytearray(moov)
    for kind, at in _below(moov, 8, len(moov)):
        if kind == b"stco":
            (count,) = struct.unpack_from(">I", moov, at + 12)
            offsets = struct.unpack_from(f">{count}I", moov, at + 16)
            if offsets and max(offsets) + shift >= 1 << 32:
                raise ValueError("the clip is too large for its table of contents")
            struct.pack_into(f">{count}I", out, at + 16, *(one + shift for one in offsets))
        elif kind == b"co64":
            (count,) = struct.unpack_from(">I", moov, at + 12)
            offsets = struct.unpack_from(f">{count}Q", moov, at + 16)
            struct.pack_into(f">{count}Q", out, at + 16, *(one + shift for one in offsets))
    return bytes(out)


def _below(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int]]:
    at = start
    while at + 8 <= end:
        size, kind = _BOX.unpack_from(data, at)
        if size < 8 or at + size > end:
            return
        if kind in (b"trak", b"mdia", b"minf", b"stbl"):
            yield from _below(data, at + 8, at + size)
        else:
            yield kind, at
        at += size


def _boxes(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """(kind, start, size) of the boxes on top; the last one may go on behind `data`."""
    at = 0
    while at + 16 <= len(data):
        size, kind = _BOX.unpack_from(data, at)
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, at + 8)
        if size < 8:
            return
        yield kind, at, size
        at += size


def _example(sandbox_io: SandboxIO, entries: bytes, track: int, codec: str, rate: int) -> Any:
    """A stream of the same form: a decoder's parameters are read from the first packets."""
    data = bytearray()
    for number, _key, _pts, _dts, _duration, place, size in _read(entries):
        if number == track:
            data += _data(sandbox_io, place, size)
            if len(data) > MAX_PROBE_BYTES or (data and codec == "mjpeg"):
                break
    options = {"sample_rate": str(rate)} if track == SOUND and codec != "aac" else {}
    shown = av.open(io.BytesIO(bytes(data)), "r", format=_DEMUXERS[codec], options=options)
    return (shown.streams.video if track == VIDEO else shown.streams.audio)[0]


def _read(entries: bytes) -> Iterator[tuple[int, int, int, int, int, int, int]]:
    return ENTRY.iter_unpack(entries)


def _data(sandbox_io: SandboxIO, place: int, size: int) -> bytes:
    sandbox_io.file.seek(place)
    data = sandbox_io.file.read(size)
    return bytes(data)
