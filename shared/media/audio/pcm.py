"""Decode untrusted sound into samples of the rate and the channels that a film needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import av
import numpy as np
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

from shared.media.audio.probe import SoundTooLong, UndecodableSound, decode_frames, open_sound
from shared.media.containers.range_file import RangeFile

Samples = NDArray[np.float32]
"""float32 of shape (channels, n), full scale is 1."""


def decode_sound(
    file: BinaryIO | RangeFile, *, rate_hz: int, channels: int, max_duration_s: float
) -> Iterator[Samples]:
    """The whole sound in blocks, mixed to 1 or 2 `channels` at `rate_hz`.

    Raises SoundTooLong after `most_s` seconds, UndecodableSound when nothing can be decoded, and
    what `open_sound` raises. Damaged parts in between are passed over.
    """
    most, count = round(max_duration_s * rate_hz), 0
    with open_sound(file) as (container, stream):
        for block in _resampled(decode_frames(container, stream, file), rate_hz, channels):
            count += block.shape[1]
            if count > most:
                raise SoundTooLong(
                    f"The sound is longer than {max_duration_s / 60:.0f} minutes, "
                    "which is the limit."
                )
            yield block
    if not count:
        raise UndecodableSound


def _resampled(frames: Iterator[av.AudioFrame], rate_hz: int, channels: int) -> Iterator[Samples]:
    resampler: AudioResampler | None = None
    last: tuple[str, str, int] | None = None
    for frame in frames:
        form = (frame.format.name, frame.layout.name, frame.sample_rate)
        if form != last:
            # Chained files change their form on the way.
            yield from _blocks(resampler, None, channels)
            alone = channels == 1 or frame.layout.nb_channels == 1
            layout = "mono" if alone else "stereo"
            resampler = AudioResampler(format="fltp", layout=layout, rate=rate_hz)
            last = form
        yield from _blocks(resampler, frame, channels)
    yield from _blocks(resampler, None, channels)


def _blocks(
    resampler: AudioResampler | None, frame: av.AudioFrame | None, channels: int
) -> Iterator[Samples]:
    if resampler is None:
        return
    try:
        made = resampler.resample(frame)
    except (av.error.FFmpegError, ValueError) as error:
        raise UndecodableSound from error
    for out in made:
        # Floating-point files may hold anything, also what is no number.
        block = np.nan_to_num(np.asarray(out.to_ndarray(), np.float32), posinf=0.0, neginf=0.0)
        # One channel is played by both sides as it is; the resampler would take 3 dB away.
        yield block if block.shape[0] == channels else np.repeat(block, channels, axis=0)
