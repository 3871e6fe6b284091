"""The part of a video's picture that a clip shows, in a film of another aspect ratio. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from shared.recipes.emotions.results import EmotionMoment

MAX_WIDENING = 4 / 3
"""A picture is cropped at its upper and lower edges down to three quarters of its height. A film
that is wider than this shows the whole picture, before a blurred copy of it."""

TrackPoint = tuple[float, float, float]
"""Seconds of the video, and the centre of a face as fractions of the width and height."""
FaceBox = tuple[float, float, float, float, float]
"""Seconds of the video, and left, top, width and height of a face as fractions of those of the
picture."""
Rectangle = tuple[float, float, float, float]
"""Left, top, right and bottom in pixels of the film."""


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

    def place(self, width: int, height: int, face: FaceBox) -> Rectangle:
        """Returns where a face of a picture of `width` and `height` pixels is in the film."""
        time_s, x, y, face_width, face_height = face
        crop = self.find_crop(width, height, time_s)
        if crop is None:
            scale = min(self.size[0] / width, self.size[1] / height)
            left = (self.size[0] - width * scale) / 2
            top = (self.size[1] - height * scale) / 2
        else:
            scale = self.size[0] / crop[2]
            left, top = -crop[0] * scale, -crop[1] * scale
        return (
            left + x * width * scale,
            top + y * height * scale,
            left + (x + face_width) * width * scale,
            top + (y + face_height) * height * scale,
        )

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


def read_track(moment: EmotionMoment, frame_size: tuple[int, int]) -> tuple[TrackPoint, ...]:
    """Returns the smoothed track of the moment's face, or its position at the moment."""
    if moment.track:
        return smooth_track([(point.time_s, point.x, point.y) for point in moment.track])
    x, y, width, height = moment.box
    frame_width, frame_height = frame_size
    return ((moment.time_s, (x + width / 2) / frame_width, (y + height / 2) / frame_height),)


def read_faces(moment: EmotionMoment, frame_size: tuple[int, int]) -> tuple[FaceBox, ...]:
    """Returns the boxes of all faces around a moment. In results of versions that did not record
    their sizes, all have that of its face at the moment."""
    x, y, *size = moment.box
    width, height = size[0] / frame_size[0], size[1] / frame_size[1]
    boxes = [(moment.time_s, x / frame_size[0], y / frame_size[1], width, height)]
    for row in (*moment.track, *moment.others):
        face_width, face_height = row.width or width, row.height or height
        left, top = row.x - face_width / 2, row.y - face_height / 2
        boxes.append((row.time_s, left, top, face_width, face_height))
    return tuple(boxes)
