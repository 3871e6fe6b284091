"""Labels of clips stand in a corner without a face."""

from __future__ import annotations

import pytest

from functions.stitching.footage.labels import draw_label
from functions.stitching.footage.view import Rectangle

SIZE = (1280, 720)


def face_at(x: float, y: float, height: float = 0.3) -> Rectangle:
    """A face with its centre at a place of the picture, as fractions of its sides."""
    half = SIZE[1] * height / 2
    return x * SIZE[0] - half, y * SIZE[1] - half, x * SIZE[0] + half, y * SIZE[1] + half


@pytest.mark.parametrize(
    ("text", "faces", "is_right", "is_low"),
    [
        ("Happy at 0:14", [], False, False),
        ("Happy at 0:14", [face_at(0.8, 0.4)], False, False),
        ("Happy at 0:14", [face_at(0.2, 0.4)], True, False),
        ("Happy at 0:14", [face_at(0.2, 0.4), face_at(0.8, 0.4)], False, True),
        ("Happy at 0:14", [face_at(0.2, 0.4), face_at(0.8, 0.4), face_at(0.2, 0.7)], True, True),
        # A face below the corner: its hair is there.
        ("Happy at 0:14", [face_at(0.15, 0.35, 0.25)], True, False),
        ("שמח בדקה 0:14", [], True, False),
        ("שמח בדקה 0:14", [face_at(0.8, 0.4)], False, False),
    ],
)
def test_label_is_in_a_corner_without_a_head(
    text: str, faces: list[Rectangle], is_right: bool, is_low: bool
) -> None:
    label = draw_label(text, 0.9, SIZE, "en", faces)
    height, width = label.planes[0].shape
    right = SIZE[0] - label.left - width
    assert label.left % 2 == label.top % 2 == 0
    assert (right < label.left) == is_right
    assert min(right, label.left) == pytest.approx(36, abs=2)
    assert (label.top > SIZE[1] / 2) == is_low
    # The place of the subtitles stays free.
    assert label.top + height <= SIZE[1] * 0.76 + 2


def test_label_in_a_portrait_close_up_covers_no_hair() -> None:
    size = (720, 1280)
    # The face fills the middle of the picture, as in a close-up that a film crops to 9:16.
    face = (150.0, 330.0, 570.0, 780.0)
    label = draw_label("Happy at 0:14", 0.9, size, "en", [face])
    height = label.planes[0].shape[0]
    hair_top = face[1] - 0.7 * (face[3] - face[1])
    assert label.top + height <= hair_top or label.top >= face[3]


def test_picture_full_of_heads_has_its_label_where_it_covers_least() -> None:
    label = draw_label("Happy at 0:14", 0.9, SIZE, "en", [(-200, -200, 1100, 1000)])
    assert label.left > SIZE[0] / 2
