"""Coloured squares that stand for people, and models that detect and classify them.

Tests of how the parts of a job fit together need no real models.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO

import cv2
import numpy as np
from onnx import TensorProto, helper, numpy_helper

from functions.emotion_scoring.faces.classification import Classifier
from functions.emotion_scoring.faces.detection import Detection
from functions.emotion_scoring.faces.face import Box
from functions.emotion_scoring.faces.scorer import Scorer
from functions.emotion_scoring.models.manifest import Model, Scaling
from shared.media.images.frame import BgrImage, encode_image
from shared.recipes.frames.pack import FrameStamp, PackWriter
from shared.recipes.pts import Pts

CLASSES = ("happy", "sad", "angry", "calm", "e", "f", "g", "h")
HAPPY, SAD, ANGRY = (20, 20, 230), (20, 230, 20), (230, 20, 20)
"""Red, green and blue, as BGR."""
ColouredSquare = tuple[int, tuple[int, int, int]]
"""The left edge of a square in pixels, and its colour."""
FRAME_INTERVAL_S = Fraction(1, 2)


def make_colour_model() -> bytes:
    """An ONNX classifier of eight classes; the first three follow the means of red, green, blue."""
    weights = np.zeros((8, 3), np.float32)
    weights[0, 0] = weights[1, 1] = weights[2, 2] = 1
    graph = helper.make_graph(
        [
            helper.make_node("GlobalAveragePool", ["input"], ["mean"]),
            helper.make_node("Flatten", ["mean"], ["flat"], axis=1),
            helper.make_node("Gemm", ["flat", "w"], ["logits"], transB=1),
        ],
        "colours",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", 3, 32, 32])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", 8])],
        [numpy_helper.from_array(weights, "w")],
    )
    opset = [helper.make_opsetid("", 13)]
    data: bytes = helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()
    return data


@dataclass
class SquareDetector:
    """Detects areas that are not grey, and counts its calls."""

    call_count: int = 0

    def detect(self, image: BgrImage) -> list[Detection]:
        self.call_count += 1
        is_coloured = image.max(axis=2).astype(int) - image.min(axis=2) > 40
        shapes, _ = cv2.findContours(
            is_coloured.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
        )
        return [Detection(Box(*map(float, cv2.boundingRect(shape))), 0.9) for shape in shapes]


def make_square_scorer(detector: SquareDetector, name: str = "painted") -> Scorer:
    """A scorer that classifies coloured squares."""
    detector_model = Model(
        name="squares",
        role="detector",
        file="",
        sha256="squares",
        max_bytes=0,
        licence="none",
        credit="these tests",
    )
    classifier_model = Model(
        name=name,
        role="classifier",
        file="",
        sha256=name,
        max_bytes=0,
        licence="none",
        credit="these tests",
        input_px=32,
        colour="rgb",
        scaling=Scaling((0.5,) * 3, (0.1,) * 3),
        classes=CLASSES,
        output="logits",
    )
    classifier = Classifier(classifier_model, make_colour_model())
    return Scorer(detector, detector_model, classifier, SquareDetector())


def make_square_pack(first_number: int, frames: Sequence[Sequence[ColouredSquare]]) -> bytes:
    """A frame pack; its first frame has the index `first_number`."""
    out = BytesIO()
    writer = PackWriter(out)
    for k, squares in enumerate(frames, first_number):
        image = np.full((180, 320, 3), 128, np.uint8)
        for x, colour in squares:
            image[60:120, x : x + 60] = colour
            # Without stripes the squares would count as blurred.
            image[60:120:6, x : x + 60] = [channel // 3 for channel in colour]
        stamp = FrameStamp(
            k,
            k * FRAME_INTERVAL_S,
            Pts(int(k * FRAME_INTERVAL_S * 600), Fraction(1, 600)),
            320,
            180,
        )
        writer.add(f"frame_{k + 1:06d}.png", encode_image(image, "png", 0), stamp)
    return out.getvalue()
