"""Tracks faces over time: boxes that overlap from frame to frame get the same id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from functions.emotion_scoring.faces.face import Box

MIN_OVERLAP = 0.25
"""Minimum intersection over union (IoU) of two boxes of the same face. Different faces in a group
photograph have an IoU below 0.05; a head that nods or turns stays above 0.4 from one second to the
next."""
MAX_MISSED_S = Fraction(3, 2)
"""Longest time for which a face may go undetected (a hand in front of it, a turned head) and keep
its id."""
MAX_MISSED_FRAMES = 2
"""Number of frames for which a face may go undetected and keep its id. Applies when frames are
further apart than MAX_MISSED_S."""
MAX_MISSED_FACES = 100
"""Undetected faces that are remembered, most recent first. Bounds the CPU time for crowded
pictures."""


@dataclass(slots=True)
class _Track:
    face_id: int
    box: Box
    last_seen_s: Fraction
    last_frame: int


class Tracker:
    """Assigns ids to faces: 1, 2, 3, … in the order of appearance, never reused.

    Keeps the faces of the last frame and at most MAX_MISSED_FACES undetected ones.
    """

    def __init__(self) -> None:
        self._tracks: list[_Track] = []
        self._last_id = 0
        self._frame = 0

    def assign_ids(self, time: Fraction, boxes: Sequence[Box]) -> list[int]:
        """Returns the id of each box of the next frame. `time` (seconds) must not decrease."""
        self._frame += 1
        active = [track for track in self._tracks if self._is_active(track, time)]
        last = [track for track in active if track.last_frame == self._frame - 1]
        missed = [track for track in active if track.last_frame < self._frame - 1]
        self._tracks = last + sorted(missed, key=lambda track: track.last_frame)[-MAX_MISSED_FACES:]
        # Pairs are matched by overlap, largest first; a tie goes to the lower id.
        pairs = sorted(
            (-overlap, track.face_id, index)
            for track in self._tracks
            for index, box in enumerate(boxes)
            if (overlap := track.box.iou(box)) >= MIN_OVERLAP
        )
        unmatched = {track.face_id: track for track in self._tracks}
        matches: dict[int, _Track] = {}
        for _, face_id, index in pairs:
            if index not in matches and face_id in unmatched:
                matches[index] = unmatched.pop(face_id)
        return [self._update(matches.get(index), box, time) for index, box in enumerate(boxes)]

    def _is_active(self, track: _Track, time: Fraction) -> bool:
        return (
            time - track.last_seen_s <= MAX_MISSED_S
            or self._frame - track.last_frame <= MAX_MISSED_FRAMES + 1
        )

    def _update(self, track: _Track | None, box: Box, time: Fraction) -> int:
        if track is None:
            self._last_id += 1
            track = _Track(self._last_id, box, time, self._frame)
            self._tracks.append(track)
        track.box, track.last_seen_s, track.last_frame = box, time, self._frame
        return track.face_id
