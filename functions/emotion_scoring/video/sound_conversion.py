"""Converts the sound of a video to AAC for the annotated video."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Discard

from shared.media.audio.frames import decode_timed_frames
from shared.media.audio.mixing import make_resampler, name_channels
from shared.media.containers.demux import open_container
from shared.media.containers.joined_files import open_joined_files
from shared.media.containers.range_file import RangeFile
from shared.media.errors import UndecodableSound
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


def find_stream(container: InputContainer, index: int) -> AudioStream | None:
    """Returns the sound stream `index`, or the first one if there is none, and discards the others.
    A joined file may have other streams than the first one."""
    streams = container.streams.audio
    stream = next((item for item in streams if item.index == index), None)
    stream = stream or (streams[0] if streams else None)
    for other in container.streams:
        if other is not stream:
            other.discard = Discard.all
    return stream


def convert_sound(
    file: RangeFile, media_info: MediaInfo, source: AudioStream, out: Any
) -> Iterator[TimedPacket]:
    """Adds a stream to `out` and returns its packets, with times from the first picture."""
    channels = min(2, source.codec_context.channels)
    coder = "twoloop" if (media_info.duration or 0) <= _MAX_TWOLOOP_S else "fast"
    target = out.add_stream("aac", rate=_RATE_HZ, options={"aac_coder": coder})
    target.layout, target.bit_rate = ("mono", "stereo")[channels - 1], _BIT_RATES[channels]
    return _encode_frames(_decode(file, media_info, source.index), media_info, target)


def _decode(
    file: RangeFile, media_info: MediaInfo, index: int
) -> Iterator[tuple[Fraction | None, Any]]:
    """Yields the frames of all joined files with their stored times. Damage ends a file."""
    for _, part in open_joined_files(file, media_info.joined_at):
        with open_container(part) as container:
            stream = find_stream(container, index)
            if stream is None:
                continue
            try:
                yield from decode_timed_frames(container, stream, part)
            except UndecodableSound:
                continue


def _encode_frames(
    frames: Iterator[tuple[Fraction | None, Any]], media_info: MediaInfo, target: Any
) -> Iterator[TimedPacket]:
    """Yields AAC without gaps from the time of the first frame on."""
    position: int | None = None
    end = round(((media_info.duration or Fraction(0)) + _MAX_TAIL_S) * _RATE_HZ)
    channels = target.layout.nb_channels
    resampler: AudioResampler | None = None
    last: tuple[str, str, int] | None = None
    for time, frame in frames:
        if position is None:
            start = Fraction(0) if time is None else time - media_info.first_pts.seconds
            position = round(start * _RATE_HZ)
        named = name_channels(frame)
        frame_format = (named.format.name, named.layout.name, named.sample_rate)
        if resampler is None or frame_format != last:
            resampler, last = make_resampler(named, _RATE_HZ, channels), frame_format
        for block in resampler.resample(named):
            if 0 <= position < end:
                block.pts, block.time_base = position, Fraction(1, _RATE_HZ)
                yield from _encode(target, block)
            position += block.samples
        if position >= end:
            break
    yield from _encode(target, None)


def _encode(target: Any, frame: Any) -> Iterator[TimedPacket]:
    for packet in target.encode(frame):
        yield packet.dts * packet.time_base, 1, packet
