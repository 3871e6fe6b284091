"""What a timeline comes down to: shares of time, who was there, the strongest moments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from functions.emotion_scoring.faces.face import Box
from functions.emotion_scoring.results.timeline import FaceReading, Moment
from functions.emotion_scoring.scores import ScoredFrame

MAX_PEAKS = 6
"""Strongest moments in a summary: as many as fit into one row of a report."""
_KEPT_PER_EMOTION = 4 * MAX_PEAKS
NEUTRAL = "neutral"
"""An absence of expression is no strong moment."""
_SHOWN = ("ok", "cut_off")
"""In a close-up the chin is often cut off, and yet it is the strongest moment."""
MIN_PEAK_GAP_S = Fraction(2)
"""Two strongest moments of the same emotion lie at least this far apart."""


@dataclass(frozen=True, slots=True)
class Peak:
    """The strongest frame of an episode, which is a stretch of frames in a row in which one face
    shows one emotion. `score` is the smoothed probability there. Times in seconds."""

    emotion: str
    score: float
    face_id: int
    box: Box
    time: Fraction
    begin: Fraction
    end: Fraction
    part: int
    frame: ScoredFrame

    def to_dict(self) -> dict[str, Any]:
        """For results and for the job's document."""
        return {
            "time_s": round(float(self.time), 3),
            "emotion": self.emotion,
            "confidence": round(self.score, 4),
            "face_id": self.face_id,
            "begin_s": round(float(self.begin), 3),
            "end_s": round(float(self.end), 3),
            "frame": self.frame.name,
            "number": self.frame.stamp.k + 1,
            "box": [round(one, 1) for one in (self.box.x, self.box.y, self.box.width)]
            + [round(self.box.height, 1)],
        }


class Summary:
    """Takes in a timeline moment by moment; `every` is the distance of frames in seconds."""

    def __init__(self, classes: Sequence[str], every: Fraction) -> None:
        self._classes = tuple(classes)
        self._every = every
        self._frames = 0
        self._without_face = 0
        self._readings = 0
        self._uncertain = 0
        self._last_id = 0
        self._most_at_once = 0
        self._dominant: Counter[str] = Counter()
        self._quality: Counter[str] = Counter()
        self._going_on: dict[int, Peak] = {}
        self._peaks: dict[str, list[Peak]] = {name: [] for name in classes}

    def add(self, moment: Moment) -> None:
        """The next moment."""
        self._frames += 1
        self._without_face += not moment.readings
        self._most_at_once = max(self._most_at_once, len(moment.readings))
        for reading in moment.readings:
            self._last_id = max(self._last_id, reading.face_id)
            self._quality[reading.face.quality] += 1
            if reading.dominant is not None:
                self._readings += 1
                self._uncertain += reading.is_uncertain
                self._dominant[reading.dominant] += 1
        self._follow(moment)

    def select_peaks(self) -> list[Peak]:
        """The strongest moments so far in the order of time, at most MOST_PEAKS. Every emotion
        that had one comes before an emotion's second one."""
        kept = {name: list(peaks) for name, peaks in self._peaks.items()}
        for peak in self._going_on.values():
            _keep(kept[peak.emotion], peak)
        ranked = [
            (rank, -peak.score, peak.time, peak)
            for peaks in kept.values()
            for rank, peak in enumerate(_apart(peaks))
        ]
        ranked.sort(key=lambda one: one[:3])
        chosen = [one[3] for one in ranked[:MAX_PEAKS]]
        return sorted(chosen, key=lambda one: (one.time, one.face_id))

    def to_dict(self) -> dict[str, Any]:
        """Small enough for the job's document. Shares are of the scored faces' time, so two people
        for one second are two seconds."""
        scored = max(1, self._readings)
        return {
            "frames": self._frames,
            "frames_without_face": self._without_face,
            "no_face_share": round(self._without_face / max(1, self._frames), 4),
            "faces": self._last_id,
            "most_faces_at_once": self._most_at_once,
            "scored_s": round(float(self._readings * self._every), 3),
            "uncertain_share": round(self._uncertain / scored, 4),
            "share": {
                name: round(self._dominant[name] / scored, 4) for name in self._classes
            },
            "quality": {name: self._quality[name] for name in sorted(self._quality)},
        }  # fmt: skip

    def _follow(self, moment: Moment) -> None:
        """Carry on, end and begin episodes."""
        here = {one.face_id: one for one in moment.readings if _counts(one)}
        for face_id, peak in list(self._going_on.items()):
            reading = here.get(face_id)
            if reading is None or reading.dominant != peak.emotion:
                _keep(self._peaks[peak.emotion], self._going_on.pop(face_id))
        for face_id, reading in here.items():
            fresh = self._peak(moment, reading)
            if fresh is None:
                continue
            before = self._going_on.get(face_id)
            if before is None:
                self._going_on[face_id] = fresh
            elif fresh.score > before.score:
                self._going_on[face_id] = replace(fresh, begin=before.begin)
            else:
                self._going_on[face_id] = replace(before, end=fresh.end)

    def _peak(self, moment: Moment, reading: FaceReading) -> Peak | None:
        if reading.dominant is None or reading.confidence is None:
            return None
        return Peak(
            reading.dominant,
            reading.confidence,
            reading.face_id,
            reading.face.box,
            moment.time,
            moment.time,
            moment.time + self._every,
            moment.part,
            moment.frame,
        )


def _counts(reading: FaceReading) -> bool:
    """Whether a reading is good enough to be shown as a strong moment."""
    sure = reading.dominant not in (None, NEUTRAL) and not reading.is_uncertain
    return sure and reading.face.quality in _SHOWN


def _keep(peaks: list[Peak], peak: Peak) -> None:
    """Into a list that stays short, the strongest first."""
    peaks.append(peak)
    peaks.sort(key=lambda one: (-one.score, one.time, one.face_id))
    del peaks[_KEPT_PER_EMOTION:]


def _apart(peaks: list[Peak]) -> list[Peak]:
    """Those of one emotion that lie far enough from every stronger one."""
    kept: list[Peak] = []
    for peak in peaks:
        if all(abs(peak.time - other.time) >= MIN_PEAK_GAP_S for other in kept):
            kept.append(peak)
    return kept
