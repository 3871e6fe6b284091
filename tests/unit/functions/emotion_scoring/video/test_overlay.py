"""The overlay of an annotated video: boxes between scored frames, and labels."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from functions.emotion_scoring.faces.face import Box
from functions.emotion_scoring.results.timeline import build_timeline
from functions.emotion_scoring.video.label_masks import draw_masks
from functions.emotion_scoring.video.overlay import Overlay, draw_labels
from tests.fixtures.media.faces import EMOTIONS, make_face, make_scored_frame


def test_boxes_are_interpolated_between_scored_frames() -> None:
    frames = [
        make_scored_frame(0, make_face(100, happy=0.9)),
        make_scored_frame(1, make_face(130, happy=0.9)),
        make_scored_frame(2),
    ]
    overlay = Overlay(
        tuple(build_timeline(((0, frame) for frame in frames), EMOTIONS)), Fraction(1)
    )
    ((box, emotion, text, uncertain),) = overlay.labels_at(Fraction(1, 2))
    assert box.x == pytest.approx(115)
    assert (emotion, text, uncertain) == ("happy", "happy 90%", False)
    assert overlay.texts == {"happy 90%"}
    ((last_box, *_),) = overlay.labels_at(Fraction(199, 100))
    assert last_box.x == pytest.approx(130)
    assert overlay.labels_at(Fraction(2)) == []
    assert overlay.labels_at(Fraction(9)) == []


def test_label_stays_inside_the_picture() -> None:
    masks = draw_masks(["happy 90%"], 320)
    for box in (Box(0, 0, 60, 60), Box(250, 150, 90, 90), Box(-40, -40, 60, 60)):
        image = np.full((180, 320, 3), 128, np.uint8)
        labels = [(box, "happy", "happy 90%", False)]
        draw_labels(image, labels, 1.0, {"happy": (244, 178, 50)}, masks)
        assert (np.abs(image.astype(int) - [50, 178, 244]).sum(axis=2) < 10).sum() > 200


def test_label_masks_have_one_height_and_the_ink_of_any_script() -> None:
    masks = draw_masks(["happy 90%", "sad 45% ?", "喜び 80%", "سعيد", "🎬"], 1280)
    assert len({mask.shape[0] for mask in masks.values()}) == 1
    for mask in masks.values():
        rows, columns = np.nonzero(mask)
        assert 0 < rows.min() < rows.max() < mask.shape[0] - 1
        assert 0 < columns.min() < columns.max() < mask.shape[1] - 1
    assert draw_masks([], 1280) == {}
