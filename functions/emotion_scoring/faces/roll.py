"""The roll of a face: the angle by which it is turned clockwise in the picture.

Classifiers know upright faces only: they call an upside-down face angry. Detectors find some turned
faces, but with a lower score than upright ones. So the roll is measured by detecting the face again
in crops of its surroundings that are turned to twelve angles: the crop with the highest score shows
it upright. Measured with YuNet: 0.90 to 0.95 for upright faces, at most 0.88 from 60° to 300°.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from functions.emotion_scoring.faces.detection import Detection, Detector
from functions.emotion_scoring.faces.face import Box
from shared.media.images.frame import BgrImage

STEP_DEGREES = 30
CERTAIN_SCORE = 0.9
"""A face with this score is within STEP_DEGREES of upright; other angles are not tried."""
MIN_ADVANTAGE = 0.03
"""An angle is preferred to the expected one if its score is higher by this difference."""
_CROP_PX = 128
_CROP_FACTOR = 1.8
"""Side of a crop, relative to the longer side of the face."""
_MAX_SHIFT = 0.25
"""Largest distance of the face's centre from that of the crop, as a share of the crop's side."""
_MAX_LANDMARK_ROLL = 45.0
"""Landmarks that are turned further contradict the angle of the crop."""


@dataclass(frozen=True, slots=True)
class Pose:
    """A face as it was found upright in a turned crop.

    Attributes:
        roll: Degrees clockwise, from -179 to 180.
        centre: x and y in pixels of the picture.
        side: The longer side of the upright face, in pixels of the picture.
        score: The score of the detector in the crop, 0 to 1.
    """

    roll: int
    centre: tuple[float, float]
    side: float
    score: float

    def crop(self, image: BgrImage) -> BgrImage:
        """Returns the square of the face, turned upright. Pixels outside repeat the edge."""
        side = max(1, round(self.side))
        return _crop(image, self.centre, self.roll, self.side, side)


class RollMeter:
    """Measures rolls with a detector of its own: an OpenCV network is slow when its input size
    changes. Not thread-safe."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector

    def measure(self, image: BgrImage, box: Box, expected: int) -> Pose | None:
        """Returns the pose of a face, or None if its direction cannot be determined.

        Args:
            expected: The roll in degrees that is tried first, and preferred.
        """
        first = self.find_at(image, box, expected)
        near = [self.find_at(image, box, expected + turn) for turn in (-STEP_DEGREES, STEP_DEGREES)]
        poses = [pose for pose in (first, *near) if pose is not None]
        if not poses or max(pose.score for pose in poses) < CERTAIN_SCORE:
            turns = range(2 * STEP_DEGREES, 360 - STEP_DEGREES, STEP_DEGREES)
            far = [self.find_at(image, box, expected + turn) for turn in turns]
            poses += [pose for pose in far if pose is not None]
        if not poses:
            return None
        best = max(poses, key=lambda pose: pose.score)
        if first is not None and first.score > best.score - MIN_ADVANTAGE:
            return first
        rivals = [pose for pose in poses if angle_between(pose.roll, best.roll) > 2 * STEP_DEGREES]
        is_clear = all(pose.score < best.score - MIN_ADVANTAGE for pose in rivals)
        return best if is_clear else None

    def find_at(self, image: BgrImage, box: Box, roll: int) -> Pose | None:
        """Returns the pose of a face that is upright in a crop turned by `roll`, or None."""
        scale = _CROP_FACTOR * box.longer_side / _CROP_PX
        centre = box.x + box.width / 2, box.y + box.height / 2
        crop = _crop(image, centre, roll, _CROP_FACTOR * box.longer_side, _CROP_PX)
        found = [face for face in self._detector.detect(crop) if _is_central(face)]
        if not found:
            return None
        face = max(found, key=lambda face: face.score)
        matrix = cv2.invertAffineTransform(_matrix(centre, roll, 1 / scale, _CROP_PX))
        x, y = face.box.x + face.box.width / 2, face.box.y + face.box.height / 2
        return Pose(
            roll=normalize_roll(roll + (face.roll or 0)),
            centre=cast("tuple[float, float]", tuple(map(float, matrix @ (x, y, 1)))),
            side=face.box.longer_side * scale,
            score=face.score,
        )


def normalize_roll(degrees: float) -> int:
    """Returns an angle as whole degrees from -179 to 180."""
    return 180 - (180 - round(degrees)) % 360


def angle_between(one: int, other: int) -> int:
    """Returns the angle between two rolls, 0 to 180 degrees."""
    return abs(normalize_roll(one - other))


def _is_central(face: Detection) -> bool:
    middle, shift = _CROP_PX / 2, _MAX_SHIFT * _CROP_PX
    return (
        abs(face.box.x + face.box.width / 2 - middle) <= shift
        and abs(face.box.y + face.box.height / 2 - middle) <= shift
        and abs(face.roll or 0) <= _MAX_LANDMARK_ROLL
    )


def _crop(
    image: BgrImage, centre: tuple[float, float], roll: int, side: float, size_px: int
) -> BgrImage:
    """Returns a square of `side` pixels of the picture, turned counterclockwise by `roll` and
    scaled to `size_px`."""
    matrix = _matrix(centre, roll, size_px / side, size_px)
    return cast(
        BgrImage,
        cv2.warpAffine(
            image,
            matrix,
            (size_px, size_px),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        ),
    )


def _matrix(centre: tuple[float, float], roll: int, scale: float, size_px: int) -> NDArray[Any]:
    """Returns the 2×3 matrix that maps pixels of the picture to those of the crop."""
    matrix = np.asarray(cv2.getRotationMatrix2D(centre, roll, scale), np.float64)
    matrix[:, 2] += size_px / 2 - np.array(centre)
    return matrix
