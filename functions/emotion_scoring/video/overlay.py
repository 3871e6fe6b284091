"""Draws boxes and labels on a video, with boxes interpolated between scored frames."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from fractions import Fraction

import cv2
import numpy as np
from numpy.typing import NDArray

from functions.emotion_scoring.faces.face import Box
from functions.emotion_scoring.results.timeline import FaceReading, Moment
from shared.media.images.frame import BgrImage

_INK = (24, 20, 18)
Mask = NDArray[np.uint8]
"""The opacity of a text, 0 to 255, rows first."""
Label = tuple[Box, str, str, bool]
"""Box, emotion, text, and whether the emotion is uncertain. The text is empty without a score."""


class Overlay:
    """The labels of a time range of a video.

    A box moves in a straight line between two frames in which its face was scored. Its label is
    that of the earlier frame.
    """

    def __init__(self, moments: Sequence[Moment], every: Fraction) -> None:
        self._moments = moments
        self._times = [moment.time for moment in moments]
        self._every = every

    def labels_at(self, time: Fraction) -> list[Label]:
        """Returns the labels at a time in seconds; boxes are in pixels of the scored frames."""
        n = bisect_right(self._times, time) - 1
        if n < 0 or time - self._times[n] >= self._every:
            return []
        following = self._moments[n + 1 : n + 2]
        next_boxes = {
            reading.face_id: reading.face.box
            for moment in following
            # Boxes in pictures of another size cannot be compared.
            if _size(moment) == _size(self._moments[n])
            for reading in moment.readings
        }
        share = float((time - self._times[n]) / self._every)
        return [
            (
                _interpolate(reading.face.box, next_boxes.get(reading.face_id), share),
                reading.dominant or "",
                _text(reading),
                reading.is_uncertain,
            )
            for reading in self._moments[n].readings
        ]

    @property
    def texts(self) -> set[str]:
        """The texts of all labels."""
        return {_text(reading) for moment in self._moments for reading in moment.readings} - {""}

    def scored_width_at(self, time: Fraction) -> int | None:
        """Returns the width in pixels of the frame whose labels are shown at a time in seconds;
        None if there are no frames."""
        n = max(0, bisect_right(self._times, time) - 1)
        return self._moments[n].frame.stamp.width if self._moments else None


def draw_labels(
    image: BgrImage,
    labels: Sequence[Label],
    factor: float,
    colours: Mapping[str, Sequence[int]],
    masks: Mapping[str, Mask],
) -> None:
    """Draws labels on a picture. Uncertain faces have a thin box and a question mark.

    Args:
        image: BGR, `factor` times as large as the scored frames.
        colours: RGB, by emotion.
        masks: the mask of each text.
    """
    thick = max(2, round(max(image.shape[:2]) / 480))
    for box, emotion, text, uncertain in labels:
        red, green, blue = colours.get(emotion, (200, 200, 200))
        colour = (blue, green, red)
        scaled = box.scale(factor)
        left, top = round(scaled.x), round(scaled.y)
        right, below = round(scaled.x + scaled.width), round(scaled.y + scaled.height)
        line = 1 if uncertain else thick
        cv2.rectangle(image, (left, top), (right, below), colour, line, cv2.LINE_AA)
        if text:
            _draw_bar(image, (left, top), colour, masks[text])


def _draw_bar(
    image: BgrImage, at: tuple[int, int], colour: tuple[int, int, int], mask: Mask
) -> None:
    """Draws a text on a bar above a point, or below it if there is no space above."""
    height, width = mask.shape
    left, top = at
    y = top - height if top >= height else max(0, top)
    x = min(max(0, left), max(0, image.shape[1] - width))
    bar = image[y : y + height, x : x + width]
    opacity = mask[: bar.shape[0], : bar.shape[1], None].astype(np.float32) / 255
    bar[:] = np.round(opacity * _INK + (1 - opacity) * colour)


def _size(moment: Moment) -> tuple[int, int]:
    return moment.frame.stamp.width, moment.frame.stamp.height


def _interpolate(box: Box, next_box: Box | None, share: float) -> Box:
    if next_box is None:
        return box
    pairs = zip(
        (box.x, box.y, box.width, box.height),
        (next_box.x, next_box.y, next_box.width, next_box.height),
        strict=True,
    )
    return Box(*(a + (b - a) * share for a, b in pairs))


def _text(reading: FaceReading) -> str:
    if reading.dominant is None or reading.confidence is None:
        return ""
    text = f"{reading.dominant} {int(100 * reading.confidence)}%"
    return f"{text} ?" if reading.is_uncertain else text
