"""Boxes and labels on a moving picture, between the frames that were scored as well."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from fractions import Fraction

import cv2

from functions.emotion_scoring.faces.face import Box
from functions.emotion_scoring.results.timeline import FaceReading, Moment
from shared.media.images.frame import BgrImage

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_INK = (24, 20, 18)
Label = tuple[Box, str, bool]
"""Where, the emotion with its probability, and whether that is uncertain."""


class Overlay:
    """What is known of a stretch of a video. A face moves in a straight line between two frames
    in which it was scored, and keeps the label of the earlier one."""

    def __init__(self, moments: Sequence[Moment], every: Fraction) -> None:
        self._moments = moments
        self._times = [one.time for one in moments]
        self._every = every

    def labels_at(self, time: Fraction) -> list[Label]:
        """What to draw at a time in seconds; boxes in pixels of the scored frames."""
        n = bisect_right(self._times, time) - 1
        if n < 0 or time - self._times[n] >= self._every:
            return []
        following = self._moments[n + 1].readings if n + 1 < len(self._moments) else ()
        later = {one.face_id: one.face.box for one in following}
        share = float((time - self._times[n]) / self._every)
        return [
            (_between(one.face.box, later.get(one.face_id), share), _text(one), one.is_uncertain)
            for one in self._moments[n].readings
        ]

    @property
    def scored_width(self) -> int | None:
        """The width in pixels of the scored frames, None when there is none."""
        return self._moments[0].frame.stamp.width if self._moments else None


def draw_labels(
    image: BgrImage, labels: Sequence[Label], factor: float, colours: Mapping[str, Sequence[int]]
) -> None:
    """Onto a BGR picture that is `factor` times as large as the scored frames; `colours` as RGB.
    Uncertain faces have thin frames and a question mark."""
    long_side = max(image.shape[:2])
    scale, thick = max(0.45, long_side / 1600), max(2, round(long_side / 480))
    for box, text, uncertain in labels:
        red, green, blue = colours.get(text.split(" ")[0], (200, 200, 200))
        colour = (blue, green, red)
        here = box.scale(factor)
        left, top = round(here.x), round(here.y)
        right, below = round(here.x + here.width), round(here.y + here.height)
        line = 1 if uncertain else thick
        cv2.rectangle(image, (left, top), (right, below), colour, line, cv2.LINE_AA)
        if not text:
            continue
        word = f"{text} ?" if uncertain else text
        (width, height), base = cv2.getTextSize(word, _FONT, scale, 1)
        bar = height + base + 6
        # Above the face, or inside it where there is no room above.
        y = top - bar if top >= bar else max(0, top)
        x = min(max(0, left), max(0, image.shape[1] - width - 8))
        cv2.rectangle(image, (x, y), (x + width + 8, y + bar), colour, -1)
        at = (x + 4, y + height + 3)
        cv2.putText(image, word, at, _FONT, scale, _INK, 1, cv2.LINE_AA)


def _between(box: Box, later: Box | None, share: float) -> Box:
    if later is None:
        return box
    pairs = zip(
        (box.x, box.y, box.width, box.height),
        (later.x, later.y, later.width, later.height),
        strict=True,
    )
    return Box(*(one + (other - one) * share for one, other in pairs))


def _text(reading: FaceReading) -> str:
    if reading.dominant is None or reading.confidence is None:
        return ""
    return f"{reading.dominant} {int(100 * reading.confidence)}%"
