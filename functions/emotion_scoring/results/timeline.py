"""Builds one timeline from all scored frames: face ids, smoothed emotions and their certainty."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from functions.emotion_scoring.faces.face import Face
from functions.emotion_scoring.faces.smoothing import Smoother
from functions.emotion_scoring.faces.tracking import Tracker
from functions.emotion_scoring.scores import ScoredFrame

UNCERTAIN_MARGIN = 0.15
"""A reading is uncertain if the two strongest probabilities differ by less than this. Both models
of the manifest misclassify every third face of their test set, mostly in such cases."""
NO_FACE = "no_face"


@dataclass(frozen=True, slots=True)
class FaceReading:
    """One face in one frame.

    Attributes:
        probabilities: In the order of the classes, smoothed unless smoothing is off. None for a
            face too small to be scored, as are `dominant` and `confidence`.
    """

    face_id: int
    face: Face
    probabilities: tuple[float, ...] | None
    dominant: str | None
    confidence: float | None
    is_uncertain: bool


@dataclass(frozen=True, slots=True)
class Moment:
    """One frame of the timeline.

    Attributes:
        part: The number of the frame's pack.
        readings: The faces in the frame, by id.
    """

    part: int
    frame: ScoredFrame
    readings: tuple[FaceReading, ...]

    @property
    def time(self) -> Fraction:
        """The time for which the frame was requested, in seconds from the first picture."""
        return self.frame.stamp.target


def build_timeline(
    frames: Iterable[tuple[int, ScoredFrame]], classes: Sequence[str], *, smooth: bool = True
) -> Iterator[Moment]:
    """Yields one moment per frame. The memory does not depend on the length of the video.

    Args:
        frames: (part number, frame) in the order of time.
    """
    tracker, smoother = Tracker(), Smoother()
    for part, frame in frames:
        time = frame.stamp.target
        ids = tracker.assign_ids(time, [face.box for face in frame.faces])
        readings = []
        for face_id, face in zip(ids, frame.faces, strict=True):
            probabilities = face.probabilities
            if probabilities is not None and smooth:
                probabilities = smoother.smooth(face_id, time, probabilities)
            readings.append(_to_reading(face_id, face, probabilities, classes))
        smoother.forget(time)
        yield Moment(part, frame, tuple(sorted(readings, key=lambda reading: reading.face_id)))


def _to_reading(
    face_id: int, face: Face, probabilities: tuple[float, ...] | None, classes: Sequence[str]
) -> FaceReading:
    if probabilities is None:
        return FaceReading(face_id, face, None, None, None, is_uncertain=True)
    order = sorted(range(len(classes)), key=lambda n: (-probabilities[n], n))
    first, second = probabilities[order[0]], probabilities[order[1]]
    uncertain = first - second < UNCERTAIN_MARGIN
    return FaceReading(face_id, face, probabilities, classes[order[0]], first, uncertain)
