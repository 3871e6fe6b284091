"""One picture's faces and what they express, by the models that this instance could get."""

from __future__ import annotations

from typing import Any

import cv2

from functions.emotion_scoring.classification import Classifier, sharpness, square_crop
from functions.emotion_scoring.detection import Detector, HaarCascade, YuNet
from functions.emotion_scoring.faces import NOT_SCORED_PX, Face, judge
from functions.emotion_scoring.fetching import Places
from functions.emotion_scoring.models import HAAR_NAME, Model, of_role
from shared.errors import TransientError
from shared.media.picture import BgrImage


class NoEmotionModel(TransientError):
    """No emotion model is at hand: put one into the models bucket, or build it."""

    code = "no-emotion-model"


class Scorer:
    """A detector and a classifier, loaded once an instance. Not for several threads at once."""

    def __init__(self, detector: Detector, detector_model: Model | None, classifier: Classifier):
        self._detector = detector
        self._detector_model = detector_model
        self._classifier = classifier

    @classmethod
    def load(cls, places: Places) -> Scorer:
        """The best that can be had. Raises NoEmotionModel."""
        # The platform gives this function one processor; more threads would only contend for it.
        cv2.setNumThreads(1)
        classifier = places.first("classifier")
        if classifier is None:
            raise NoEmotionModel
        detector = places.first("detector")
        return cls(
            HaarCascade() if detector is None else YuNet(detector[1]),
            None if detector is None else detector[0],
            Classifier(*classifier),
        )

    @property
    def classes(self) -> tuple[str, ...]:
        """The emotions, in the order of the probabilities."""
        return self._classifier.model.classes

    def told(self) -> dict[str, Any]:
        """Which models are used: goes into every result."""
        haar = {"name": HAAR_NAME, "licence": "Intel License Agreement, in OpenCV's wheel"}
        model = self._detector_model
        return {
            "detector": haar if model is None else model.told(),
            "classifier": self._classifier.model.told(),
        }

    def warnings(self) -> list[str]:
        """What a person should know of models that are not the preferred ones."""
        said = []
        if self._detector_model is None:
            said.append(
                "The face detector's model was not at hand: faces were found with OpenCV's Haar "
                "cascade, which misses turned heads and gives no scores."
            )
        model, best = self._classifier.model, of_role("classifier")[0]
        if model is not best:
            said.append(
                f"The preferred emotion model was not at hand: {model.name} was used "
                f"({model.accuracy}, instead of {best.accuracy})."
            )
        return said

    def score(self, image: BgrImage) -> list[Face]:
        """The faces of an upright picture, BGR uint8 H×W×3, from left to right."""
        height, width = image.shape[:2]
        found = sorted(self._detector.detect(image), key=lambda one: (one[0].x, one[0].y))
        crops = [square_crop(image, box) for box, _ in found]
        large = [n for n, (box, _) in enumerate(found) if box.longer_side >= NOT_SCORED_PX]
        scored = self._classifier.classify([crops[n] for n in large])
        told = dict(zip(large, scored, strict=True))
        faces = []
        for n, (box, score) in enumerate(found):
            sharp = sharpness(crops[n])
            faces.append(Face(box, score, sharp, judge(box, width, height, sharp), told.get(n)))
        return faces
