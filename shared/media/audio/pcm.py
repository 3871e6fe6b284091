"""Decodes untrusted sound into samples at the rate and with the channels of a film."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import av
import numpy as np
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

from shared.media.audio.frames import decode_frames
from shared.media.audio.mixing import make_resampler, name_channels
from shared.media.audio.stream import open_sound
from shared.media.containers.range_file import RangeFile
from shared.media.errors import SoundTooLong, UndecodableSound

Samples = NDArray[np.float32]
"""float32 of shape (channels, n); full scale is 1."""


def decode_sound(
    file: BinaryIO | RangeFile, *, rate_hz: int, channels: int, max_duration_s: float
) -> Iterator[Samples]:
    """Yields the sound in blocks, mixed to 1 or 2 `channels` at `rate_hz`.

    Damaged parts are skipped. Pauses in the time stamps are silence. More channels are mixed as
    `make_resampler` describes.

    Raises:
        SoundTooLong: After `max_duration_s` seconds.
        UndecodableSound: When nothing can be decoded.
        PermanentError: See `open_sound`.
    """
    max_samples, count = round(max_duration_s * rate_hz), 0
    with open_sound(file) as (container, stream):
        for block in _resample(decode_frames(container, stream, file), rate_hz, channels):
            count += block.shape[1]
            if count > max_samples:
                raise SoundTooLong(
                    f"The sound is longer than {max_duration_s / 60:.0f} minutes, "
                    "which is the limit."
                )
            yield block
    if not count:
        raise UndecodableSound


def _resample(frames: Iterator[av.AudioFrame], rate_hz: int, channels: int) -> Iterator[Samples]:
    resampler: AudioResampler | None = None
    last: tuple[str, str, int] | None = None
    for frame in map(name_channels, frames):
        frame_format = (frame.format.name, frame.layout.name, frame.sample_rate)
        if frame_format != last:
            # Chained files may change their format.
            yield from resample_frame(resampler, None, channels)
            resampler = make_resampler(frame, rate_hz, channels)
            last = frame_format
        yield from resample_frame(resampler, frame, channels)
    yield from resample_frame(resampler, None, channels)


def resample_frame(
    resampler: AudioResampler | None, frame: av.AudioFrame | None, channels: int
) -> Iterator[Samples]:
    """Yields what a resampler makes of a frame, or of None at the end: float32 of shape (channels,
    n). Raises UndecodableSound."""
    if resampler is None:
        return
    try:
        resampled_frames = resampler.resample(frame)
    except (av.error.FFmpegError, ValueError) as error:
        raise UndecodableSound from error
    for resampled_frame in resampled_frames:
        # A floating-point file may contain any value, including NaN.
        block = np.nan_to_num(
            np.asarray(resampled_frame.to_ndarray(), np.float32), posinf=0.0, neginf=0.0
        )
        # Mono is copied to both channels unchanged; the resampler would attenuate it by 3 dB.
        yield block if block.shape[0] == channels else np.repeat(block, channels, axis=0)
