"""Decodes the sound of a time range of a video; only the packets around it are read."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, BinaryIO

import av
import numpy as np
from av.audio.resampler import AudioResampler
from av.container import InputContainer
from numpy.typing import NDArray

from shared.errors import PermanentError
from shared.media.audio.frames import decode_timed_frames
from shared.media.audio.mixing import make_resampler, name_channels
from shared.media.audio.stream import choose_sound
from shared.media.containers.demux import open_container, raise_if_read_failed
from shared.media.containers.range_file import RangeFile
from shared.recipes.media_info import MediaInfo

Samples = NDArray[np.float32]
_CHANNELS = 2
_LEADS_S = (Fraction(1), Fraction(10))
"""Decoding begins this long before the range; the second one if the container seeks too late."""
_MAX_DRIFT_S = Fraction(1, 20)
"""Samples whose time differs by more from the number of the samples before them are moved."""


def decode_window(
    file: BinaryIO | RangeFile,
    media_info: MediaInfo,
    begin: Fraction,
    sample_count: int,
    rate_hz: int,
) -> Samples | None:
    """Returns `sample_count` samples from `begin` on, float32 of shape (2, n), or None if there is
    no sound that can be decoded.

    Args:
        begin: In seconds from the first picture. Times without sound are silent.
    """
    try:
        near, far = (begin - lead for lead in _LEADS_S)
        window = begin, sample_count, rate_hz
        sound = _decode_from(file, media_info, near, window) if near > 0 else None
        return _decode_from(file, media_info, far, window) if sound is None else sound
    except PermanentError:
        return None


def _decode_from(
    file: BinaryIO | RangeFile,
    media_info: MediaInfo,
    target: Fraction,
    window: tuple[Fraction, int, int],
) -> Samples | None:
    """Decodes from about `target` on. Returns None if there is no sound, or if the sound that was
    read begins after the window while there may be some before it."""
    begin, sample_count, rate_hz = window
    may_be_late = begin - target < _LEADS_S[-1]
    result = np.zeros((_CHANNELS, sample_count), np.float32)
    is_found = False
    position: int | None = None
    with open_container(file) as container:
        stream = choose_sound(container)
        _seek(container, target + media_info.first_pts.seconds, file)
        for time, block in _resample(decode_timed_frames(container, stream, file), rate_hz):
            if time is not None:
                at = round((time - media_info.first_pts.seconds - begin) * rate_hz)
                if position is None or abs(at - position) > _MAX_DRIFT_S * rate_hz:
                    position = at
            if position is None:
                continue
            if not is_found and position > 0 and may_be_late:
                return None
            is_found = True
            first, last = max(0, position), min(sample_count, position + block.shape[1])
            if first < last:
                result[:, first:last] = block[:, first - position : last - position]
            position += block.shape[1]
            if position >= sample_count:
                break
    return result if is_found else None


def _seek(container: InputContainer, target: Fraction, file: BinaryIO | RangeFile) -> None:
    if target <= 0:
        return
    try:
        container.seek(int(target * av.time_base), backward=True)
    except (av.error.FFmpegError, OSError):
        raise_if_read_failed(file)


def _resample(
    frames: Iterator[tuple[Fraction | None, Any]], rate_hz: int
) -> Iterator[tuple[Fraction | None, Samples]]:
    """Yields blocks of two channels; the time of a block that the resampler delayed is None."""
    resampler: AudioResampler | None = None
    last: tuple[str, str, int] | None = None
    for time, frame in frames:
        named = name_channels(frame)
        frame_format = (named.format.name, named.layout.name, named.sample_rate)
        is_new = frame_format != last
        if is_new:
            resampler, last = make_resampler(named, rate_hz, _CHANNELS), frame_format
        assert resampler is not None  # noqa: S101 - made with the first frame
        # The delay of the resampler is below a millisecond.
        for block in resampler.resample(named):
            samples = np.nan_to_num(
                np.asarray(block.to_ndarray(), np.float32), posinf=0.0, neginf=0.0
            )
            if samples.shape[0] != _CHANNELS:
                samples = np.repeat(samples, _CHANNELS, axis=0)
            yield time, samples
            time = None
