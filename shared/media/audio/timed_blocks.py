"""Decodes the sound of a container from about a time on, in blocks with their times."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, BinaryIO

import av
import numpy as np
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from numpy.typing import NDArray

from shared.media.audio.frames import decode_timed_frames
from shared.media.audio.mixing import make_resampler, name_channels
from shared.media.audio.pcm import resample_frame
from shared.media.containers.demux import raise_if_read_failed
from shared.media.containers.range_file import RangeFile

MAX_DRIFT_S = Fraction(1, 20)
"""Samples whose time differs by more from the number of the samples before them are moved."""


def decode_timed_blocks(
    container: InputContainer,
    stream: AudioStream,
    file: BinaryIO | RangeFile,
    rate_hz: int,
    channels: int,
) -> Iterator[tuple[Fraction | None, NDArray[np.float32]]]:
    """Yields blocks of shape (channels, n), each with its time in seconds, or None if it follows
    the one before. Raises the errors of `decode_timed_frames`, and UndecodableSound."""
    resampler: AudioResampler | None = None
    last: tuple[str, str, int] | None = None
    for time, frame in decode_timed_frames(container, stream, file):
        named: Any = name_channels(frame)
        frame_format = (named.format.name, named.layout.name, named.sample_rate)
        if frame_format != last:
            resampler, last = make_resampler(named, rate_hz, channels), frame_format
        # The delay of the resampler is below a millisecond.
        for block in resample_frame(resampler, named, channels):
            yield time, block
            time = None


def seek_sound(container: InputContainer, target: Fraction, file: BinaryIO | RangeFile) -> None:
    """Seeks to a time, in seconds, or to the one before it that the container can find. Raises the
    error of a read that failed."""
    try:
        container.seek(int(target * av.time_base), backward=True)
    except (av.error.FFmpegError, OSError):
        raise_if_read_failed(file)
