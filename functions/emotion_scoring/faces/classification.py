"""Emotion classification: cuts the square crop of a face and computes its probabilities."""

from __future__ import annotations

from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from functions.emotion_scoring.faces.face import Box
from functions.emotion_scoring.models.manifest import Model
from shared.media.images.frame import BgrImage

SHARPNESS_PX = 64
"""Side of the square to which a face is resized before its sharpness is measured."""
BATCH_SIZE = 16
"""Crops in one forward pass. Larger batches take more memory and are not faster."""


class Classifier:
    """Runs an ONNX classifier of the manifest. Not thread-safe."""

    def __init__(self, model: Model, data: bytes) -> None:
        self.model = model
        self._net = cv2.dnn.readNetFromONNX(np.frombuffer(data, np.uint8))
        scaling = model.scaling
        # Precomputed so that a pixel p takes one multiplication and one addition:
        # p·a + b = (p/255 − mean)/std.
        std = np.array(scaling.std, np.float32)
        self._a = (1 / 255 / std).reshape(-1, 1, 1)
        self._b = (-np.array(scaling.mean, np.float32) / std).reshape(-1, 1, 1)

    def classify(self, crops: list[BgrImage], *, mirror: bool) -> list[tuple[float, ...]]:
        """Returns the probabilities of each square BGR crop, in the order of the model's classes.

        Args:
            crops: uint8 H×H×3 each.
            mirror: return the mean of the probabilities of the crop and of its mirror image. This
                doubles the CPU time of the network.

        Raises:
            ValueError: the network's output is not one finite number per class.
        """
        scores: list[tuple[float, ...]] = []
        for start in range(0, len(crops), BATCH_SIZE):
            batch = np.stack([self._input(crop) for crop in crops[start : start + BATCH_SIZE]])
            rows = self._probabilities(batch)
            if mirror:
                rows = (rows + self._probabilities(batch[..., ::-1])) / 2
            scores += [tuple(map(float, row)) for row in rows]
        return scores

    def _input(self, crop: BgrImage) -> NDArray[np.float32]:
        picture: NDArray[Any] = crop
        if self.model.colour == "gray":
            picture = resize_square(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY), self.model.input_px)[
                None
            ]
        else:
            if self.model.colour == "rgb":
                picture = cv2.cvtColor(crop, cv2.COLOR_BGR2RGB)
            picture = resize_square(picture, self.model.input_px).transpose(2, 0, 1)
        return cast("NDArray[np.float32]", picture.astype(np.float32) * self._a + self._b)

    def _probabilities(self, batch: NDArray[np.float32]) -> NDArray[np.float64]:
        """Returns (N, classes) for (N, channels, side, side); each row sums to 1."""
        self._net.setInput(np.ascontiguousarray(batch))
        rows = np.asarray(self._net.forward(), np.float64).reshape(len(batch), -1)
        if rows.shape[1] != len(self.model.classes) or not np.isfinite(rows).all():
            raise ValueError(f"{self.model.name} returned {rows!r}")
        if self.model.output == "logits":
            rows = np.exp(rows - rows.max(axis=1, keepdims=True))
        rows = np.clip(rows, 0, None)
        return cast("NDArray[np.float64]", rows / rows.sum(axis=1, keepdims=True))


def crop_square(image: BgrImage, box: Box) -> BgrImage:
    """Returns the square around a box's centre whose side is the box's longer side.

    Pixels outside the picture repeat its edge.
    """
    half = box.longer_side / 2
    side = max(1, round(box.longer_side))
    left = round(box.x + box.width / 2 - half)
    top = round(box.y + box.height / 2 - half)
    height, width = image.shape[:2]
    # At least one pixel of the picture, even if the box lies outside it.
    x0, y0 = min(max(left, 0), width - 1), min(max(top, 0), height - 1)
    x1, y1 = max(min(left + side, width), x0 + 1), max(min(top + side, height), y0 + 1)
    crop = image[y0:y1, x0:x1]
    above, below = max(0, y0 - top), max(0, top + side - y1)
    before, after = max(0, x0 - left), max(0, left + side - x1)
    if above or below or before or after:
        border = cv2.BORDER_REPLICATE
        crop = cast(BgrImage, cv2.copyMakeBorder(crop, above, below, before, after, border))
    return crop


def resize_square(picture: NDArray[Any], side: int) -> NDArray[Any]:
    """Resizes to side × side pixels: area interpolation to shrink, linear to enlarge."""
    interpolation = cv2.INTER_AREA if picture.shape[0] > side else cv2.INTER_LINEAR
    return cv2.resize(picture, (side, side), interpolation=interpolation)


def measure_sharpness(crop: BgrImage) -> float:
    """Returns the variance of the Laplacian of the grey crop, resized to SHARPNESS_PX."""
    grey = resize_square(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY), SHARPNESS_PX)
    return float(cv2.Laplacian(grey, cv2.CV_64F).var())
