"""What a clip shows of a picture of another aspect ratio."""

from __future__ import annotations

import itertools

import pytest

from functions.stitching.footage.view import View, smooth_track

PORTRAIT, SQUARE, WIDE = (720, 1280), (720, 720), (1280, 720)


@pytest.mark.parametrize("size", [PORTRAIT, SQUARE])
@pytest.mark.parametrize("x", [0.02, 0.3, 0.5, 0.81, 0.98])
def test_crop_keeps_the_face_in_the_picture(size: tuple[int, int], x: float) -> None:
    crop = View(size, ((3.0, x, 0.4),)).find_crop(1920, 1080, 5.0)
    assert crop is not None
    left, top, width, height = crop
    assert (top, height) == (0, 1080)
    assert width / height == pytest.approx(size[0] / size[1], abs=0.001)
    assert 0 <= left <= x * 1920 <= left + width <= 1920


def test_crop_follows_the_track_without_jumps() -> None:
    track = smooth_track([(float(t), 0.2 + 0.06 * t + 0.02 * (t % 2), 0.5) for t in range(11)])
    view = View(PORTRAIT, track)
    lefts = []
    for n in range(300):
        crop = view.find_crop(1920, 1080, n / 30)
        assert crop is not None
        lefts.append(crop[0])
        centre = 0.2 + 0.06 * n / 30
        assert crop[0] < centre * 1920 < crop[0] + crop[2]
    assert lefts[-1] - lefts[0] > 600
    assert max(abs(b - a) for a, b in itertools.pairwise(lefts)) <= 8


def test_portrait_video_is_shown_whole_in_a_wide_film() -> None:
    assert View(WIDE).find_crop(1080, 1920, 0.0) is None
    # A slightly higher picture is cropped at its upper and lower edges.
    assert View(WIDE, ((0.0, 0.5, 0.1),)).find_crop(1280, 800, 0.0) == (0, 0, 1280, 720)


def test_clip_without_a_face_shows_the_middle() -> None:
    assert View(SQUARE).find_crop(1920, 1080, 0.0) == (420, 0, 1080, 1080)


def test_face_is_placed_in_the_whole_and_in_the_cropped_picture() -> None:
    face = (5.0, 0.1, 0.2, 0.1, 0.2)
    assert View(WIDE).place(1920, 1080, face) == pytest.approx((128, 144, 256, 288), abs=1)
    # The view follows the face, up to the edge of the picture.
    left, _, right, _ = View(PORTRAIT, ((0.0, 0.5, 0.5),)).place(1920, 1080, (0.0, 0.45, 0, 0.1, 1))
    assert (left + right) / 2 == pytest.approx(PORTRAIT[0] / 2, abs=2)
    at_edge = View(PORTRAIT, ((0.0, 0.1, 0.5),)).place(1920, 1080, (0.0, 0.1, 0, 0, 1))
    assert at_edge[0] == pytest.approx(0.1 * 1920 / 607.5 * PORTRAIT[0], abs=2)
    # A portrait video stands in the middle of a wide film.
    whole = View(WIDE).place(1080, 1920, (0.0, 0, 0, 1, 1))
    assert whole == pytest.approx((437.5, 0, 842.5, 720), abs=1)
