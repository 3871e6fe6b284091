"""The same face over time: boxes that overlap from frame to frame get the same id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from functions.emotion_scoring.faces import Box

OVERLAP_MIN = 0.25
"""Intersection over union from which two boxes are the same face. Neighbours in a group photograph
overlap by less than 0.05; a head that nods or turns stays above 0.4 from one second to the next."""
MISSED_S = Fraction(3, 2)
"""How long a face may be missed (a hand before it, a turned head) and keep its id ..."""
MISSED_FRAMES = 2
"""... or for so many frames, where these are further apart."""


@dataclass(slots=True)
class _Track:
    face_id: int
    box: Box
    seen: Fraction
    frame: int


class Tracker:
    """Ids are 1, 2, 3, … in the order of appearance and are never used again. Keeps no more than
    the faces that were seen last."""

    def __init__(self) -> None:
        self._tracks: list[_Track] = []
        self._last_id = 0
        self._frame = 0

    def follow(self, time: Fraction, boxes: Sequence[Box]) -> list[int]:
        """The id of each box of the next frame; `time` in seconds must not go back."""
        self._frame += 1
        self._tracks = [one for one in self._tracks if self._alive(one, time)]
        # The pairs that overlap most belong together; ties go to the older face.
        pairs = sorted(
            (
                (track.box.iou(box), -t, -b)
                for t, track in enumerate(self._tracks)
                for b, box in enumerate(boxes)
            ),
            reverse=True,
        )
        owner: dict[int, _Track] = {}
        taken: set[int] = set()
        for overlap, t, b in pairs:
            if overlap < OVERLAP_MIN:
                break
            if -b not in owner and -t not in taken:
                owner[-b] = self._tracks[-t]
                taken.add(-t)
        return [self._seen(owner.get(b), box, time) for b, box in enumerate(boxes)]

    def _alive(self, track: _Track, time: Fraction) -> bool:
        return time - track.seen <= MISSED_S or self._frame - track.frame <= MISSED_FRAMES + 1

    def _seen(self, track: _Track | None, box: Box, time: Fraction) -> int:
        if track is None:
            self._last_id += 1
            track = _Track(self._last_id, box, time, self._frame)
            self._tracks.append(track)
        track.box, track.seen, track.frame = box, time, self._frame
        return track.face_id
