"""CenterFace out of the package index: the detector where YuNet cannot be fetched."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from functions.emotion_scoring.faces.detection import CenterFace
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
    """What an operator builds who reaches the package index and nothing else."""
    made = tmp_path_factory.mktemp("models")
    build_models_from_wheels(made)
    return made


@pytest.fixture(scope="module")
def model(folder: Path) -> bytes:
    return (folder / CENTERFACE.file).read_bytes()


def _best_overlaps(found: list[tuple[Box, float]], expected: list[list[float]]) -> list[float]:
    """For each expected box the IoU of the found box that fits it best."""
    return [max(box.iou(Box(*one)) for box, _ in found) for one in expected]


def test_the_package_index_alone_gives_a_detector_and_a_classifier(folder: Path) -> None:
    for row in (CENTERFACE, MINI_XCEPTION):
        data = (folder / row.file).read_bytes()
        assert sha256_of(data) == row.sha256
        assert len(data) <= row.max_bytes
    scorer = Scorer.load(ModelSources(str(folder), "", None, discard_log, allow_download=False))
    used = scorer.describe(mirror=True)
    assert used["detector"]["name"] == CENTERFACE.name
    assert used["classifier"]["name"] == MINI_XCEPTION.name
    detector, classifier = scorer.warnings()
    assert "yunet-2023mar was not at hand: centerface was used" in detector
    assert "accuracy without mirror images 65.9 % instead of 69.6 %" in classifier


def test_without_any_face_model_the_cause_is_named(folder: Path, tmp_path: Path) -> None:
    shutil.copy(folder / MINI_XCEPTION.file, tmp_path)
    with pytest.raises(NoFaceModel, match="models bucket"):
        Scorer.load(ModelSources(str(tmp_path), "", None, discard_log, allow_download=False))


@needs_models
@pytest.mark.parametrize(("name", "faces"), [("solvay1927.jpg", 29), ("astronaut.png", 1)])
def test_every_face_of_a_picture_is_found_once(model: bytes, name: str, faces: int) -> None:
    found = CenterFace(model).detect(read_picture(name))
    assert len(found) == faces
    assert all(0.5 < score <= 1 for _, score in found)
    expected = [one["box"] for one in load_golden_values()["images"][f"media/{name}"]["faces"]]
    assert min(_best_overlaps(found, expected)) > 0.6


@needs_models
def test_pictures_of_different_sizes_in_turn_are_detected_as_each_one_alone(model: bytes) -> None:
    sizes = [(640, 288), (512, 512), (300, 411), (640, 288), (97, 640)]
    pictures = [_fitted(read_picture("solvay1927.jpg"), *size) for size in sizes]
    one = CenterFace(model)
    in_turn = [one.detect(image) for image in pictures]
    assert in_turn == [CenterFace(model).detect(image) for image in pictures]
    assert len(in_turn[0]) == 29


@needs_models
def test_boxes_are_in_the_pixels_of_the_original_picture(model: bytes) -> None:
    image = read_picture("astronaut.png")
    large = np.asarray(cv2.resize(image, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC), np.uint8)
    ((box, _),) = CenterFace(model).detect(image)
    ((scaled, _),) = CenterFace(model).detect(large)
    assert box.scale(3).iou(scaled) > 0.85


def test_a_picture_without_a_face_gives_none(model: bytes) -> None:
    assert CenterFace(model).detect(np.full((360, 640, 3), 128, np.uint8)) == []
    assert CenterFace(model).detect(np.zeros((1, 1, 3), np.uint8)) == []


def _fitted(image: BgrImage, width: int, height: int) -> BgrImage:
    """The picture in another size, whatever that does to its proportions."""
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
