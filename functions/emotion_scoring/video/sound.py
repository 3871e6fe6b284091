"""The sound of the annotated video: packets of the source, copied or converted."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from typing import Any

from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Discard

from functions.emotion_scoring.video.sound_track import SoundTrack
from shared.media.audio.edits import find_empty_edits
from shared.media.audio.frames import decode_timed_frames
from shared.media.audio.mixing import make_resampler, name_channels
from shared.media.containers.demux import raise_if_read_failed
from shared.media.containers.packets import next_packet
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


def read_sound(
    container: InputContainer, file: RangeFile, media_info: MediaInfo, track: SoundTrack, out: Any
) -> Iterator[TimedPacket]:
    """Adds the stream to `out` and returns its packets, with times from the first picture."""
    stream = next(item for item in container.streams.audio if item.index == track.index)
    for other in container.streams:
        if other.index != stream.index:
            other.discard = Discard.all
    is_mov = container.format.name.startswith("mov")
    # FFmpeg has sound where an empty edit of an MP4 asks for silence.
    if track.is_copied and not (is_mov and find_empty_edits(file, stream.id).ranges):
        return _copy(container, file, media_info, stream, out.add_stream_from_template(stream))
    channels = min(2, stream.codec_context.channels)
    coder = "twoloop" if (media_info.duration or 0) <= _MAX_TWOLOOP_S else "fast"
    encoder = out.add_stream("aac", rate=_RATE_HZ, options={"aac_coder": coder})
    encoder.layout, encoder.bit_rate = ("mono", "stereo")[channels - 1], _BIT_RATES[channels]
    return _convert(container, file, media_info, stream, encoder)


def _copy(
    container: InputContainer,
    file: RangeFile,
    media_info: MediaInfo,
    source: AudioStream,
    target: Any,
) -> Iterator[TimedPacket]:
    base = Fraction(source.time_base or 0)
    offset = round(media_info.first_pts.seconds / base)
    last = -1
    packets: Iterator[Any] = container.demux(source)
    for packet in iter(partial(next_packet, packets), None):
        if not packet.size or packet.pts is None or packet.pts - offset <= last:
            continue
        last = packet.pts - offset
        packet.pts = packet.dts = last
        packet.stream = target
        yield last * base, 1, packet
    raise_if_read_failed(file)


def _convert(
    container: InputContainer,
    file: RangeFile,
    media_info: MediaInfo,
    source: AudioStream,
    target: Any,
) -> Iterator[TimedPacket]:
    """Yields AAC. The sound of a pause is silence, and damage ends the sound."""
    position: int | None = None
    end = round(((media_info.duration or Fraction(0)) + _MAX_TAIL_S) * _RATE_HZ)
    channels = target.layout.nb_channels
    resampler: AudioResampler | None = None
    last: tuple[str, str, int] | None = None
    try:
        for time, frame in decode_timed_frames(container, source, file):
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
    except UndecodableSound:
        pass  # everything that follows is damaged
    yield from _encode(target, None)


def _encode(target: Any, frame: Any) -> Iterator[TimedPacket]:
    for packet in target.encode(frame):
        yield packet.dts * packet.time_base, 1, packet
