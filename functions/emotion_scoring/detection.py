"""Where the faces are: YuNet, or the Haar cascade of OpenCV's wheel where no model is at hand."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, cast

import cv2
import numpy as np

from functions.emotion_scoring.faces import Box
from functions.emotion_scoring.models import HAAR_CASCADE
from shared.media.picture import BgrImage

LONG_SIDE_PX = 640
"""Detection dominates the cost and grows with the area: 11 ms at 640×360, 128 ms at 1080p."""
SCORE_THRESHOLD = 0.7
NMS_THRESHOLD = 0.3
TOP_K = 500
_HAAR_STEP = 1.1
_HAAR_NEIGHBOURS = 6
_HAAR_SMALLEST_PX = 24


class Detector(Protocol):
    """Finds the faces of an upright picture, BGR uint8 H×W×3: (box in its pixels, score)."""

    def detect(self, image: BgrImage) -> list[tuple[Box, float | None]]: ...


class YuNet:
    """OpenCV's FaceDetectorYN over the model's bytes. Not for several threads at once."""

    def __init__(self, model: bytes) -> None:
        self._net = cv2.FaceDetectorYN.create(
            "onnx",
            np.frombuffer(model, np.uint8),
            np.empty(0, np.uint8),
            (LONG_SIDE_PX, LONG_SIDE_PX),
            SCORE_THRESHOLD,
            NMS_THRESHOLD,
            TOP_K,
        )
        self._size: tuple[int, int] | None = None

    def detect(self, image: BgrImage) -> list[tuple[Box, float | None]]:
        small, factor = _downscaled(image)
        size = small.shape[1], small.shape[0]
        if size != self._size:
            self._net.setInputSize(size)
            self._size = size
        _, rows = self._net.detect(small)
        if rows is None:
            return []
        found = [(Box(*map(float, row[:4])).scaled(factor), float(row[-1])) for row in rows]
        return [one for one in found if one[0].area > 0]


class HaarCascade:
    """Slower, misses turned heads, and its weights are no probabilities: it gives no scores."""

    def __init__(self) -> None:
        folder = Path(cv2.__file__).with_name("data")
        self._cascade = cv2.CascadeClassifier(str(folder / HAAR_CASCADE))
        if self._cascade.empty():
            raise FileNotFoundError(f"This OpenCV brings no {HAAR_CASCADE}.")

    def detect(self, image: BgrImage) -> list[tuple[Box, float | None]]:
        small, factor = _downscaled(image)
        grey = cv2.equalizeHist(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY))
        rows = self._cascade.detectMultiScale(
            grey,
            scaleFactor=_HAAR_STEP,
            minNeighbors=_HAAR_NEIGHBOURS,
            minSize=(_HAAR_SMALLEST_PX, _HAAR_SMALLEST_PX),
        )
        return [(Box(*map(float, row)).scaled(factor), None) for row in rows]


def _downscaled(image: BgrImage) -> tuple[BgrImage, float]:
    """A picture whose long side is at most LONG_SIDE_PX, and the factor back. One factor for both
    axes, although the short side is rounded: the expected values were measured so."""
    height, width = image.shape[:2]
    factor = max(height, width) / LONG_SIDE_PX
    if factor <= 1:
        return image, 1.0
    size = max(1, round(width / factor)), max(1, round(height / factor))
    return cast(BgrImage, cv2.resize(image, size, interpolation=cv2.INTER_AREA)), factor
