"""Converts the sound of a video to AAC, for an MP4."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from fractions import Fraction
from itertools import chain, groupby
from operator import itemgetter
from typing import Any

import av
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream

from shared.media.audio.frames import decode_timed_frames, make_silence
from shared.media.audio.gaps import Timed, find_gaps, to_samples
from shared.media.audio.mixing import make_resampler, name_channels
from shared.media.containers.demux import open_container
from shared.media.containers.range_file import RangeFile
from shared.media.errors import UndecodableSound
from shared.media.reencoding.sound_packets import find_stream, read_sound_packets
from shared.recipes.media_info import MediaInfo

_RATE_HZ = 48_000
_MAX_TWOLOOP_S = 3600
"""The coder `twoloop` takes up to 1.8 s of CPU per minute of sound in each of two passes. In longer
videos `fast` is used, which distorts single tones at full level."""
_BIT_RATES = {1: 96_000, 2: 160_000}
_MAX_TAIL_S = 10
"""Converted sound ends this long after the pictures at the latest."""
TimedPacket = tuple[Fraction, int, Any]
"""Decoding time in seconds, rank in a tie, packet."""


def convert_sound(
    file: RangeFile, media_info: MediaInfo, source: AudioStream, out: Any
) -> Iterator[TimedPacket]:
    """Adds a stream to `out` and returns its packets, with times from the first picture."""
    channels = min(2, source.codec_context.channels)
    coder = "twoloop" if (media_info.duration or 0) <= _MAX_TWOLOOP_S else "fast"
    target = out.add_stream("aac", rate=_RATE_HZ, options={"aac_coder": coder})
    target.layout, target.bit_rate = ("mono", "stereo")[channels - 1], _BIT_RATES[channels]
    frames = (
        decode_parts(file, media_info, source)
        if media_info.discontinuities
        else _decode(file, media_info, source.index)
    )
    return _encode_frames(frames, target, media_info.duration)


def _decode(
    file: RangeFile, media_info: MediaInfo, index: int
) -> Iterator[tuple[Fraction | None, Any]]:
    """Yields the frames, which follow each other, the first one with its time from the first
    picture. Damage ends them."""
    is_first = True
    with open_container(file) as container:
        stream = find_stream(container, index)
        if stream is None:
            return
        with suppress(UndecodableSound):
            for time, frame in decode_timed_frames(container, stream, file):
                is_timed = is_first and time is not None
                yield ((time or 0) - media_info.first_pts.seconds if is_timed else None), frame
                is_first = False


def decode_parts(
    file: RangeFile, media_info: MediaInfo, source: AudioStream
) -> Iterator[tuple[Fraction | None, Any]]:
    """Yields the frames of a video with discontinuities. Those of each part follow each other; the
    first one has its time from the first picture."""
    rate_hz, family = source.codec_context.sample_rate, media_info.container.split(",")[0]
    base = Fraction(source.time_base or 0)
    packets = read_sound_packets(file, media_info, source.index, base)
    for _, part in groupby(packets, key=itemgetter(0)):
        is_first = True
        for found in find_gaps(_decode_packets(part, base, rate_hz), rate_hz, family):
            frame = found.item
            for silence in make_silence(frame, found.gap * frame.sample_rate // rate_hz):
                yield None, silence
            is_timed = is_first and found.start is not None
            frame.pts = None
            yield (Fraction(found.start or 0, rate_hz) if is_timed else None), frame
            is_first = False


def _decode_packets(
    packets: Iterable[tuple[int, Any]], base: Fraction, rate_hz: int
) -> Iterator[Timed[AudioFrame]]:
    """Yields the frames of packets in ticks of `base`, without damaged ones."""
    for _, packet in packets:
        try:
            frames = packet.decode()
        except MemoryError:
            raise
        except (av.error.FFmpegError, NotImplementedError, ValueError):
            continue
        for frame in frames:
            start = to_samples(frame.pts, base, rate_hz)
            yield Timed(start, frame.samples * rate_hz // frame.sample_rate, frame)


def _encode_frames(
    frames: Iterator[tuple[Fraction | None, Any]], target: Any, duration: Fraction | None
) -> Iterator[TimedPacket]:
    """Yields AAC without gaps from the time of the first frame on.

    Args:
        frames: Each with its time, or None when it follows the one before.
        target: The stream to encode.
        duration: That of the pictures, in seconds.
    """
    position: int | None = None
    end = round(((duration or Fraction(0)) + _MAX_TAIL_S) * _RATE_HZ)
    channels = target.layout.nb_channels
    resampler: AudioResampler | None = None
    last: tuple[str, str, int] | None = None
    for time, frame in frames:
        begin = position if time is None else round(time * _RATE_HZ)
        begin = begin or 0
        if position is None:
            position = begin
        named = name_channels(frame)
        frame_format = (named.format.name, named.layout.name, named.sample_rate)
        if resampler is None or frame_format != last:
            resampler, last = _make_resampler(named, channels), frame_format
        missing = min(begin, end) - position
        silence = make_silence(named, missing * named.sample_rate // _RATE_HZ)
        for part in chain(silence, [named]):
            # What overlaps the sound before is left out.
            for block in _skip(resampler.resample(part), position - begin):
                if 0 <= position < end:
                    block.pts, block.time_base = position, Fraction(1, _RATE_HZ)
                    yield from _encode(target, block)
                position += block.samples
        if position >= end:
            break
    yield from _encode(target, None)


def _make_resampler(frame: AudioFrame, channels: int) -> AudioResampler:
    if frame.layout.nb_channels == 1 < channels:
        # Another recording has two.
        return AudioResampler(format="fltp", layout="stereo", rate=_RATE_HZ)
    return make_resampler(frame, _RATE_HZ, channels)


def _skip(blocks: Iterable[AudioFrame], count: int) -> Iterator[AudioFrame]:
    """Yields the blocks without their first `count` samples."""
    for block in blocks:
        if count <= 0:
            yield block
        elif count < block.samples:
            samples = block.to_ndarray()[:, count:].copy()
            rest = AudioFrame.from_ndarray(samples, block.format.name, block.layout.name)
            rest.sample_rate = block.sample_rate
            yield rest
        count -= block.samples


def _encode(target: Any, frame: Any) -> Iterator[TimedPacket]:
    for packet in target.encode(frame):
        yield packet.dts * packet.time_base, 1, packet
