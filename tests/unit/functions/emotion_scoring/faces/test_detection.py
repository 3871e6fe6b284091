"""Tests of CenterFace, which replaces YuNet on machines that reach only the package index."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from functions.emotion_scoring.faces.detection import CenterFace, Detection
from functions.emotion_scoring.faces.face import Box
from functions.emotion_scoring.faces.scorer import NoFaceModel, Scorer
from functions.emotion_scoring.models.download import sha256_of
from functions.emotion_scoring.models.fetch import ModelSources
from functions.emotion_scoring.models.manifest import CENTERFACE, MINI_XCEPTION
from shared.media.images.frame import BgrImage
from tests.fixtures.media.faces import (
    build_models_from_wheels,
    discard_log,
    load_golden_values,
    needs_models,
    read_picture,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the models that can be built from the package index."""
    folder = tmp_path_factory.mktemp("models")
    build_models_from_wheels(folder)
    return folder


@pytest.fixture(scope="module")
def model(folder: Path) -> bytes:
    return (folder / CENTERFACE.file).read_bytes()


def _best_overlaps(detected: list[Detection], expected: list[list[float]]) -> list[float]:
    """Returns the largest IoU of each expected box with a detected one."""
    return [max(face.box.iou(Box(*values)) for face in detected) for values in expected]


def test_package_index_alone_provides_detector_and_classifier(folder: Path) -> None:
    for row in (CENTERFACE, MINI_XCEPTION):
        data = (folder / row.file).read_bytes()
        assert sha256_of(data) == row.sha256
        assert len(data) <= row.max_bytes
    scorer = Scorer.load(ModelSources(str(folder), "", None, discard_log, allow_download=False))
    models = scorer.describe(mirror=True)
    assert models["detector"]["name"] == CENTERFACE.name
    assert models["classifier"]["name"] == MINI_XCEPTION.name
    detector, classifier = scorer.warnings()
    assert "yunet-2023mar was not available: centerface was used" in detector
    assert "accuracy without mirror images 65.9 % instead of 69.6 %" in classifier


def test_missing_face_model_raises_no_face_model(folder: Path, tmp_path: Path) -> None:
    shutil.copy(folder / MINI_XCEPTION.file, tmp_path)
    with pytest.raises(NoFaceModel, match="models bucket"):
        Scorer.load(ModelSources(str(tmp_path), "", None, discard_log, allow_download=False))


@needs_models
@pytest.mark.parametrize(("name", "faces"), [("solvay1927.jpg", 29), ("astronaut.png", 1)])
def test_detects_each_face_once(model: bytes, name: str, faces: int) -> None:
    detected = CenterFace(model).detect(read_picture(name))
    assert len(detected) == faces
    assert all(0.5 < face.score <= 1 for face in detected)
    expected = [face["box"] for face in load_golden_values()["images"][f"media/{name}"]["faces"]]
    assert min(_best_overlaps(detected, expected)) > 0.6


@needs_models
def test_alternating_picture_sizes_do_not_change_detections(model: bytes) -> None:
    sizes = [(640, 288), (512, 512), (300, 411), (640, 288), (97, 640)]
    pictures = [_resize(read_picture("solvay1927.jpg"), *size) for size in sizes]
    detector = CenterFace(model)
    in_turn = [detector.detect(image) for image in pictures]
    assert in_turn == [CenterFace(model).detect(image) for image in pictures]
    assert len(in_turn[0]) == 29


@needs_models
def test_boxes_are_in_pixels_of_the_original_picture(model: bytes) -> None:
    image = read_picture("astronaut.png")
    large = np.asarray(cv2.resize(image, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC), np.uint8)
    (face,) = CenterFace(model).detect(image)
    (scaled,) = CenterFace(model).detect(large)
    assert face.box.scale(3).iou(scaled.box) > 0.85


@needs_models
@pytest.mark.parametrize("turn", [1, 2, 3])
def test_turned_faces_are_found_and_have_the_same_emotion(folder: Path, turn: int) -> None:
    sources = ModelSources(str(folder), "", None, discard_log, allow_download=False)
    scorer = Scorer.load(sources)
    image = read_picture("astronaut.png")
    (upright,) = scorer.score(image, mirror=True)
    (turned,) = scorer.score(np.ascontiguousarray(np.rot90(image, turn)), mirror=True)
    assert (upright.roll, turned.roll) == (0, {1: -90, 2: 180, 3: 90}[turn])
    assert upright.probabilities is not None
    assert turned.probabilities is not None
    assert np.argmax(turned.probabilities) == np.argmax(upright.probabilities)


def test_picture_without_face_has_no_detections(model: bytes) -> None:
    assert CenterFace(model).detect(np.full((360, 640, 3), 128, np.uint8)) == []
    assert CenterFace(model).detect(np.zeros((1, 1, 3), np.uint8)) == []


def _resize(image: BgrImage, width: int, height: int) -> BgrImage:
    """Resizes a picture without keeping its aspect ratio."""
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
