"""The summary of a timeline: shares of time, number of faces, strongest moments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import Any

from functions.emotion_scoring.faces.face import Box
from functions.emotion_scoring.faces.roll import angle_between
from functions.emotion_scoring.results.timeline import FaceReading, Moment
from functions.emotion_scoring.scores import ScoredFrame

MAX_PEAKS = 6
"""Maximum number of strongest moments in a summary: one row of a report."""
_MAX_PER_EMOTION = 4 * MAX_PEAKS
NEUTRAL = "neutral"
"""Neutral faces are not strong moments."""
_ALLOWED_QUALITY = ("ok", "cut_off")
"""Quality flags of strong moments, with `cut_off` because close-ups often cut off the chin."""
MIN_TURNED_DEGREES = 60
"""Faces with at least this roll are counted as turned."""
MIN_PEAK_GAP_S = Fraction(2)
"""Minimum distance in seconds of two strongest moments of the same emotion."""


_TURN_NAMES = {90: "to the right", 180: "upside down", -90: "to the left"}


@dataclass(frozen=True, slots=True)
class Peak:
    """The strongest frame of an episode: a run of frames in which one face shows one emotion.

    Attributes:
        score: The smoothed probability in this frame.
        time: The time of this frame in seconds.
        begin: The begin of the episode in seconds.
        end: The end of the episode in seconds.
        part: The number of the frame's part.
    """

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
        """Returns the row for the results and the job document."""
        return {
            "time_s": round(float(self.time), 3),
            "emotion": self.emotion,
            "confidence": round(self.score, 4),
            "face_id": self.face_id,
            "begin_s": round(float(self.begin), 3),
            "end_s": round(float(self.end), 3),
            "frame": self.frame.name,
            "number": self.frame.stamp.k + 1,
            "box": [round(value, 1) for value in (self.box.x, self.box.y, self.box.width)]
            + [round(self.box.height, 1)],
        }


class Summary:
    """Collects a summary moment by moment. `every` is the distance of frames in seconds."""

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
        self._turned: Counter[int] = Counter()
        self._open_episodes: dict[int, Peak] = {}
        self._peaks: dict[str, list[Peak]] = {name: [] for name in classes}

    def add(self, moment: Moment) -> None:
        """Adds the next moment."""
        self._frames += 1
        self._without_face += not moment.readings
        self._most_at_once = max(self._most_at_once, len(moment.readings))
        for reading in moment.readings:
            self._last_id = max(self._last_id, reading.face_id)
            self._quality[reading.face.quality] += 1
            roll = reading.face.roll
            if reading.dominant is not None and roll and abs(roll) >= MIN_TURNED_DEGREES:
                self._turned[min((90, 180, -90), key=partial(angle_between, roll))] += 1
            if reading.dominant is not None:
                self._readings += 1
                self._uncertain += reading.is_uncertain
                self._dominant[reading.dominant] += 1
        self._update_episodes(moment)

    def select_peaks(self) -> list[Peak]:
        """Returns the strongest moments so far, at most MAX_PEAKS, in the order of time.

        The strongest moment of each emotion takes precedence over the second of any emotion.
        """
        candidates = {name: list(peaks) for name, peaks in self._peaks.items()}
        for peak in self._open_episodes.values():
            _insert(candidates[peak.emotion], peak)
        ranked = [
            (rank, -peak.score, peak.time, peak)
            for peaks in candidates.values()
            for rank, peak in enumerate(_drop_close_peaks(peaks))
        ]
        ranked.sort(key=lambda row: row[:3])
        strongest = [row[3] for row in ranked[:MAX_PEAKS]]
        return sorted(strongest, key=lambda peak: (peak.time, peak.face_id))

    def warnings(self) -> list[str]:
        """Returns messages for the user about faces that are turned."""
        warnings = []
        if self._turned:
            number = self._turned.total()
            (turn, _), *_ = self._turned.most_common(1)
            of_all = "All" if number == self._readings else f"{number} of {self._readings}"
            warnings.append(
                f"{of_all} scored faces are turned, most of them {_TURN_NAMES[turn]}; they were "
                "scored as if the picture were upright."
            )
        unknown = self._quality["turned"]
        if unknown:
            faces, subject = ("face was", "it is") if unknown == 1 else ("faces were", "they are")
            warnings.append(
                f"{unknown} {faces} not scored, because it cannot be determined which way up "
                f"{subject}."
            )
        return warnings

    def to_dict(self) -> dict[str, Any]:
        """Returns the summary, small enough for the job document.

        Shares are relative to the scored time of all faces: two faces for one second count as two
        seconds.
        """
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

    def _update_episodes(self, moment: Moment) -> None:
        """Continues, ends and begins episodes."""
        readings = {reading.face_id: reading for reading in moment.readings if _is_strong(reading)}
        for face_id, episode in list(self._open_episodes.items()):
            current = readings.get(face_id)
            if current is None or current.dominant != episode.emotion:
                _insert(self._peaks[episode.emotion], self._open_episodes.pop(face_id))
        for face_id, reading in readings.items():
            peak = self._to_peak(moment, reading)
            if peak is None:
                continue
            strongest = self._open_episodes.get(face_id)
            if strongest is None:
                self._open_episodes[face_id] = peak
            elif peak.score > strongest.score:
                self._open_episodes[face_id] = replace(peak, begin=strongest.begin)
            else:
                self._open_episodes[face_id] = replace(strongest, end=peak.end)

    def _to_peak(self, moment: Moment, reading: FaceReading) -> Peak | None:
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


def _is_strong(reading: FaceReading) -> bool:
    """Whether a reading qualifies as a strong moment."""
    certain = reading.dominant not in (None, NEUTRAL) and not reading.is_uncertain
    return certain and reading.face.quality in _ALLOWED_QUALITY


def _insert(peaks: list[Peak], peak: Peak) -> None:
    """Inserts a peak into a list that holds the strongest ones, the strongest first."""
    peaks.append(peak)
    peaks.sort(key=lambda entry: (-entry.score, entry.time, entry.face_id))
    del peaks[_MAX_PER_EMOTION:]


def _drop_close_peaks(peaks: list[Peak]) -> list[Peak]:
    """Returns the peaks of one emotion that are far enough from every stronger one."""
    selected: list[Peak] = []
    for peak in peaks:
        if all(abs(peak.time - other.time) >= MIN_PEAK_GAP_S for other in selected):
            selected.append(peak)
    return selected
