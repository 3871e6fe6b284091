"""Writes a copy of a video with a subtitle track: the packets of pictures and sound are copied."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Any, Literal

import av
from av.container import InputContainer
from av.stream import Disposition
from av.subtitles.stream import SubtitleStream

from functions.speech_recognition.copies.corrected_output import CorrectableOutput, write_corrected
from shared.media.containers.demux import next_packet, open_container, raise_if_read_failed
from shared.media.containers.faststart import Target, write_twice
from shared.media.containers.range_file import RangeFile
from shared.media.containers.timed_text import (
    add_subrip_stream,
    add_text_stream,
    make_subrip_packet,
    make_text_packet,
)
from shared.media.sandbox.child import SandboxIO
from shared.recipes.media_info import MediaInfo
from shared.subtitles.cues import Cue

_MAX_GAP_MS = 3600 * 1000
"""FFmpeg refuses longer samples than those of almost three hours."""
_REPRODUCIBLE = {"fflags": "+bitexact"}
"""Without it, the tracks of a Matroska have random numbers."""
TimedPacket = tuple[Fraction, int, Any]
"""The decoding time in seconds, the number of the stream and the packet."""


def write_captioned_in_sandbox(
    sandbox_io: SandboxIO,
    media_info: MediaInfo,
    container: Literal["mp4", "matroska"],
    indexes: Sequence[int],
    cues: Sequence[Cue],
    language: str,
) -> bytes:
    """Writes a file with these streams of a video and the cues. `language` is an ISO 639-2 code.

    Raises the errors of `open_container`, and FilmTooLarge.
    """

    def mux(target: Target | CorrectableOutput, options: dict[str, str]) -> None:
        file = RangeFile(sandbox_io.read, sandbox_io.size_bytes, block_bytes=1 << 20)
        with (
            open_container(file) as source,
            av.open(target, "w", format=container, options=options) as out,
        ):
            add = _add_matroska_cues if container == "matroska" else _add_mp4_cues
            _copy(source, file, out, media_info, indexes, lambda: add(out, cues, language))
            if isinstance(target, Target):
                # The muxer writes the index when `out` is closed.
                target.begin_index()

    if container == "mp4":
        write_twice(lambda target: mux(target, {}), sandbox_io)
    else:
        write_corrected(lambda target: mux(target, _REPRODUCIBLE), sandbox_io)
    return b""


def _copy(
    source: InputContainer,
    file: RangeFile,
    out: Any,
    media_info: MediaInfo,
    indexes: Sequence[int],
    add_cues: Callable[[], Iterator[TimedPacket]],
) -> None:
    """Copies streams in their order, and adds the cues as a track after them."""
    streams: dict[int, Any] = {}
    for index in indexes:
        template = source.streams[index]
        streams[index] = out.add_stream_from_template(template)
        if "language" in template.metadata:
            streams[index].metadata["language"] = template.metadata["language"]
        # The captions are the track of subtitles that is shown.
        if template.type != "subtitle":
            streams[index].disposition = template.disposition & Disposition.default
    cues = add_cues()
    media = _media_packets(source, file, streams, media_info.first_pts.seconds)
    for _, _, packet in heapq.merge(media, cues, key=lambda item: item[:2]):
        out.mux_one(packet)


def _media_packets(
    source: InputContainer, file: RangeFile, streams: dict[int, Any], zero: Fraction
) -> Iterator[TimedPacket]:
    """Yields the packets in the order of the file, with times from `zero` on."""
    latest = Fraction(-1)
    for packet in _with_decoding_times(_read_packets(source, file, streams)):
        index = packet.stream.index
        base = Fraction(packet.time_base)
        shift = round(zero / base)
        packet.dts -= shift
        if packet.pts is not None:
            packet.pts -= shift
        # Merged with the cues, so in order. Files are not interleaved exactly.
        latest = max(latest, packet.dts * base)
        packet.stream = streams[index]
        yield latest, 0, packet


def _read_packets(source: InputContainer, file: RangeFile, streams: Iterable[int]) -> Iterator[Any]:
    packets = source.demux([source.streams[index] for index in streams])
    while True:
        try:
            packet: Any = next_packet(packets)  # type: ignore[arg-type]
        except (av.error.FFmpegError, OSError):
            packet = None  # the file ends here
        if packet is None:
            raise_if_read_failed(file)
            return
        if packet.size:
            yield packet


def _with_decoding_times(packets: Iterable[Any]) -> Iterator[Any]:
    """Yields the packets with decoding times. FFmpeg does not know those of the first packets of a
    Matroska with reordered pictures; they are as far apart as these packets are long."""
    pending: dict[int, list[Any]] = {}
    last: dict[int, int] = {}
    for packet in packets:
        index = packet.stream.index
        if packet.dts is None:
            if index in last:
                packet.dts = last[index] + 1
            else:
                pending.setdefault(index, []).append(packet)
                continue
        early = pending.pop(index, [])
        for number, item in enumerate(reversed(early), 1):
            item.dts = packet.dts - number * max(1, item.duration or 0)
        last[index] = packet.dts
        yield from (*early, packet)


def _add_mp4_cues(out: Any, cues: Sequence[Cue], language: str) -> Iterator[TimedPacket]:
    """Adds a track, and returns the cues with empty samples where nothing is said."""
    return _mp4_packets(cues, add_text_stream(out, language))


def _mp4_packets(cues: Sequence[Cue], stream: SubtitleStream) -> Iterator[TimedPacket]:
    at_ms = 0
    for cue in cues:
        while cue.start_ms > at_ms:
            end_ms = min(cue.start_ms, at_ms + _MAX_GAP_MS)
            # At once: FFmpeg ends a subtitle itself when packets of a later time follow.
            yield Fraction(at_ms, 1000), 1, make_text_packet(stream, "", at_ms, end_ms)
            at_ms = end_ms
        packet = make_text_packet(stream, "\n".join(cue.lines), cue.start_ms, cue.end_ms)
        yield Fraction(at_ms, 1000), 1, packet
        at_ms = cue.end_ms


def _add_matroska_cues(out: Any, cues: Sequence[Cue], language: str) -> Iterator[TimedPacket]:
    """Adds a track, and returns the cues."""
    return _matroska_packets(cues, add_subrip_stream(out, language))


def _matroska_packets(cues: Sequence[Cue], stream: SubtitleStream) -> Iterator[TimedPacket]:
    for cue in cues:
        packet = make_subrip_packet(stream, "\n".join(cue.lines), cue.start_ms, cue.end_ms)
        yield Fraction(cue.start_ms, 1000), 1, packet
