"""Writes a clip from planned packets without encoding, in a sandbox process: packets are untrusted.

A muxer seeks back to the beginning of its file to write sizes that it knows at the end. Data that
was sent to a bucket cannot be changed, so the first HEAD_BYTES stay in memory. At the end the
`moov` box of an MP4, which the muxer writes last, is placed before the packets, and its chunk
offsets are increased by its size.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av

# PyAV imports these when it opens a file; a sandbox process cannot import modules.
import av.subtitles.codeccontext
import av.subtitles.stream

from functions.recorder.clip.mux_plan import ENTRY
from functions.recorder.packets import SOUND, VIDEO
from shared.media.containers.boxes import Box, read_top_boxes
from shared.media.containers.chunk_offsets import shift_chunk_offsets
from shared.media.sandbox.child import SandboxIO

HEAD_BYTES = 64 << 10
"""More than any header before the first packet."""
MAX_PROBE_BYTES = 4 << 20
"""How much of a track is read to find its decoder parameters."""
_DEMUXERS = {
    "h264": "h264", "hevc": "hevc", "mjpeg": "mjpeg",
    "aac": "aac", "pcm_alaw": "alaw", "pcm_mulaw": "mulaw",
}  # fmt: skip


class ClipSink:
    """The output file of a muxer. It keeps `head` (the first HEAD_BYTES) and `tail` (the data from
    `start_trailer` on) in memory, and sends the packets in between at once."""

    name = "clip"

    def __init__(self, sandbox_io: SandboxIO) -> None:
        self._output = sandbox_io
        self.head = bytearray()
        self.tail = bytearray()
        self._position = self._size = 0
        self.in_trailer = False
        self._trailer_start = 0

    @property
    def sent_bytes(self) -> int:
        """The size of the data between head and tail."""
        return self._size - len(self.head) - len(self.tail)

    def write(self, data: bytes) -> int:
        data = bytes(data)
        head_data = data[: max(0, HEAD_BYTES - self._position)]
        if head_data:
            self.head[self._position : self._position + len(head_data)] = head_data
        rest = data[len(head_data) :]
        if rest:
            self._write_after_head(self._position + len(head_data), rest)
        self._position += len(data)
        self._size = max(self._size, self._position)
        return len(data)

    def _write_after_head(self, position: int, data: bytes) -> None:
        if self.in_trailer:
            # The muxer also seeks back within a trailer that is larger than its buffer.
            offset = position - max(HEAD_BYTES, self._trailer_start)
            if not 0 <= offset <= len(self.tail):
                raise io.UnsupportedOperation("data that was sent cannot be changed")
            self.tail[offset : offset + len(data)] = data
        elif position != max(HEAD_BYTES, self._size):
            raise io.UnsupportedOperation("data that was sent cannot be changed")
        else:
            self._output.write(data)

    def start_trailer(self) -> None:
        """Keeps all data that is written after the current end."""
        self.in_trailer, self._trailer_start = True, self._size

    def seek(self, offset: int, whence: int = 0) -> int:
        self._position = offset + {0: 0, 1: self._position, 2: self._size}[whence]
        return self._position

    def tell(self) -> int:
        return self._position

    def seekable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True


def mux(
    sandbox_io: SandboxIO,
    container: str,
    codecs: tuple[str, ...],
    rates: tuple[int, ...],
    entries: bytes,
) -> bytes:
    """Writes the clip's body to `sandbox_io`. Returns the head. The caller stores it before
    the body.

    `codecs` and `rates` (ticks per second) are those of the video track and, if there is one,
    the sound track. `entries` are packed rows of ENTRY.
    """
    sink = ClipSink(sandbox_io)
    # Packets with negative times are not shown: the muxer writes an edit list for them.
    options = {"avoid_negative_ts": "disabled"}
    output = av.open(sink, "w", format=container, container_options=options)
    streams = [
        output.add_stream_from_template(_probe(sandbox_io, entries, track, codec, rates[track]))
        for track, codec in enumerate(codecs)
    ]
    for stream, rate in zip(streams, rates, strict=True):
        stream.time_base = Fraction(1, rate)
    for count, entry in enumerate(_unpack(entries)):
        track, is_keyframe, pts, dts, duration, offset, size = entry
        packet = av.Packet(_read_data(sandbox_io, offset, size))
        packet.stream = streams[track]
        packet.time_base = Fraction(1, rates[track])
        packet.pts, packet.dts, packet.duration = pts, dts, duration
        packet.is_keyframe = bool(is_keyframe)
        output.mux(packet)
        if count % 1000 == 0:
            sandbox_io.report_progress(count)
    sink.start_trailer()
    output.close()
    return _finish(sink, sandbox_io)


def _finish(sink: ClipSink, sandbox_io: SandboxIO) -> bytes:
    """Sends the rest of the packets. Returns the head, with the `moov` box before the packets."""
    mdat = _find_box(sink.head, b"mdat")
    head_and_tail = bytes(sink.head + sink.tail)
    # An offset in head_and_tail, which lacks the packets that were sent.
    mdat_end = mdat.end - sink.sent_bytes
    packets, trailer = head_and_tail[:mdat_end], head_and_tail[mdat_end:]
    moov = trailer[_find_box(trailer, b"moov").start :]
    moov = shift_chunk_offsets(moov, len(moov))
    sandbox_io.write(packets[len(sink.head) :])
    return packets[: mdat.start] + moov + packets[mdat.start : len(sink.head)]


def _find_box(data: bytes | bytearray, kind: bytes) -> Box:
    """Returns the top-level box of this kind; it may end beyond `data`."""
    return next(box for box in read_top_boxes(io.BytesIO(data), len(data)) if box.kind == kind)


def _probe(sandbox_io: SandboxIO, entries: bytes, track: int, codec: str, rate: int) -> Any:
    """Returns a stream with the decoder parameters of a track, read from its first packets."""
    data = bytearray()
    for entry_track, _is_keyframe, _pts, _dts, _duration, offset, size in _unpack(entries):
        if entry_track == track:
            data += _read_data(sandbox_io, offset, size)
            if len(data) > MAX_PROBE_BYTES or (data and codec == "mjpeg"):
                break
    options = {"sample_rate": str(rate)} if track == SOUND and codec != "aac" else {}
    container = av.open(io.BytesIO(bytes(data)), "r", format=_DEMUXERS[codec], options=options)
    return (container.streams.video if track == VIDEO else container.streams.audio)[0]


def _unpack(entries: bytes) -> Iterator[tuple[int, int, int, int, int, int, int]]:
    return ENTRY.iter_unpack(entries)


def _read_data(sandbox_io: SandboxIO, offset: int, size: int) -> bytes:
    sandbox_io.file.seek(offset)
    return bytes(sandbox_io.file.read(size))
