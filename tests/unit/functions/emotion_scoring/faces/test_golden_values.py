"""Compares scores of real faces with golden values of other code that runs the same models."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from functions.emotion_scoring.faces.classification import Classifier, crop_square
from functions.emotion_scoring.faces.face import Box
from functions.emotion_scoring.models.manifest import MINI_XCEPTION, XCEPTION_PAIR, Model
from tests.fixtures.media.faces import (
    EMOTIONS,
    MODELS_DIR,
    SAD_TO_HAPPY_VIDEO,
    load_golden_values,
    load_scorer,
    needs_models,
    read_picture,
)

pytestmark = needs_models
BOX_PX, PROBABILITY = 1.5, 0.02
"""Tolerances of box edges in pixels and of probabilities."""
IMAGES = ("media/astronaut.png", "media/solvay1927.jpg")


def _nearest(expected: list[float], name: str) -> Any:
    faces = load_scorer().score(read_picture(name.removeprefix("media/")), mirror=False)
    return max(faces, key=lambda face: face.box.iou(Box(*expected)))


@pytest.mark.parametrize("name", IMAGES)
def test_boxes_and_probabilities_match_golden_values(name: str) -> None:
    golden = load_golden_values()["images"][name]
    faces = load_scorer().score(read_picture(name.removeprefix("media/")), mirror=False)
    assert len(faces) == golden["n_faces"]
    assert golden["faces"]
    for expected in golden["faces"]:
        face = _nearest(expected["box"], name)
        box = face.box.x, face.box.y, face.box.width, face.box.height
        assert box == pytest.approx(expected["box"], abs=BOX_PX)
        assert face.score == pytest.approx(expected["score"], abs=PROBABILITY)
        assert face.probabilities == pytest.approx(expected["pair"], abs=PROBABILITY)


@pytest.mark.parametrize(("model", "key"), [(MINI_XCEPTION, "mini"), (XCEPTION_PAIR, "pair")])
def test_each_classifier_matches_golden_values(model: Model, key: str) -> None:
    classifier = Classifier(model, (MODELS_DIR / model.file).read_bytes())
    for name in IMAGES:
        image = read_picture(name.removeprefix("media/"))
        for expected in load_golden_values()["images"][name]["faces"]:
            crop = crop_square(image, _nearest(expected["box"], name).box)
            (probabilities,) = classifier.classify([crop], mirror=False)
            assert probabilities == pytest.approx(expected[key], abs=PROBABILITY)


def test_video_frames_match_golden_values() -> None:
    golden = {
        row["frame"]: row
        for row in load_golden_values()["video"][f"media/{SAD_TO_HAPPY_VIDEO.name}"]["measured"]
    }
    capture, number, compared = cv2.VideoCapture(str(SAD_TO_HAPPY_VIDEO)), 0, 0
    while True:
        has_frame, image = capture.read()
        if not has_frame:
            break
        if number in golden:
            (face,) = load_scorer().score(np.asarray(image, np.uint8), mirror=False)
            assert face.probabilities == pytest.approx(golden[number]["pair"], abs=PROBABILITY)
            compared += 1
        number += 1
    assert compared == len(golden) > 30


@pytest.mark.parametrize("mirror", [False, True])
def test_batched_faces_have_the_scores_of_single_faces(mirror: bool) -> None:
    image = read_picture("solvay1927.jpg")
    batched = load_scorer().score(image, mirror=mirror)
    classifier = Classifier(XCEPTION_PAIR, (MODELS_DIR / XCEPTION_PAIR.file).read_bytes())
    for face in batched[::5]:
        (single,) = classifier.classify([crop_square(image, face.box)], mirror=mirror)
        assert face.probabilities == pytest.approx(single, abs=1e-4)


def test_grey_picture_of_happy_face_is_happy() -> None:
    image = read_picture("astronaut.png")
    grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    (face,) = load_scorer().score(np.asarray(grey, np.uint8), mirror=False)
    assert face.quality == "ok"
    assert face.probabilities is not None
    assert EMOTIONS[int(np.argmax(face.probabilities))] == "happy"


def test_tiny_face_is_flagged_and_not_scored_below_20_px() -> None:
    image = read_picture("astronaut.png")
    sizes: dict[str, list[int]] = {"scored": [], "not scored": []}
    for side in (60, 80, 100, 125):
        small = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
        canvas = np.full((360, 640, 3), 90, np.uint8)
        canvas[100 : 100 + side, 200 : 200 + side] = small
        for face in load_scorer().score(canvas, mirror=False):
            assert face.quality == "too_small"
            kind = "not scored" if face.probabilities is None else "scored"
            assert (face.box.longer_side < 20) == (face.probabilities is None)
            sizes[kind].append(round(face.box.longer_side))
    assert sizes["scored"]
    assert sizes["not scored"]


def test_blurred_and_cut_off_faces_are_flagged() -> None:
    image = read_picture("astronaut.png")
    (sharp,) = load_scorer().score(image, mirror=False)
    assert sharp.quality == "ok"
    (blurred,) = load_scorer().score(
        np.asarray(cv2.GaussianBlur(image, (0, 0), 5), np.uint8), mirror=False
    )
    assert blurred.quality == "blurred"
    box = sharp.box
    left, right = round(box.x + 0.4 * box.width), round(box.x + 0.6 * box.width)
    top, below = round(box.y + 0.4 * box.height), round(box.y + 0.6 * box.height)
    for cut in (image[:, left:], image[:, :right], image[top:], image[:below]):
        (face,) = load_scorer().score(np.ascontiguousarray(cut), mirror=False)
        assert face.quality == "cut_off"


def test_mirror_image_has_the_same_weight_as_the_face() -> None:
    image = read_picture("solvay1927.jpg")
    classifier = Classifier(XCEPTION_PAIR, (MODELS_DIR / XCEPTION_PAIR.file).read_bytes())
    crops = [crop_square(image, face.box) for face in load_scorer().score(image, mirror=False)]
    flipped = [np.ascontiguousarray(crop[:, ::-1]) for crop in crops]
    plain, mirrored = (
        np.array(classifier.classify(images, mirror=False)) for images in (crops, flipped)
    )
    assert np.abs(plain - mirrored).max() > 0.05
    for images in (crops, flipped):
        averaged = np.array(classifier.classify(images, mirror=True))
        # Resizing a flipped picture rounds some pixels to other integers.
        assert averaged == pytest.approx((plain + mirrored) / 2, abs=0.01)
        assert averaged.sum(axis=1) == pytest.approx(1)
