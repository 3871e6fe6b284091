"""Finds the faces of one picture and scores them with the models available to this instance."""

from __future__ import annotations

from typing import Any

import cv2

from functions.emotion_scoring.faces.classification import (
    Classifier,
    measure_sharpness,
)
from functions.emotion_scoring.faces.detection import DETECTORS, Detector
from functions.emotion_scoring.faces.face import MIN_SCORED_PX, Face, assess_quality
from functions.emotion_scoring.faces.finder import FaceFinder
from functions.emotion_scoring.faces.roll import RollMeter
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

    def __init__(
        self,
        detector: Detector,
        detector_model: Model,
        classifier: Classifier,
        crop_detector: Detector,
    ) -> None:
        self._detector = detector
        self._meter = RollMeter(crop_detector)
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
        create = DETECTORS[model.name]
        return cls(create(data), model, Classifier(*classifier), create(data))

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

    def create_finder(self) -> FaceFinder:
        """Returns a finder for consecutive pictures."""
        return FaceFinder(self._detector, self._meter)

    def score(
        self, image: BgrImage, *, mirror: bool, finder: FaceFinder | None = None
    ) -> list[Face]:
        """Returns the faces of a picture, from left to right. Turned faces are scored upright.

        Args:
            image: BGR uint8 H×W×3.
            mirror: Whether to average the probabilities of each face and of its mirror image.
            finder: The finder of the pictures before; None for a single picture.
        """
        height, width = image.shape[:2]
        found = (finder or self.create_finder()).find(image)
        scored_indexes = [
            n
            for n, face in enumerate(found)
            if face.box.longer_side >= MIN_SCORED_PX and face.roll is not None
        ]
        rows = self._classifier.classify([found[n].crop for n in scored_indexes], mirror=mirror)
        probabilities = dict(zip(scored_indexes, rows, strict=True))
        faces = []
        for n, face in enumerate(found):
            sharpness = measure_sharpness(face.crop)
            quality = assess_quality(face.box, width, height, sharpness, face.roll)
            faces.append(
                Face(face.box, face.score, sharpness, quality, probabilities.get(n), face.roll)
            )
        return faces


def _preferred(role: Role) -> Model:
    return models_for_role(role)[0]


def _accuracy(model: Model) -> str:
    return NOT_MEASURED if model.evaluation is None else model.evaluation.accuracy
