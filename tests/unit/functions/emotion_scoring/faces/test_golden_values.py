"""Real faces: what other code measured with the same models is measured here too."""

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
    needs_models,
    read_picture,
)
from tests.fixtures.media.faces import load_scorer as loaded

pytestmark = needs_models
BOX_PX, PROBABILITY = 1.5, 0.02
IMAGES = ("media/astronaut.png", "media/solvay1927.jpg")


def _nearest(expected: list[float], name: str) -> Any:
    found = loaded().score(read_picture(name.removeprefix("media/")), mirror=False)
    return max(found, key=lambda one: one.box.iou(Box(*expected)))


@pytest.mark.parametrize("name", IMAGES)
def test_boxes_and_probabilities_of_pictures(name: str) -> None:
    about = load_golden_values()["images"][name]
    found = loaded().score(read_picture(name.removeprefix("media/")), mirror=False)
    assert len(found) == about["n_faces"]
    assert about["faces"]
    for expected in about["faces"]:
        face = _nearest(expected["box"], name)
        box = face.box.x, face.box.y, face.box.width, face.box.height
        assert box == pytest.approx(expected["box"], abs=BOX_PX)
        assert face.score == pytest.approx(expected["score"], abs=PROBABILITY)
        assert face.probabilities == pytest.approx(expected["pair"], abs=PROBABILITY)


@pytest.mark.parametrize(("model", "key"), [(MINI_XCEPTION, "mini"), (XCEPTION_PAIR, "pair")])
def test_each_classifier_of_the_manifest(model: Model, key: str) -> None:
    classifier = Classifier(model, (MODELS_DIR / model.file).read_bytes())
    for name in IMAGES:
        image = read_picture(name.removeprefix("media/"))
        for expected in load_golden_values()["images"][name]["faces"]:
            crop = crop_square(image, _nearest(expected["box"], name).box)
            (told,) = classifier.classify([crop], mirror=False)
            assert told == pytest.approx(expected[key], abs=PROBABILITY)


def test_every_measured_frame_of_the_video() -> None:
    measured = {
        one["frame"]: one
        for one in load_golden_values()["video"][f"media/{SAD_TO_HAPPY_VIDEO.name}"]["measured"]
    }
    capture, number, seen = cv2.VideoCapture(str(SAD_TO_HAPPY_VIDEO)), 0, 0
    while True:
        there, image = capture.read()
        if not there:
            break
        if number in measured:
            (face,) = loaded().score(np.asarray(image, np.uint8), mirror=False)
            assert face.probabilities == pytest.approx(measured[number]["pair"], abs=PROBABILITY)
            seen += 1
        number += 1
    assert seen == len(measured) > 30


@pytest.mark.parametrize("mirror", [False, True])
def test_many_faces_go_through_the_network_as_each_one_alone(mirror: bool) -> None:
    image = read_picture("solvay1927.jpg")
    together = loaded().score(image, mirror=mirror)
    classifier = Classifier(XCEPTION_PAIR, (MODELS_DIR / XCEPTION_PAIR.file).read_bytes())
    for face in together[::5]:
        (alone,) = classifier.classify([crop_square(image, face.box)], mirror=mirror)
        assert face.probabilities == pytest.approx(alone, abs=1e-4)


def test_black_and_white_gives_the_face_and_nearly_the_same_scores() -> None:
    image = read_picture("astronaut.png")
    grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    (face,) = loaded().score(np.asarray(grey, np.uint8), mirror=False)
    assert face.quality == "ok"
    assert face.probabilities is not None
    assert EMOTIONS[int(np.argmax(face.probabilities))] == "happy"


def test_a_tiny_face_is_found_flagged_and_below_twenty_pixels_not_scored() -> None:
    image = read_picture("astronaut.png")
    sizes: dict[str, list[int]] = {"scored": [], "not scored": []}
    for side in (60, 80, 100, 125):
        small = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
        canvas = np.full((360, 640, 3), 90, np.uint8)
        canvas[100 : 100 + side, 200 : 200 + side] = small
        for face in loaded().score(canvas, mirror=False):
            assert face.quality == "too_small"
            kind = "not scored" if face.probabilities is None else "scored"
            assert (face.box.longer_side < 20) == (face.probabilities is None)
            sizes[kind].append(round(face.box.longer_side))
    assert sizes["scored"]
    assert sizes["not scored"]


def test_a_blurred_and_a_cut_off_face_are_flagged() -> None:
    image = read_picture("astronaut.png")
    (sharp,) = loaded().score(image, mirror=False)
    assert sharp.quality == "ok"
    (blurred,) = loaded().score(
        np.asarray(cv2.GaussianBlur(image, (0, 0), 5), np.uint8), mirror=False
    )
    assert blurred.quality == "blurred"
    box = sharp.box
    left, right = round(box.x + 0.4 * box.width), round(box.x + 0.6 * box.width)
    top, below = round(box.y + 0.4 * box.height), round(box.y + 0.6 * box.height)
    for cut in (image[:, left:], image[:, :right], image[top:], image[:below]):
        (face,) = loaded().score(np.ascontiguousarray(cut), mirror=False)
        assert face.quality == "cut_off"


def test_the_mirror_image_counts_as_much_as_the_face() -> None:
    image = read_picture("solvay1927.jpg")
    classifier = Classifier(XCEPTION_PAIR, (MODELS_DIR / XCEPTION_PAIR.file).read_bytes())
    crops = [crop_square(image, face.box) for face in loaded().score(image, mirror=False)]
    flipped = [np.ascontiguousarray(crop[:, ::-1]) for crop in crops]
    plain, mirrored = (np.array(classifier.classify(one, mirror=False)) for one in (crops, flipped))
    assert np.abs(plain - mirrored).max() > 0.05
    for one in (crops, flipped):
        averaged = np.array(classifier.classify(one, mirror=True))
        # Resizing rounds a flipped picture's pixels to other whole numbers here and there.
        assert averaged == pytest.approx((plain + mirrored) / 2, abs=0.01)
        assert averaged.sum(axis=1) == pytest.approx(1)
