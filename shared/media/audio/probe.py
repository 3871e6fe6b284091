"""Reads the properties of untrusted sound."""

from __future__ import annotations

import io
from dataclasses import dataclass
from fractions import Fraction
from typing import BinaryIO

from shared.media.audio.duration import measure_duration
from shared.media.audio.frames import decode_frames
from shared.media.audio.missing_end import PacketExtent, is_end_missing
from shared.media.audio.stream import open_sound
from shared.media.audio.wav_size import has_joined_file
from shared.media.containers.joined_files import find_listed_files
from shared.media.containers.range_file import RangeFile
from shared.media.errors import UndecodableSound


@dataclass(frozen=True, slots=True)
class SoundHeader:
    """The properties of a sound. `duration` is in seconds, as `measure_duration` returns it.
    `is_end_missing` tells whether the file should have more sound behind it, `is_joined` whether it
    has another recording there, which is not read. `track` is the number of the stream."""

    codec: str
    rate_hz: int
    channels: int
    duration: Fraction
    is_end_missing: bool
    is_joined: bool
    track: int
    track_count: int


def probe_sound(file: BinaryIO | RangeFile, *, max_duration_s: float) -> SoundHeader:
    """Returns the properties of a sound after decoding its first frame.

    A sound that is longer than `max_duration_s` is measured only so far.

    Raises UndecodableSound, and the errors of `open_sound`.
    """
    with open_sound(file) as (container, stream):
        codec = stream.codec_context
        name, rate_hz, channels = codec.name, codec.sample_rate, codec.channels
        if next(decode_frames(container, stream, file), None) is None:
            raise UndecodableSound
    with open_sound(file) as (container, stream):
        extent = PacketExtent()
        duration = measure_duration(container, stream, file, max_duration_s, extent.add)
        family = container.format.name.split(",")[0]
        # A sound that is too long was not read to its end.
        is_missing = duration <= max_duration_s and is_end_missing(
            file, family, stream, extent, duration
        )
        track, track_count = stream.index, len(container.streams.audio)
    is_joined = _is_joined(file, family)
    return SoundHeader(name, rate_hz, channels, duration, is_missing, is_joined, track, track_count)


def _is_joined(file: BinaryIO | RangeFile, family: str) -> bool:
    """Returns whether another file follows that FFmpeg does not read."""
    size_bytes = file.seek(0, io.SEEK_END)
    if family == "mov":
        return bool(find_listed_files(file, size_bytes))
    return family == "wav" and has_joined_file(file, size_bytes)
