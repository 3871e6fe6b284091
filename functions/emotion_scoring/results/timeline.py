"""All parts' scores as one timeline: who is who, what each face shows, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from functions.emotion_scoring.faces.face import Face
from functions.emotion_scoring.faces.smoothing import Smoother
from functions.emotion_scoring.faces.tracking import Tracker
from functions.emotion_scoring.scores import ScoredFrame

UNCERTAIN_MARGIN = 0.15
"""Where the two strongest emotions lie closer together than this, the verdict is uncertain. Both
models of the manifest are wrong about every third face of their test set; most of those are such
cases."""
NO_FACE = "no_face"


@dataclass(frozen=True, slots=True)
class FaceReading:
    """One face of one frame. `probabilities` are those that count (smoothed, unless that is turned
    off), in the classes' order. For a face too small to be scored they, `dominant` and
    `confidence` are None."""

    face_id: int
    face: Face
    probabilities: tuple[float, ...] | None
    dominant: str | None
    confidence: float | None
    is_uncertain: bool


@dataclass(frozen=True, slots=True)
class Moment:
    """One frame of the timeline. `part`: the number of the pack in which it lies. No readings:
    there was no face."""

    part: int
    frame: ScoredFrame
    readings: tuple[FaceReading, ...]

    @property
    def time(self) -> Fraction:
        """Seconds from the first picture, as the frame was asked for."""
        return self.frame.stamp.target


def build_timeline(
    frames: Iterable[tuple[int, ScoredFrame]], classes: Sequence[str], *, smooth: bool = True
) -> Iterator[Moment]:
    """The frames with their parts' numbers, in the order of time, as moments. One at a time: an
    hour of video takes no more memory than a minute."""
    tracker, smoother = Tracker(), Smoother()
    for part, frame in frames:
        time = frame.stamp.target
        ids = tracker.assign_ids(time, [face.box for face in frame.faces])
        readings = []
        for face_id, face in zip(ids, frame.faces, strict=True):
            told = face.probabilities
            if told is not None and smooth:
                told = smoother.smooth(face_id, time, told)
            readings.append(_read(face_id, face, told, classes))
        smoother.forget(time)
        yield Moment(part, frame, tuple(sorted(readings, key=lambda one: one.face_id)))


def _read(
    face_id: int, face: Face, probabilities: tuple[float, ...] | None, classes: Sequence[str]
) -> FaceReading:
    if probabilities is None:
        return FaceReading(face_id, face, None, None, None, is_uncertain=True)
    order = sorted(range(len(classes)), key=lambda n: (-probabilities[n], n))
    first, second = probabilities[order[0]], probabilities[order[1]]
    uncertain = first - second < UNCERTAIN_MARGIN
    return FaceReading(face_id, face, probabilities, classes[order[0]], first, uncertain)
