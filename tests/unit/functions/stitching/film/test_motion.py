"""A slow zoom over a picture: sub-pixel steps, smooth, the same in every cycle."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from functions.stitching.film.encoding import (
    Planes,
    planes_to_frame,
    rgb_to_planes,
    split_planes,
)
from functions.stitching.film.motion import (
    CYCLE_SAMPLES,
    FOCUS_POINTS,
    MOTION_SAMPLES,
    ZOOM,
    MovingBox,
    PanZoom,
    choose_focus,
    zoom_progress,
    zoomed_size,
)
from functions.stitching.film.segment_encoder import encode_segment
from functions.stitching.film.timeline import FRAME_SAMPLES, RATE_HZ
from tests.fixtures.media.films import decode_segment

SIZE = (640, 360)
BARS = (40, 200, 430, 600)
"""Centres of four vertical bars, as thin as the stems of letters."""


def make_bars(scale: float = 1.0) -> Planes:
    width, height = (round(side * scale) for side in SIZE)
    x = np.arange(width)[None, :, None] / scale
    bars = sum(np.exp(-((x - bar) ** 2) / 4) for bar in BARS)
    return rgb_to_planes(np.broadcast_to(240 - 200 * bars, (height, width, 3)).astype(np.uint8))


def find_bars(picture: Planes) -> NDArray[np.float64]:
    """Returns the centres of the dark bars in pixels."""
    row = split_planes(picture)[0].mean(axis=0)
    dark = row.max() - row
    dark[dark < 8] = 0
    edges = [0, *((a + b) // 2 for a, b in itertools.pairwise(BARS)), SIZE[0]]
    centres = []
    for begin, end in itertools.pairwise(edges):
        part = dark[begin:end]
        centres.append(begin + float((part * np.arange(len(part))).sum() / part.sum()))
    return np.array(centres)


@pytest.mark.parametrize("focus", FOCUS_POINTS)
@pytest.mark.parametrize("begin_s", [0, 5, 12, 18])
def test_edges_move_smoothly(focus: tuple[float, float], begin_s: int) -> None:
    motion = PanZoom(make_bars(), SIZE, focus)
    times = [begin_s * RATE_HZ + n * MOTION_SAMPLES for n in range(30)]
    positions = np.array([find_bars(motion.render_at(at)) for at in times])
    assert np.abs(positions - np.array([expected(at, focus) for at in times])).max() < 0.08
    # Shaking is visible when a frame deviates from the mean of its neighbours.
    deviation = positions[1:-1] - (positions[:-2] + positions[2:]) / 2
    assert np.abs(deviation).max() < 0.04


def test_edges_move_smoothly_after_encoding() -> None:
    """An encoder that skips small changes would make edges jump."""
    motion = PanZoom(make_bars(), SIZE, FOCUS_POINTS[0])
    times = range(0, 4 * RATE_HZ, MOTION_SAMPLES)
    segment = encode_segment(
        ((at, planes_to_frame(motion.render_at(at))) for at in times), SIZE, "gentle", lambda: None
    )
    positions = np.array([find_bars(picture) for picture in decode_segment(segment)])
    assert len(positions) == len(times)
    assert np.abs(positions - np.array([expected(at, FOCUS_POINTS[0]) for at in times])).max() < 0.2
    deviation = positions[1:-1] - (positions[:-2] + positions[2:]) / 2
    assert np.abs(deviation).max() < 0.15


def expected(at: int, focus: tuple[float, float]) -> NDArray[np.float64]:
    """Returns the expected centres of the bars at a sample, in pixels."""
    zoom = 1 + ZOOM * zoom_progress(at)
    still = np.array(BARS) + 0.5
    return np.asarray((still - SIZE[0] * (1 - 1 / zoom) * focus[0]) * zoom - 0.5, np.float64)


def test_zoom_is_slow_and_monotonic() -> None:
    steps = np.diff([zoom_progress(at) for at in range(0, CYCLE_SAMPLES + 1, FRAME_SAMPLES)])
    max_focus = max(x for x, _ in FOCUS_POINTS)
    assert np.abs(steps).max() * ZOOM * 1920 * max_focus < 0.3
    assert (steps[:359] > 0).all()
    assert (steps[361:] < 0).all()
    assert abs(steps[0]) * ZOOM * 1920 < 0.01


def test_cycle_begins_and_ends_with_the_unchanged_picture() -> None:
    picture = make_bars()
    motion = PanZoom(picture, SIZE, FOCUS_POINTS[0])
    assert np.array_equal(motion.render_at(0), picture)
    assert np.array_equal(motion.render_at(CYCLE_SAMPLES), picture)
    assert np.array_equal(
        motion.render_at(CYCLE_SAMPLES + 5 * FRAME_SAMPLES), motion.render_at(5 * FRAME_SAMPLES)
    )


def test_no_area_outside_the_picture_is_shown() -> None:
    """A white picture stays white at its edges."""
    white = rgb_to_planes(np.full((SIZE[1], SIZE[0], 3), 255, np.uint8))
    for focus in FOCUS_POINTS:
        assert (
            split_planes(PanZoom(white, SIZE, focus).render_at(CYCLE_SAMPLES // 2))[0].min() >= 234
        )


def test_large_picture_is_not_upscaled_at_the_maximum_zoom() -> None:
    """A picture of `zoomed_size` is shown pixel by pixel, only shifted."""
    width, height = zoomed_size((1920, 1080))
    assert (width, height) == (2016, 1134)
    assert width / (1 + ZOOM) == pytest.approx(1920, abs=1)
    row = np.tile([30, 30, 220, 220], width // 4)
    picture = rgb_to_planes(
        np.repeat(np.tile(row, (height, 1))[..., None], 3, axis=2).astype(np.uint8)
    )
    luma = split_planes(PanZoom(picture, (1920, 1080), (0.5, 0.5)).render_at(CYCLE_SAMPLES // 2))[0]
    assert luma.std() > 0.95 * split_planes(picture)[0].std()


def test_focus_point_depends_on_the_name_only() -> None:
    assert choose_focus("slides/a.png") == choose_focus("slides/a.png")
    assert len({choose_focus(f"slides/{n}.png") for n in range(40)}) == len(FOCUS_POINTS)


def test_only_the_picture_of_a_slide_moves() -> None:
    slide = make_bars()
    left, top, width, height = box = (320, 40, 240, 200)
    motion = MovingBox(slide, box, FOCUS_POINTS[0])
    times = range(0, 3 * RATE_HZ, MOTION_SAMPLES)
    rendered = [motion.render_at(at) for at in times]
    assert np.array_equal(rendered[0], slide)
    still = np.ones(SIZE[::-1], bool)
    still[top : top + height, left : left + width] = False
    lumas = np.array([split_planes(planes)[0] for planes in rendered]).astype(int)
    assert np.all(lumas[:, still] == split_planes(slide)[0][still])
    assert np.abs(lumas[-1] - lumas[0])[~still].max() > 8
    segment = encode_segment(
        zip(times, map(planes_to_frame, rendered), strict=True), SIZE, "gentle", lambda: None
    )
    encoded = np.array([picture[: SIZE[1]] for picture in decode_segment(segment)])
    # Beyond the blocks of the encoder that the box touches. It refines edges in the first second.
    still[top - 16 : top + height + 16, left - 16 : left + width + 16] = False
    changes = np.abs(np.diff(encoded[15:].astype(int), axis=0)).max(axis=0)
    assert changes[still].max() <= 1


def test_boxes_have_even_numbers() -> None:
    with pytest.raises(ValueError, match="odd"):
        MovingBox(make_bars(), (1, 0, 100, 100), FOCUS_POINTS[0])
