"""Finds a gradual transition, a dissolve or a fade, among successive pictures. Pure.

During a dissolve each picture is a blend of the last picture of the scene before and the first one
of the next scene: A + share * (B - A), with a share that rises from 0 to 1. Pictures of something
that moves are no such blends. The share is that of a least-squares fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import cv2
import numpy as np
from numpy.typing import NDArray

from shared.media.images.frame import BgrImage

SMALL_SIZE = (48, 27)
"""Pictures are compared at this size."""
_MIN_DIFFERENCE = 16.0
"""Root mean square of the difference of two scenes, of 255."""
_MIN_PICTURES = 3
"""Pictures that are blends; fewer are a cut in a video with few pictures a second."""
_PURE, _BLENDED = 0.1, 0.2
"""Shares below the first one are the scene before; blends are between the second one and 1 less
it."""
_MAX_RESIDUAL = 0.5
"""What a blend does not explain, relative to the difference of the two scenes."""
_MAX_SHARED_COLOURS = 0.65
"""The share of the colours of one scene that the other has too. 95 % of generated dissolves have
less. Slow pans and zooms over one scene, whose pictures are nearly blends as well, have more."""
_COLOUR_BINS = 5
"""Per channel."""
_MAX_FALL = 0.1
"""The most by which the share falls from a picture to a later one."""

SmallPicture = NDArray[np.float32]


def shrink(image: BgrImage) -> SmallPicture:
    """Returns a picture as `find_dissolve` compares it."""
    small = cv2.resize(image, SMALL_SIZE, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32).reshape(-1)


def find_dissolve(times: Sequence[Fraction], pictures: Sequence[SmallPicture]) -> Fraction | None:
    """Returns the time of the first picture that shows the next scene more than the one before;
    None if there is no gradual transition.

    Args:
        times: Of the pictures, in their order.
    """
    first, last, count = 0, len(pictures) - 1, len(pictures)
    if last < _MIN_PICTURES:
        return None
    rows = np.stack(pictures)
    # Second with the scenes' pictures nearest to the transition, so that movement before and after
    # it does not count.
    for _ in range(2):
        shares = _fit_shares(rows, first, last)
        if shares is None:
            return None
        before = np.flatnonzero(shares[first : last + 1] < _PURE) + first
        after = np.flatnonzero(shares[first : last + 1] > 1 - _PURE) + first
        first = int(before.max(initial=0))
        last = int(after[after > first].min(initial=count))
        if last == count:
            return None
    shares = _fit_shares(rows, first, last)
    if shares is None:
        return None
    inner = shares[first : last + 1]
    is_blend = (inner > _BLENDED) & (inner < 1 - _BLENDED)
    if is_blend.sum() < _MIN_PICTURES or (np.maximum.accumulate(inner) - inner).max() > _MAX_FALL:
        return None
    if _measure_residuals(rows[first : last + 1], inner)[is_blend].mean() > _MAX_RESIDUAL:
        return None
    if _share_colours(rows[first], rows[last]) > _MAX_SHARED_COLOURS:
        return None
    return times[first + int(np.argmax(inner >= 0.5))]


def _fit_shares(rows: SmallPicture, first: int, last: int) -> NDArray[np.float32] | None:
    """Returns the share of picture `last` in each picture, against picture `first`; None if both
    look alike."""
    difference = rows[last] - rows[first]
    if np.sqrt((difference**2).mean()) < _MIN_DIFFERENCE:
        return None
    return np.asarray((rows - rows[first]) @ difference / (difference @ difference), np.float32)


def _measure_residuals(rows: SmallPicture, shares: NDArray[np.float32]) -> NDArray[np.float32]:
    difference = rows[-1] - rows[0]
    rest = rows - rows[0] - shares[:, None] * difference
    return np.asarray(np.linalg.norm(rest, axis=1) / np.linalg.norm(difference), np.float32)


def _share_colours(one: SmallPicture, other: SmallPicture) -> float:
    """Returns the intersection of the histograms of two pictures, from 0 to 1."""
    histograms = [
        np.histogramdd(picture.reshape(-1, 3), _COLOUR_BINS, [(0, 256)] * 3)[0] / (picture.size / 3)
        for picture in (one, other)
    ]
    return float(np.minimum(*histograms).sum())
