"""Rows of the model manifest: completeness, a classifier that is only a row, measured figures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from functions.emotion_scoring.faces.classification import Classifier
from functions.emotion_scoring.faces.detection import DETECTORS
from functions.emotion_scoring.models.manifest import (
    ALLOWED_HOSTS,
    MINI_XCEPTION,
    MODELS,
    NOT_MEASURED,
    WHEEL_FILES,
    XCEPTION_PAIR,
    YUNET,
    Model,
    Scaling,
)
from tests.fakes.emotion_models import make_colour_model


def test_manifest_rows_are_complete() -> None:
    for model in MODELS:
        assert len(model.sha256) == 64
        assert model.licence
        sources = [model.public_file] if model.public_file else list(model.source_files)
        assert sources or model.wheel_file
        if model.wheel_file:
            assert model.wheel_file.sha256 == model.sha256
            assert model.wheel_file in WHEEL_FILES
        for source in sources:
            assert source.url.split("/")[2] in ALLOWED_HOSTS
            assert source.url.startswith("https://")
        if model.role == "detector":
            assert model.name in DETECTORS
        else:
            assert len(model.classes) == len(set(model.classes)) > 1
            assert model.input_px > 0
            assert all(name == name.lower() for name in model.classes)


def test_colour_classifier_with_logits_needs_only_a_row() -> None:
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    row = Model(
        name="colours",
        role="classifier",
        file="colours.onnx",
        sha256="",
        max_bytes=1 << 20,
        licence="none",
        credit="this test",
        input_px=32,
        colour="rgb",
        scaling=Scaling(mean, std),
        classes=tuple("abcdefgh"),
        output="logits",
    )
    crop = np.empty((50, 50, 3), np.uint8)
    crop[:] = (10, 100, 200)  # blue, green, red
    (probabilities,) = Classifier(row, make_colour_model()).classify([crop], mirror=False)
    logits = np.zeros(8)
    logits[:3] = (np.array([200, 100, 10]) / 255 - mean) / std
    expected = np.exp(logits) / np.exp(logits).sum()
    assert probabilities == pytest.approx(tuple(expected), abs=1e-4)


def test_network_with_other_number_of_classes_is_rejected() -> None:
    row = replace(MINI_XCEPTION, colour="rgb", input_px=32, scaling=Scaling((0.0,) * 3, (1.0,) * 3))
    with pytest.raises(ValueError, match="returned"):
        Classifier(row, make_colour_model()).classify(
            [np.zeros((40, 40, 3), np.uint8)], mirror=False
        )


def test_published_yunet_has_the_hash_of_the_manifest() -> None:
    assert YUNET.public_file is not None
    assert YUNET.public_file.sha256 == YUNET.sha256


def test_result_has_measured_accuracy_and_calibration() -> None:
    plain, mirrored = (XCEPTION_PAIR.describe(mirror=mirror) for mirror in (False, True))
    assert (plain["mirror"], mirrored["mirror"]) == (False, True)
    assert plain["evaluation"] == mirrored["evaluation"]
    evaluation = plain["evaluation"]
    assert evaluation.pop("data").startswith("FER2013 private test (3,589 faces)")
    assert evaluation == {
        "accuracy": "69.6 %",
        "accuracy_mirrored": "69.9 %",
        "ece": "0.020",
        "ece_mirrored": NOT_MEASURED,
    }


def test_result_marks_figures_that_were_not_measured() -> None:
    evaluation = MINI_XCEPTION.describe(mirror=True)["evaluation"]
    assert evaluation["accuracy"] == "65.9 %"
    for name in ("accuracy_mirrored", "ece", "ece_mirrored"):
        assert evaluation[name] == NOT_MEASURED
    assert "mirror" not in YUNET.describe(mirror=True)
