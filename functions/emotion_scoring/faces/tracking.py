"""The same face over time: boxes that overlap from frame to frame get the same id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from functions.emotion_scoring.faces.face import Box

MIN_OVERLAP = 0.25
"""Intersection over union from which two boxes are the same face. Neighbours in a group photograph
overlap by less than 0.05; a head that nods or turns stays above 0.4 from one second to the next."""
MAX_MISSED_S = Fraction(3, 2)
"""How long a face may be missed (a hand before it, a turned head) and keep its id ..."""
MAX_MISSED_FRAMES = 2
"""... or for so many frames, where these are further apart."""
MAX_MISSED_FACES = 100
"""Missed faces that are remembered, the ones seen last: a crowd must not cost time without end."""


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

    def assign_ids(self, time: Fraction, boxes: Sequence[Box]) -> list[int]:
        """The id of each box of the next frame; `time` in seconds must not go back."""
        self._frame += 1
        alive = [one for one in self._tracks if self._alive(one, time)]
        last = [one for one in alive if one.frame == self._frame - 1]
        missed = [one for one in alive if one.frame < self._frame - 1]
        self._tracks = last + sorted(missed, key=lambda one: one.frame)[-MAX_MISSED_FACES:]
        # The pairs that overlap most belong together; ties go to the older face.
        pairs = sorted(
            (-overlap, track.face_id, b)
            for track in self._tracks
            for b, box in enumerate(boxes)
            if (overlap := track.box.iou(box)) >= MIN_OVERLAP
        )
        known = {track.face_id: track for track in self._tracks}
        owner: dict[int, _Track] = {}
        for _, face_id, b in pairs:
            if b not in owner and face_id in known:
                owner[b] = known.pop(face_id)
        return [self._seen(owner.get(b), box, time) for b, box in enumerate(boxes)]

    def _alive(self, track: _Track, time: Fraction) -> bool:
        return (
            time - track.seen <= MAX_MISSED_S or self._frame - track.frame <= MAX_MISSED_FRAMES + 1
        )

    def _seen(self, track: _Track | None, box: Box, time: Fraction) -> int:
        if track is None:
            self._last_id += 1
            track = _Track(self._last_id, box, time, self._frame)
            self._tracks.append(track)
        track.box, track.seen, track.frame = box, time, self._frame
        return track.face_id
