"""Decodes a time range of the sound of a video that consists of several recordings."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

from shared.media.audio.mixing import make_resampler, name_channels
from shared.media.audio.pcm import resample_frame
from shared.media.audio.sound_range import DecodedRange
from shared.media.audio.stream import choose_sound
from shared.media.audio.time_range import SoundRange
from shared.media.containers.demux import open_container
from shared.media.containers.range_file import RangeFile
from shared.media.errors import UndecodableSound
from shared.media.reencoding.sound_conversion import decode_parts
from shared.recipes.media_info import MediaInfo


def decode_joined_range(
    file: RangeFile, media_info: MediaInfo, wanted: SoundRange, rate_hz: int
) -> DecodedRange:
    """Returns the samples of a range at `rate_hz`, mono. The file is read from its beginning.

    Raises:
        PermanentError: See `open_container`; UndecodableSound when nothing can be decoded.
        Exception: The error with which reading the file failed.
    """
    samples = np.zeros(round((wanted.end - wanted.begin) * rate_hz), np.int16)
    filled, position = 0, -round(wanted.begin * rate_hz)
    is_decodable = False
    with open_container(file) as container:
        frames = decode_parts(file, media_info, choose_sound(container))
        for time, block in _resample(frames, rate_hz):
            is_decodable = True
            if time is not None:
                position = round((time - wanted.begin) * rate_hz)
            first, last = max(0, position), min(len(samples), position + len(block))
            if first < last:
                samples[first:last] = block[first - position : last - position]
                filled = max(filled, last)
            position += len(block)
            if position >= len(samples):
                break
    if not is_decodable:
        raise UndecodableSound
    return DecodedRange(samples[:filled], is_complete=True)


def _resample(
    frames: Iterator[tuple[Fraction | None, AudioFrame]], rate_hz: int
) -> Iterator[tuple[Fraction | None, NDArray[np.int16]]]:
    """Yields mono blocks, each with its time, or None if it follows the one before."""
    resampler: AudioResampler | None = None
    last: tuple[str, str, int] | None = None
    for time, frame in frames:
        named = name_channels(frame)
        frame_format = (named.format.name, named.layout.name, named.sample_rate)
        if resampler is None or frame_format != last:
            resampler, last = make_resampler(named, rate_hz, 1), frame_format
        for block in resample_frame(resampler, named, 1):
            yield time, np.round(np.clip(block[0], -1, 1) * 32767).astype(np.int16)
            time = None
