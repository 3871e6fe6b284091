"""Muxes a part of a clip without encoding, in a sandbox process: packets are untrusted.

FFmpeg converts the packets to the form that they have in a file (H.264 and H.265 with lengths in
place of start codes, AAC without ADTS headers) and describes the decoders. A part is small, so it
is written to memory. `moov` joins the parts.
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

from functions.recorder.clip.entries import ENTRY, MAX_PROBE_BYTES, SILENCE
from functions.recorder.packets import SOUND, VIDEO
from shared.media.containers.boxes import Box, read_top_boxes
from shared.media.containers.chunk_offsets import shift_chunk_offsets
from shared.media.sandbox.child import SandboxIO

_DEMUXERS = {
    "h264": "h264", "hevc": "hevc", "mjpeg": "mjpeg",
    "aac": "aac", "pcm_alaw": "alaw", "pcm_mulaw": "mulaw",
}  # fmt: skip
_SILENT_BYTES = {"pcm_alaw": b"\xd5", "pcm_mulaw": b"\xff"}


def mux_part(
    sandbox_io: SandboxIO,
    container: str,
    codecs: tuple[str, ...],
    rates: tuple[int, ...],
    probe_entries: bytes,
    entries: bytes,
) -> bytes:
    """Writes the packets to `sandbox_io`. Returns the boxes `ftyp` and `moov` of a file that
    contains only this part; chunk offsets count from the first packet.

    `codecs` and `rates` (ticks per second) are those of the video track and, if there is one,
    the sound track. `entries` are packed rows of ENTRY; `probe_entries` are the first of the clip,
    the same for each part.
    """
    file = io.BytesIO()
    # The times of a part are relative to the clip, not to the part.
    options = {"avoid_negative_ts": "disabled"}
    output = av.open(file, "w", format=container, container_options=options)
    streams = [
        output.add_stream_from_template(
            _probe(sandbox_io, probe_entries, track, codec, rates[track])
        )
        for track, codec in enumerate(codecs)
    ]
    for stream, rate in zip(streams, rates, strict=True):
        stream.time_base = Fraction(1, rate)
    for track, is_keyframe, pts, dts, duration, offset, size in _unpack(entries):
        if offset == SILENCE:
            packet = av.Packet(_SILENT_BYTES[codecs[track]] * size)
        else:
            packet = av.Packet(_read_data(sandbox_io, offset, size))
        packet.stream = streams[track]
        packet.time_base = Fraction(1, rates[track])
        packet.pts, packet.dts, packet.duration = pts, dts, duration
        packet.is_keyframe = bool(is_keyframe)
        output.mux(packet)
    output.close()
    boxes = {box.kind: box for box in read_top_boxes(file, file.getbuffer().nbytes)}
    data, mdat = file.getbuffer(), boxes[b"mdat"]
    for begin in range(mdat.begin, mdat.end, MAX_PROBE_BYTES):
        sandbox_io.write(bytes(data[begin : min(begin + MAX_PROBE_BYTES, mdat.end)]))
    moov = shift_chunk_offsets(_copy(data, boxes[b"moov"]), -mdat.begin)
    return _copy(data, boxes[b"ftyp"]) + moov


def _copy(data: memoryview, box: Box) -> bytes:
    return bytes(data[box.start : box.end])


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
