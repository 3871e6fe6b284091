"""Labels of clips stand in a corner without a face."""

from __future__ import annotations

import pytest

from functions.stitching.footage.labels import draw_label

SIZE = (1280, 720)


@pytest.mark.parametrize(
    ("text", "face_x", "is_right"),
    [
        ("Happy at 0:14", None, False),
        ("Happy at 0:14", 0.8, False),
        ("Happy at 0:14", 0.2, True),
        ("Happy at 0:14", 0.47, False),
        ("שמח בדקה 0:14", None, True),
        ("שמח בדקה 0:14", 0.8, False),
    ],
)
def test_label_is_on_the_other_side_of_the_face(
    text: str, face_x: float | None, is_right: bool
) -> None:
    label = draw_label(text, 0.9, SIZE, "en", face_x)
    width = label.planes[0].shape[1]
    right = SIZE[0] - label.left - width
    assert label.left % 2 == 0
    assert (right < label.left) == is_right
    assert min(right, label.left) == pytest.approx(36, abs=2)
