"""Finds the faces of one picture and scores them with the models available to this instance."""

from __future__ import annotations

from typing import Any

import cv2

from functions.emotion_scoring.faces.classification import (
    Classifier,
    crop_square,
    measure_sharpness,
)
from functions.emotion_scoring.faces.detection import DETECTORS, Detector
from functions.emotion_scoring.faces.face import MIN_SCORED_PX, Face, assess_quality
from functions.emotion_scoring.models.fetch import ModelSources
from functions.emotion_scoring.models.manifest import NOT_MEASURED, Model, Role, models_for_role
from shared.errors import TransientError
from shared.media.images.frame import BgrImage


class NoEmotionModel(TransientError):
    """No emotion model is available: put one into the models bucket, or build it."""

    code = "no-emotion-model"


class NoFaceModel(TransientError):
    """No face detection model is available: put one into the models bucket, or build it."""

    code = "no-face-model"


class Scorer:
    """A detector and a classifier, loaded once per instance. Not thread-safe."""

    def __init__(self, detector: Detector, detector_model: Model, classifier: Classifier):
        self._detector = detector
        self._detector_model = detector_model
        self._classifier = classifier

    @classmethod
    def load(cls, sources: ModelSources) -> Scorer:
        """Loads the first available model of each role. Raises NoEmotionModel or NoFaceModel."""
        # The platform gives this function one CPU; more threads would only compete for it.
        cv2.setNumThreads(1)
        classifier = sources.fetch_preferred("classifier")
        if classifier is None:
            raise NoEmotionModel
        detector = sources.fetch_preferred("detector")
        if detector is None:
            raise NoFaceModel
        model, data = detector
        return cls(DETECTORS[model.name](data), model, Classifier(*classifier))

    @property
    def classes(self) -> tuple[str, ...]:
        """The emotions, in the order of the probabilities."""
        return self._classifier.model.classes

    def describe(self, *, mirror: bool) -> dict[str, Any]:
        """Returns the models in use, as an entry of `models` in a result."""
        return {
            "detector": self._detector_model.describe(mirror=mirror),
            "classifier": self._classifier.model.describe(mirror=mirror),
        }

    def warnings(self) -> list[str]:
        """Returns one warning for each model that is not the preferred one of its role."""
        warnings = []
        model, best = self._detector_model, _preferred("detector")
        if model != best:
            warnings.append(
                f"The preferred face detection model {best.name} was not available: {model.name} "
                "was used, whose boxes differ slightly."
            )
        model, best = self._classifier.model, _preferred("classifier")
        if model != best:
            warnings.append(
                f"The preferred emotion model {best.name} was not available: {model.name} was used "
                f"(accuracy without mirror images {_accuracy(model)} instead of "
                f"{_accuracy(best)})."
            )
        return warnings

    def score(self, image: BgrImage, *, mirror: bool) -> list[Face]:
        """Returns the faces of a picture, from left to right.

        Args:
            image: An upright picture, BGR uint8 H×W×3.
            mirror: Whether to average the probabilities of each face and of its mirror image.
        """
        height, width = image.shape[:2]
        detections = sorted(self._detector.detect(image), key=lambda item: (item[0].x, item[0].y))
        crops = [crop_square(image, box) for box, _ in detections]
        scored_indexes = [
            n for n, (box, _) in enumerate(detections) if box.longer_side >= MIN_SCORED_PX
        ]
        rows = self._classifier.classify([crops[n] for n in scored_indexes], mirror=mirror)
        probabilities = dict(zip(scored_indexes, rows, strict=True))
        faces = []
        for n, (box, score) in enumerate(detections):
            sharpness = measure_sharpness(crops[n])
            quality = assess_quality(box, width, height, sharpness)
            faces.append(Face(box, score, sharpness, quality, probabilities.get(n)))
        return faces


def _preferred(role: Role) -> Model:
    return models_for_role(role)[0]


def _accuracy(model: Model) -> str:
    return NOT_MEASURED if model.evaluation is None else model.evaluation.accuracy
