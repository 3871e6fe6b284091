"""Decodes the frames of a sound; its pauses become frames of silence."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import BinaryIO

import av
from av.audio.stream import AudioStream
from av.container import InputContainer

from shared.media.audio.edits import find_empty_edits
from shared.media.audio.gaps import STAMPED_CONTAINERS, Timed, find_gaps, to_samples
from shared.media.audio.packets import read_packets
from shared.media.containers.range_file import RangeFile
from shared.media.errors import UndecodableSound

MAX_DAMAGED_PACKETS = 200
"""Consecutive damaged packets. Single damaged packets are skipped; more are not a sound."""
_UNSIGNED_FORMATS = ("u8", "u8p")
"""The formats in which silence is 128."""


def decode_frames(
    container: InputContainer, stream: AudioStream, file: BinaryIO | RangeFile
) -> Iterator[av.AudioFrame]:
    """Yields frames without time stamps that follow each other, without damaged ones.

    Pauses, and empty edits of an MP4, are frames of silence of at most a second.

    Raises:
        UndecodableSound: When there are too many damaged packets.
        Exception: The error with which reading a RangeFile failed.
    """
    lead = find_empty_edits(file, stream.id).lead if _is_mov(container) else Fraction(0)
    for _, frame in decode_timed_frames(container, stream, file):
        # Once: a part of the presentation before the first frame.
        yield from make_silence(frame, int(lead * frame.sample_rate))
        lead = Fraction(0)
        yield frame


def decode_timed_frames(
    container: InputContainer, stream: AudioStream, file: BinaryIO | RangeFile
) -> Iterator[tuple[Fraction | None, av.AudioFrame]]:
    """Yields the frames of `decode_frames` without silence before the first one, each after the
    time of its stamp in seconds; None for silence, and if it is not known. Raises the same errors.
    """
    family = container.format.name.split(",")[0]
    empty_edits = find_empty_edits(file, stream.id).ranges if _is_mov(container) else ()
    rate_hz = stream.codec_context.sample_rate
    # Other containers have no stamps of their own: FFmpeg counts.
    is_stamped = family in STAMPED_CONTAINERS
    timed = (_timed(frame, rate_hz, is_stamped) for frame in _decode(container, stream, file))
    for found in find_gaps(timed, rate_hz, family):
        frame = found.item
        for silence in make_silence(frame, found.gap * frame.sample_rate // rate_hz):
            yield None, silence
        if _is_in(empty_edits, found, rate_hz):
            for silence in make_silence(frame, frame.samples):
                yield None, silence
            continue
        time = None if found.start is None else Fraction(found.start, rate_hz)
        frame.pts = None
        yield time, frame


def make_silence(frame: av.AudioFrame, sample_count: int) -> Iterator[av.AudioFrame]:
    """Yields silence in the format of `frame`, in frames of at most a second."""
    value = b"\x80" if frame.format.name in _UNSIGNED_FORMATS else b"\0"
    # With 8 channels or more PyAV 18 lists pointers behind the last plane.
    plane_count = frame.layout.nb_channels if frame.format.is_planar else 1
    for at in range(0, sample_count, frame.sample_rate):
        length = min(frame.sample_rate, sample_count - at)
        silence = av.AudioFrame(frame.format.name, frame.layout.name, length)
        silence.sample_rate, silence.time_base = frame.sample_rate, frame.time_base
        for plane in silence.planes[:plane_count]:
            plane.update(value * plane.buffer_size)
        yield silence


def _is_mov(container: InputContainer) -> bool:
    return container.format.name.startswith("mov,")


def _timed(frame: av.AudioFrame, rate_hz: int, is_stamped: bool) -> Timed[av.AudioFrame]:
    start = to_samples(frame.pts, frame.time_base, rate_hz) if is_stamped else None
    return Timed(start, frame.samples * rate_hz // frame.sample_rate, frame)


def _is_in(
    ranges: Sequence[tuple[Fraction, Fraction]], timed: Timed[av.AudioFrame], rate_hz: int
) -> bool:
    """Returns whether the middle of a frame is in one of the ranges, which are in order."""
    if timed.start is None:
        return False
    middle = Fraction(2 * timed.start + timed.length, 2 * rate_hz)
    number = bisect_right(ranges, middle, key=lambda item: item[0]) - 1
    return number >= 0 and middle < ranges[number][1]


def _decode(
    container: InputContainer, stream: AudioStream, file: object
) -> Iterator[av.AudioFrame]:
    """Yields the stream's frames in order, without damaged ones. Raises UndecodableSound."""
    damaged = 0
    for packet in read_packets(container, stream, file):
        try:
            frames = packet.decode()
        except av.error.EOFError:
            continue
        except av.error.FFmpegError as error:
            if isinstance(error, MemoryError):
                raise
            damaged += 1
            if damaged > MAX_DAMAGED_PACKETS:
                raise UndecodableSound from error
            continue
        except (NotImplementedError, ValueError) as error:
            raise UndecodableSound from error
        for frame in frames:
            damaged = 0
            yield frame
