"""The part of a video's picture that a clip shows, in a film of another aspect ratio. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

MAX_WIDENING = 4 / 3
"""A picture is cropped at its upper and lower edges down to three quarters of its height. A film
that is wider than this shows the whole picture, before a blurred copy of it."""

_FACE_SAMPLES = 8
"""Times at which the face of a clip is looked for."""

TrackPoint = tuple[float, float, float]
"""Seconds of the video, and the centre of a face as fractions of the width and height."""


@dataclass(frozen=True, slots=True)
class View:
    """How the pictures of a clip fill a film of `size`, in pixels.

    `track` are the positions of the face to keep in the picture, in order of time; without any the
    middle of the picture is kept.
    """

    size: tuple[int, int]
    track: tuple[TrackPoint, ...] = ()

    def find_crop(self, width: int, height: int, time_s: float) -> tuple[int, int, int, int] | None:
        """Returns left, top, width and height of the part that fills the film, or None if the whole
        picture is shown."""
        proportion, shape = self.size[0] / self.size[1], width / height
        if proportion > shape * MAX_WIDENING:
            return None
        crop_width = min(width, max(1, round(height * proportion)))
        crop_height = min(height, max(1, round(width / proportion)))
        x, y = self._position_at(time_s)
        left = min(max(0, round(x * width - crop_width / 2)), width - crop_width)
        top = min(max(0, round(y * height - crop_height / 2)), height - crop_height)
        return left, top, crop_width, crop_height

    def find_face(
        self, width: int, height: int, begin: Fraction, length_s: Fraction
    ) -> float | None:
        """Returns the mean centre of the face in a clip as a fraction of the width of the film, or
        None without a face.

        Args:
            width: Of the pictures of the video, in pixels, as `height`.
            begin: Of the clip, in seconds of the video.
        """
        if not self.track:
            return None
        times = [float(begin + length_s * n / _FACE_SAMPLES) for n in range(_FACE_SAMPLES + 1)]
        positions = []
        for time_s in times:
            x, _ = self._position_at(time_s)
            crop = self.find_crop(width, height, time_s)
            left, crop_width = (0, width) if crop is None else (crop[0], crop[2])
            positions.append((x * width - left) / crop_width)
        return sum(positions) / len(positions)

    def _position_at(self, time_s: float) -> tuple[float, float]:
        if not self.track:
            return 0.5, 0.5
        number = bisect_right(self.track, time_s, key=lambda point: point[0])
        if number in (0, len(self.track)):
            _, x, y = self.track[min(number, len(self.track) - 1)]
            return x, y
        (begin, *first), (end, *second) = self.track[number - 1], self.track[number]
        share = (time_s - begin) / (end - begin)
        # Smooth at both ends, so that the view does not start and stop suddenly.
        share = share * share * (3 - 2 * share)
        x, y = (a + (b - a) * share for a, b in zip(first, second, strict=True))
        return x, y


def smooth_track(points: Sequence[TrackPoint], reach: int = 2) -> tuple[TrackPoint, ...]:
    """Returns the points with each position replaced by the mean of its neighbours within `reach`
    points, so that the view follows a face without following each of its movements."""
    smoothed = []
    for n, (time, _, _) in enumerate(points):
        near = points[max(0, n - reach) : n + reach + 1]
        x, y = (sum(point[axis] for point in near) / len(near) for axis in (1, 2))
        smoothed.append((time, x, y))
    return tuple(smoothed)
