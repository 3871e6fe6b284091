"""Gradual transitions between two scenes, and movement that is none."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import cv2
import numpy as np
import pytest

from functions.emotion_scoring.scenes.dissolves import find_dissolve, shrink
from shared.media.images.frame import BgrImage

RATE = 25
_SIZE = (160, 90)


def draw_scene(seed: int) -> BgrImage:
    """A picture of blurred colours around one of its own, twice as large as those of the video."""
    source = np.random.default_rng(seed)
    colour = source.integers(60, 190, 3)
    blocks = (colour + source.integers(-60, 61, (15, 26, 3))).astype(np.uint8)
    return np.asarray(cv2.resize(blocks, (320, 180), interpolation=cv2.INTER_LINEAR), np.uint8)


def show(scene: BgrImage, shift: float = 0.0) -> BgrImage:
    """The part of a scene that a camera shows, `shift` pixels to the right of its middle."""
    left = round(80 + shift)
    return scene[45:135, left : left + _SIZE[0]]


def find(draw: Callable[[float], BgrImage], duration_s: float = 3.0) -> Fraction | None:
    """Searches a video whose pictures are drawn for their times."""
    noise = np.random.default_rng(0)
    times = [Fraction(n, RATE) for n in range(round(duration_s * RATE))]
    pictures = []
    for time in times:
        picture = draw(float(time)) + noise.normal(0, 3, (_SIZE[1], _SIZE[0], 3))
        pictures.append(shrink(np.asarray(picture.clip(0, 255), np.uint8)))
    return find_dissolve(times, pictures)


def blend(one: BgrImage, other: BgrImage, share: float) -> BgrImage:
    share = min(1.0, max(0.0, share))
    return np.asarray(one * (1 - share) + other * share, np.uint8)


@pytest.mark.parametrize("length_s", [0.4, 1.0, 2.0])
def test_dissolve_is_found_at_its_middle(length_s: float) -> None:
    one, other = draw_scene(1), draw_scene(2)
    found = find(lambda t: blend(show(one, 4 * t), show(other, -6 * t), (t - 1.5) / length_s + 0.5))
    assert found == pytest.approx(1.5, abs=0.1)


def test_fade_to_black_is_found() -> None:
    one = draw_scene(3)
    black = np.zeros((_SIZE[1], _SIZE[0], 3), np.uint8)
    assert find(lambda t: blend(show(one), black, t - 1)) == pytest.approx(1.5, abs=0.1)


@pytest.mark.parametrize(
    "draw",
    [
        lambda scene, t: show(scene, 10 * t - 15),  # a pan
        lambda scene, t: show(scene, 50 * (t - 1.5)),  # a fast one
        lambda scene, t: show(scene if t < 1.5 else draw_scene(9)),  # a cut
        lambda scene, _: show(scene),
        # Something large enters the picture.
        lambda scene, t: cv2.rectangle(
            show(scene).copy(), (round(40 * t) - 50, 20), (round(40 * t), 90), (30, 200, 90), -1
        ),
    ],
    ids=["pan", "fast pan", "cut", "still", "object"],
)
def test_movement_and_a_cut_are_no_dissolve(draw: Callable[[BgrImage, float], BgrImage]) -> None:
    scene = draw_scene(4)
    assert find(lambda t: draw(scene, t)) is None


def test_few_pictures_have_no_dissolve() -> None:
    assert find_dissolve([], []) is None
    picture = shrink(show(draw_scene(1)))
    assert find_dissolve([Fraction(n) for n in range(3)], [picture] * 3) is None
