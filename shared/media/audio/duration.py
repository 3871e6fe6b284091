"""Measures how long a sound is, without decoding it.

What a file declares is not trusted. Raw streams (ADTS, AC-3, AMR, MP3 without Xing header) declare
nothing, and FFmpeg estimates their duration from the bit rate of the beginning. The header of a
recording that did not end properly is wrong.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from itertools import chain
from typing import Any, BinaryIO

from av.audio.stream import AudioStream
from av.container import InputContainer

from shared.media.audio.edits import find_empty_edits
from shared.media.audio.gaps import (
    STAMPED_CONTAINERS,
    TOLERANCE_S,
    Timed,
    find_gaps,
    to_samples,
)
from shared.media.audio.packets import SoundPacket, read_packets
from shared.media.audio.wav_size import is_wav_size_wrong
from shared.media.containers.boxes import read_top_boxes
from shared.media.containers.range_file import RangeFile

File = BinaryIO | RangeFile
_PCM_CONTAINERS = frozenset({"wav", "w64", "aiff", "caf", "au"})
_MAX_PACKET_S = {"vorbis": Fraction(8192, 48_000), "opus": Fraction(120, 1000)}
"""The longest packets of codecs whose packets FFmpeg may extend to the declared end of an Ogg."""
_SKIPPED = struct.Struct("<II2x")
"""FFmpeg's side data: samples of padding at the start and at the end of a packet."""
_WAVPACK = struct.Struct("<20xI8x")
"""The header of a block of WavPack, which contains the number of its samples."""


def measure_duration(
    container: InputContainer,
    stream: AudioStream,
    file: File,
    max_duration_s: float,
    on_packet: Callable[[SoundPacket], None] = lambda _packet: None,
) -> Fraction:
    """Returns the duration in seconds with all pauses; a little more than the limit if it is more.

    Packets are counted, which reads the sound once, at most as much as the limit is long. Of PCM
    only the size is necessary, and of an MP4 that is not fragmented the index.

    Args:
        container: Of `open_sound`, newly opened.
        stream: Of `open_sound`.
        file: The file of both.
        max_duration_s: Where measuring ends.
        on_packet: Called with each packet that is read; of PCM and an MP4 only with the first.

    Raises the error with which reading a RangeFile failed.
    """
    family = container.format.name.split(",")[0]
    packets: Iterator[SoundPacket] = (
        packet
        for packet in read_packets(container, stream, file)
        if packet.size and not packet.is_discard
    )
    first = next(packets, None)
    if first is None:
        return Fraction(0)
    on_packet(first)
    position = file.tell()
    size_bytes = file.seek(0, io.SEEK_END)
    file.seek(position)
    if family in _PCM_CONTAINERS and stream.codec_context.name.startswith("pcm_"):
        measured = _measure_pcm(first, size_bytes)
        declared = (stream.duration or 0) * _exact(stream.time_base)
        is_declared = 0 < declared < measured and not is_wav_size_wrong(file, size_bytes)
        return declared if is_declared else measured
    lead = find_empty_edits(file, stream.id).lead if family == "mov" else Fraction(0)
    if family == "mov" and not _is_fragmented(file, size_bytes):
        return lead + _measure_index(stream, first, size_bytes)
    packets = _pass_to(on_packet, packets)
    return lead + _measure_packets(chain([first], packets), stream, family, max_duration_s)


def _pass_to(
    on_packet: Callable[[SoundPacket], None], packets: Iterable[SoundPacket]
) -> Iterator[SoundPacket]:
    for packet in packets:
        on_packet(packet)
        yield packet


def _measure_pcm(first: SoundPacket, size_bytes: int) -> Fraction:
    """Returns the duration of all bytes from the first packet on."""
    size = size_bytes - (first.pos or 0)
    return Fraction(size * (first.duration or 0), first.size) * _exact(first.time_base)


def _measure_index(stream: AudioStream, first: SoundPacket, size_bytes: int) -> Fraction:
    """Returns the time between the first and the last sample that the file contains."""
    begin = end = None
    for entry in stream.index_entries:
        if entry.is_discard or entry.pos + entry.size > size_bytes:
            continue
        begin = entry.timestamp if begin is None else min(begin, entry.timestamp)
        end = entry.timestamp if end is None else max(end, entry.timestamp)
    if begin is None or end is None:
        return Fraction(0)
    # The first sample may be as long as a pause after it.
    time_base, frame_size = _exact(stream.time_base), stream.codec_context.frame_size
    rate_hz = stream.codec_context.sample_rate
    length = (first.duration or 0) * time_base
    if frame_size:
        length = min(length, Fraction(frame_size, rate_hz))
    # An edit list may begin within the first sample, behind the delay of the encoder.
    delay = Fraction(_skipped_samples(first)[0], rate_hz) if rate_hz else Fraction(0)
    return max(Fraction(0), (end - begin) * time_base + length - delay)


def _measure_packets(
    packets: Iterator[SoundPacket], stream: AudioStream, family: str, max_duration_s: float
) -> Fraction:
    """Counts packets until the limit."""
    rate_hz = stream.codec_context.sample_rate
    is_stamped = family in STAMPED_CONTAINERS
    timed = (_timed(packet, rate_hz, is_stamped) for packet in packets)
    total, limit = 0, max_duration_s * rate_hz
    max_length = rate_hz * _MAX_PACKET_S.get(stream.codec_context.name, Fraction(3600))
    for found in find_gaps(_with_exact_lengths(timed, rate_hz, max_length), rate_hz, family):
        total += found.gap + found.length
        if total > limit:
            break
    return Fraction(total, rate_hz)


def _timed(packet: SoundPacket, rate_hz: int, is_stamped: bool) -> Timed[None]:
    """Returns the samples of a packet without their padding."""
    time_base = _exact(packet.time_base)
    start = to_samples(packet.pts, time_base, rate_hz) if is_stamped else None
    # A parser does not know the duration before the first header.
    frame_size = packet.stream.codec_context.frame_size
    length = to_samples(packet.duration, time_base, rate_hz) or frame_size or _coded_length(packet)
    before, after = _skipped_samples(packet)
    if before or after:
        start = None if start is None else start + before
        # In some containers the duration does not include the padding.
        if length + before + after > frame_size:
            length = max(0, length - before - after)
    return Timed(start, length, None)


def _skipped_samples(packet: SoundPacket) -> tuple[int, int]:
    """Returns how many samples at the start and at the end of a packet are padding."""
    if not packet.has_sidedata("skip_samples"):
        return 0, 0
    before, after = _SKIPPED.unpack(bytes(packet.get_sidedata("skip_samples"))[: _SKIPPED.size])
    return before, after


def _coded_length(packet: SoundPacket) -> int:
    """Returns the samples of a block of WavPack, which Matroska stores without a duration; 0 for
    other codecs."""
    header = (
        bytes(packet)[: _WAVPACK.size] if packet.stream.codec_context.name == "wavpack" else b""
    )
    return _WAVPACK.unpack(header)[0] if len(header) == _WAVPACK.size else 0


def _with_exact_lengths(
    items: Iterable[Timed[None]], rate_hz: int, max_length: Fraction
) -> Iterator[Timed[None]]:
    """Yields the items. Lengths that are rounded, or unknown, end at the next item; those above
    `max_length` are wrong."""
    previous: Timed[None] | None = None
    for timed in items:
        if previous is not None:
            if timed.length > max_length:
                timed.length = previous.length
            if timed.start is not None and previous.start is not None:
                step = timed.start - previous.start
                if 0 < step <= previous.length + rate_hz * TOLERANCE_S:
                    previous.length = step
            yield previous
        previous = timed
    if previous is not None:
        yield previous


def _is_fragmented(file: File, size_bytes: int) -> bool:
    """Returns whether a part of the index is in later boxes (ISO/IEC 14496-12 §8.8)."""
    position = file.tell()
    try:
        return any(box.kind == b"moof" for box in read_top_boxes(file, size_bytes))
    finally:
        file.seek(position)


def _exact(value: Any) -> Fraction:
    return Fraction(1) if value is None else Fraction(value.numerator, value.denominator)
