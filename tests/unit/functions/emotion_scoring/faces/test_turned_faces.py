"""Faces that are turned in the picture: found, scored upright, or not named."""

from __future__ import annotations

import io
import json
from collections import Counter
from fractions import Fraction

import cv2
import numpy as np
import pytest

from functions.emotion_scoring.faces.detection import Detection
from functions.emotion_scoring.faces.face import Box, Face
from functions.emotion_scoring.faces.finder import FaceFinder
from functions.emotion_scoring.faces.roll import RollMeter, angle_between, normalize_roll
from functions.emotion_scoring.part import FaceScoring, score_frames
from functions.emotion_scoring.results.summary import Summary
from functions.emotion_scoring.results.timeline import build_timeline
from functions.emotion_scoring.results.writers import CsvWriter, FrameTimes
from functions.emotion_scoring.scores import read_scores
from functions.emotion_scoring.video.overlay import Overlay
from shared.media.containers.range_file import RangeFile
from shared.media.images.frame import BgrImage, encode_image
from shared.recipes.frames.pack import FrameStamp, PackWriter
from shared.recipes.pts import Pts
from tests.fixtures.media.faces import (
    EMOTIONS,
    load_scorer,
    make_probabilities,
    make_scored_frame,
    needs_models,
    read_picture,
)


def _turn(image: BgrImage, degrees: int) -> BgrImage:
    """Turns a picture clockwise on a grey canvas that holds all of it."""
    if degrees % 90 == 0:
        return np.ascontiguousarray(np.rot90(image, -degrees // 90))
    height, width = image.shape[:2]
    side = int(np.hypot(height, width))
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1)
    matrix[:, 2] += (side - width) / 2, (side - height) / 2
    return np.asarray(cv2.warpAffine(image, matrix, (side, side), borderValue=(90,) * 3), np.uint8)


def _label(face: Face) -> str:
    assert face.probabilities is not None
    return load_scorer().classes[int(np.argmax(face.probabilities))]


@needs_models
@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("degrees", [45, 90, 120, 180, 240, 270, 315])
def test_turned_face_is_scored_upright(degrees: int, mirror: bool) -> None:
    image = read_picture("astronaut.png")
    if mirror:
        image = np.ascontiguousarray(image[:, ::-1])
    (face,) = load_scorer().score(_turn(image, degrees), mirror=False)
    assert face.roll is not None
    assert angle_between(face.roll, degrees) <= 45
    assert (_label(face), face.quality) == ("happy", "ok")
    assert face.probabilities is not None
    assert max(face.probabilities) > 0.95


@needs_models
@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_small_faces_of_a_turned_picture_are_found(degrees: int) -> None:
    image = read_picture("solvay1927.jpg")
    upright = load_scorer().score(image, mirror=True)
    turned = load_scorer().score(_turn(image, degrees), mirror=True)
    assert len(turned) == len(upright) == 29
    assert {face.roll for face in turned} == {normalize_roll(degrees)}
    labels, expected = Counter(map(_label, turned)), Counter(map(_label, upright))
    assert (labels & expected).total() >= 25


@needs_models
def test_upright_faces_have_no_roll() -> None:
    for name in ("astronaut.png", "solvay1927.jpg"):
        faces = load_scorer().score(read_picture(name), mirror=False)
        assert {face.roll for face in faces} == {0}


@needs_models
def test_upside_down_face_has_the_same_emotion_in_scores_table_and_annotation() -> None:
    small = cv2.resize(read_picture("astronaut.png"), (320, 320), interpolation=cv2.INTER_AREA)
    pack = io.BytesIO()
    writer = PackWriter(pack)
    for k in range(3):
        stamp = FrameStamp(k, Fraction(k), Pts(k * 600, Fraction(1, 600)), 320, 320)
        picture = _turn(np.asarray(small, np.uint8), 180)
        writer.add(f"frame_{k + 1:06d}.png", encode_image(picture, "png", 0), stamp)
    data = pack.getvalue()
    scores = io.BytesIO()

    def decode(content: bytes) -> BgrImage:
        return np.asarray(cv2.imdecode(np.frombuffer(content, np.uint8), 1), np.uint8)

    file = RangeFile(lambda start, size: data[start : start + size], len(data))
    scoring = FaceScoring(load_scorer(), mirror=True)
    score_frames(file, scoring, scores, ("pack", 1), lambda: None, decode=decode)
    scores.seek(0)
    header, frames = read_scores(io.BufferedReader(scores))  # type: ignore[arg-type]
    moments = list(build_timeline([(0, frame) for frame in frames], header.classes))
    summary, table = Summary(header.classes, Fraction(1)), io.BytesIO()
    csv = CsvWriter(table, header.classes, FrameTimes(Fraction(0)))
    for moment in moments:
        summary.add(moment)
        csv.add(moment)
    assert summary.to_dict()["share"]["happy"] == 1
    assert summary.warnings() == [
        "All scored faces are turned, most of them upside down; they were scored as if the "
        "picture were upright."
    ]
    rows = [line.split(",") for line in table.getvalue().decode().splitlines()]
    column = {name: number for number, name in enumerate(rows[0])}
    assert {(row[column["roll"]], row[column["dominant"]]) for row in rows[1:]} == {
        ("180", "happy")
    }
    ((_, label, _, _),) = Overlay(moments, Fraction(1)).labels_at(Fraction(1))
    assert label.split()[0] == "happy"


@needs_models
def test_face_that_turns_during_a_clip_is_scored_upright_in_every_picture() -> None:
    # A square around the face, so that the boxes of all turns overlap.
    image = np.ascontiguousarray(read_picture("astronaut.png")[20:220, 125:325])
    scorer = load_scorer()
    finder = scorer.create_finder()
    for degrees in (0, 0, 180, 180, 180, 0, 90, 90, 270, 120, 120, 0):
        (face,) = scorer.score(_turn(image, degrees), mirror=True, finder=finder)
        assert face.roll is not None
        assert angle_between(face.roll, degrees) <= 30
        assert _label(face) == "happy"


class _Scripted:
    """A detector that returns the detections of a list, one entry per call, then none."""

    def __init__(self, *answers: list[Detection]) -> None:
        self.answers = list(answers)
        self.call_count = 0

    def detect(self, _image: BgrImage) -> list[Detection]:
        self.call_count += 1
        return self.answers.pop(0) if self.answers else []


FACE = Detection(Box(40, 40, 60, 60), 0.85)
CENTRAL = Box(36, 36, 56, 56)
PICTURE: BgrImage = np.full((160, 200, 3), 128, np.uint8)


def test_face_whose_direction_is_not_clear_is_not_named() -> None:
    ambiguous = [[Detection(CENTRAL, 0.8)] if n in (3, 8) else [] for n in range(12)]
    (face,) = FaceFinder(_Scripted([FACE]), RollMeter(_Scripted(*ambiguous))).find(PICTURE)
    assert face.roll is None
    unknown = Face(face.box, 0.85, 500.0, "turned", None, None)
    (moment,) = build_timeline([(0, make_scored_frame(0, unknown))], EMOTIONS)
    summary = Summary(EMOTIONS, Fraction(1))
    summary.add(moment)
    assert (moment.readings[0].dominant, summary.to_dict()["quality"]) == (None, {"turned": 1})
    assert summary.select_peaks() == []
    assert summary.warnings() == [
        "1 face was not scored, because it cannot be determined which way up it is."
    ]
    assert json.dumps(summary.to_dict())


def test_roll_is_measured_once_while_an_upright_face_stays() -> None:
    meter = _Scripted([Detection(CENTRAL, 0.94)])
    finder = FaceFinder(_Scripted(*[[FACE]] * 12), RollMeter(meter))
    assert {finder.find(PICTURE)[0].roll for _ in range(12)} == {0}
    assert meter.call_count == 3


def test_pictures_without_faces_are_rarely_searched_in_other_turns() -> None:
    detector = _Scripted()
    finder = FaceFinder(detector, RollMeter(_Scripted()))
    for _ in range(128):
        assert finder.find(PICTURE) == []
    assert detector.call_count == 128 + 5 * 3


@pytest.mark.parametrize(
    ("turn", "box"),
    [(1, Box(140, 10, 30, 20)), (2, Box(170, 100, 20, 30)), (3, Box(30, 130, 30, 20))],
)
def test_boxes_of_turned_pictures_are_in_pixels_of_the_picture(turn: int, box: Box) -> None:
    answers: list[list[Detection]] = [[], [], [], []]
    # In the turned picture the face is 10 pixels from the left edge and 30 from the upper one.
    answers[turn] = [Detection(Box(10, 30, 20, 30), 0.95)]
    meter = RollMeter(_Scripted([Detection(CENTRAL, 0.95)]))
    (face,) = FaceFinder(_Scripted(*answers), meter).find(PICTURE)
    assert (face.box, face.roll) == (box, {1: 90, 2: 180, 3: -90}[turn])


def test_turned_faces_are_counted_by_their_direction() -> None:
    happy = make_probabilities(happy=0.9)
    faces = [
        Face(Box(80 * n, 9, 60, 60), 0.9, 500.0, "ok", happy, r) for n, r in enumerate((0, 85))
    ]
    (moment,) = build_timeline([(0, make_scored_frame(0, *faces))], EMOTIONS)
    summary = Summary(EMOTIONS, Fraction(1))
    summary.add(moment)
    assert summary.warnings() == [
        "1 of 2 scored faces are turned, most of them to the right; they were scored as if the "
        "picture were upright."
    ]
