"""Finds the faces of consecutive pictures, also turned ones, and the roll of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from functions.emotion_scoring.faces.classification import crop_square
from functions.emotion_scoring.faces.detection import NMS_THRESHOLD, Detector
from functions.emotion_scoring.faces.face import MIN_SCORED_PX, Box
from functions.emotion_scoring.faces.roll import (
    CERTAIN_SCORE,
    STEP_DEGREES,
    Pose,
    RollMeter,
    angle_between,
    normalize_roll,
)
from functions.emotion_scoring.faces.tracking import MIN_OVERLAP
from shared.media.images.frame import BgrImage

TURNS = (0, 90, 180, 270)
"""Clockwise turns of pictures in which faces are looked for, in degrees."""
MEASURE_INTERVAL = 12
"""Pictures after which the roll of an upright face is measured again."""
MAX_SCORE_DROP = 0.04
"""A face whose score drops by more than this may have turned; its roll is measured again."""
PROBE_NUMBERS = (1, 4, 16)
PROBE_INTERVAL = 64
"""Of consecutive pictures without a face, numbers 1, 4, 16, 64, 128, 192, … are searched in all
turns. Each costs three more detections."""
KEEP_TURN = 16
"""Pictures after which a turn without a face is no longer searched."""


@dataclass(frozen=True, slots=True)
class FoundFace:
    """A face in a picture.

    Attributes:
        roll: Degrees clockwise, 0 for an upright face; None if it cannot be determined.
        crop: The square of the face, turned upright.
    """

    box: Box
    score: float
    roll: int | None
    crop: BgrImage


@dataclass(frozen=True, slots=True)
class _Candidate:
    box: Box
    score: float
    turn: int


@dataclass(frozen=True, slots=True)
class _KnownFace:
    """A face of the previous picture.

    Attributes:
        turn: The turn of the picture in which it was found.
        measured_score: Its score when its roll was measured.
        age: The number of pictures since then.
    """

    box: Box
    turn: int
    roll: int | None
    measured_score: float
    age: int = 0

    def is_same(self, candidate: _Candidate) -> bool:
        """Returns whether a candidate is this face, and its roll need not be measured again."""
        return (
            candidate.turn == self.turn
            and self.age < MEASURE_INTERVAL
            and candidate.score >= self.measured_score - MAX_SCORE_DROP
        )


class FaceFinder:
    """Finds the faces of the pictures of one part, in their order. Not thread-safe.

    Every picture is searched as it is, and in the turns in which faces were found lately. The other
    turns are searched if nothing is found. The roll of a face is measured when it appears, and
    again at intervals, so upright videos cost little more.
    """

    def __init__(self, detector: Detector, meter: RollMeter) -> None:
        self._detector = detector
        self._meter = meter
        self._known: list[_KnownFace] = []
        self._turns: dict[int, int] = {}
        self._empty = 0

    def find(self, image: BgrImage) -> list[FoundFace]:
        """Returns the faces of the next picture, from left to right."""
        candidates = _merge(self._detect(image, (0, *self._turns)))
        if not candidates and self._is_probe_due():
            candidates = _merge(self._detect(image, TURNS[1:]))
        self._empty = 0 if candidates else self._empty + 1
        faces = self._examine(image, candidates)
        new_turns = {_nearest_turn(face.roll) for face, _ in faces if face.roll is not None}
        new_turns -= {0, *self._turns, *(candidate.turn for candidate in candidates)}
        if new_turns:
            # The faces that are found in the right turn have better boxes, and there may be more.
            candidates = _merge([*candidates, *self._detect(image, sorted(new_turns))])
            faces = self._examine(image, candidates)
        self._known = [known for _, known in faces]
        self._update_turns(face.roll for face, _ in faces)
        return [face for face, _ in faces]

    def _is_probe_due(self) -> bool:
        number = self._empty + 1
        return number in PROBE_NUMBERS or number % PROBE_INTERVAL == 0

    def _detect(self, image: BgrImage, turns: Sequence[int]) -> list[_Candidate]:
        height, width = image.shape[:2]
        return [
            _Candidate(_turn_back(face.box, turn, width, height), face.score, turn)
            for turn in turns
            for face in self._detector.detect(_turn_upright(image, turn))
        ]

    def _examine(
        self, image: BgrImage, candidates: Iterable[_Candidate]
    ) -> list[tuple[FoundFace, _KnownFace]]:
        faces = [self._measure(image, candidate) for candidate in candidates]
        return sorted(faces, key=lambda pair: (pair[0].box.x, pair[0].box.y))

    def _measure(self, image: BgrImage, candidate: _Candidate) -> tuple[FoundFace, _KnownFace]:
        box, score, turn = candidate.box, candidate.score, candidate.turn
        if box.longer_side < MIN_SCORED_PX:
            return _found(image, candidate, 0), _KnownFace(box, turn, 0, score)
        known = self._find_known(candidate)
        pose: Pose | None = None
        if known is not None and known.is_same(candidate):
            next_known = replace(known, box=box, age=known.age + 1)
            if known.roll is None or known.roll % 90 == 0:
                return _found(image, candidate, known.roll), next_known
            pose = self._meter.find_at(image, box, known.roll)
            if pose is not None and pose.score >= CERTAIN_SCORE - MAX_SCORE_DROP:
                return FoundFace(box, score, known.roll, pose.crop(image)), next_known
        pose = self._meter.measure(image, box, turn)
        roll = None if pose is None else pose.roll
        if roll is not None and angle_between(roll, _nearest_turn(roll)) < STEP_DEGREES:
            roll = normalize_roll(_nearest_turn(roll))
        next_known = _KnownFace(box, turn, roll, score)
        if pose is None or roll is None or roll % 90 == 0:
            return _found(image, candidate, roll), next_known
        return FoundFace(box, score, roll, pose.crop(image)), next_known

    def _find_known(self, candidate: _Candidate) -> _KnownFace | None:
        """Returns the face of the previous picture that overlaps most, or None."""
        box = candidate.box
        known = max(self._known, key=lambda face: face.box.iou(box), default=None)
        return known if known is not None and known.box.iou(box) >= MIN_OVERLAP else None

    def _update_turns(self, rolls: Iterable[int | None]) -> None:
        """Keeps the turns in which faces were found lately."""
        self._turns = {turn: age + 1 for turn, age in self._turns.items() if age < KEEP_TURN}
        for roll in rolls:
            if roll is not None and _nearest_turn(roll):
                self._turns[_nearest_turn(roll)] = 0


def _found(image: BgrImage, candidate: _Candidate, roll: int | None) -> FoundFace:
    """Returns a face that is turned by a multiple of 90°."""
    crop = _turn_upright(crop_square(image, candidate.box), (roll or 0) % 360)
    return FoundFace(candidate.box, candidate.score, roll, crop)


def _nearest_turn(roll: int) -> int:
    return round(roll / 90) * 90 % 360


def _turn_upright(image: BgrImage, turn: int) -> BgrImage:
    """Returns a picture whose content is turned clockwise by `turn`, turned back."""
    return cast(BgrImage, np.ascontiguousarray(np.rot90(image, turn // 90))) if turn else image


def _turn_back(box: Box, turn: int, width: int, height: int) -> Box:
    """Returns a box of `_turn_upright`'s picture in the pixels of the width × height picture."""
    right, below = box.x + box.width, box.y + box.height
    if turn == 90:
        return Box(width - below, box.x, box.height, box.width)
    if turn == 180:
        return Box(width - right, height - below, box.width, box.height)
    if turn == 270:
        return Box(box.y, height - right, box.height, box.width)
    return box


def _merge(candidates: Iterable[_Candidate]) -> list[_Candidate]:
    """Returns the candidates with the highest scores that do not overlap."""
    kept: list[_Candidate] = []
    for candidate in sorted(candidates, key=lambda item: -item.score):
        if all(candidate.box.iou(other.box) <= NMS_THRESHOLD for other in kept):
            kept.append(candidate)
    return kept
