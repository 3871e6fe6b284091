"""Decodes the sound of a time range of a video; only the packets around it are read."""

from __future__ import annotations

from fractions import Fraction
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from shared.errors import PermanentError
from shared.media.audio.stream import choose_sound
from shared.media.audio.timed_blocks import MAX_DRIFT_S, decode_timed_blocks, seek_sound
from shared.media.containers.demux import open_container
from shared.media.containers.range_file import RangeFile
from shared.recipes.media_info import MediaInfo

Samples = NDArray[np.float32]
_CHANNELS = 2
_LEADS_S = (Fraction(1), Fraction(10))
"""Decoding begins this long before the range; the second one if the container seeks too late."""


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
        if target + media_info.first_pts.seconds > 0:
            seek_sound(container, target + media_info.first_pts.seconds, file)
        for time, block in decode_timed_blocks(container, stream, file, rate_hz, _CHANNELS):
            if time is not None:
                at = round((time - media_info.first_pts.seconds - begin) * rate_hz)
                if position is None or abs(at - position) > MAX_DRIFT_S * rate_hz:
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
