"""A slow move over a picture: at sub-pixel steps, without a jerk, the same every cycle."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from functions.stitching.film.encoding import (
    Planes,
    encode_segment,
    open_segment,
    planes_to_frame,
    rgb_to_planes,
    split_planes,
)
from functions.stitching.film.motion import (
    CYCLE_SAMPLES,
    FOCUS_POINTS,
    ZOOM,
    PanZoom,
    choose_focus,
    zoom_progress,
    zoomed_size,
)
from functions.stitching.film.timeline import FRAME_SAMPLES, RATE_HZ

SIZE = (640, 360)
BARS = (40, 200, 430, 600)
"""Where the middles of four upright bars stand, as thin as the stems of letters."""


def barred(scale: float = 1.0) -> Planes:
    width, height = (round(side * scale) for side in SIZE)
    x = np.arange(width)[None, :, None] / scale
    bars = sum(np.exp(-((x - bar) ** 2) / 4) for bar in BARS)
    return rgb_to_planes(np.broadcast_to(240 - 200 * bars, (height, width, 3)).astype(np.uint8))


def middles(picture: Planes) -> NDArray[np.float64]:
    """The bars' middles in pixels, by what is darker than the ground."""
    row = split_planes(picture)[0].mean(axis=0)
    dark = row.max() - row
    dark[dark < 8] = 0
    edges = [0, *((a + b) // 2 for a, b in itertools.pairwise(BARS)), SIZE[0]]
    found = []
    for begin, end in itertools.pairwise(edges):
        part = dark[begin:end]
        found.append(begin + float((part * np.arange(len(part))).sum() / part.sum()))
    return np.array(found)


@pytest.mark.parametrize("focus", FOCUS_POINTS)
@pytest.mark.parametrize("begin_s", [0, 5, 12, 18])
def test_letters_do_not_shake(focus: tuple[float, float], begin_s: int) -> None:
    move = PanZoom(barred(), SIZE, focus)
    times = [begin_s * RATE_HZ + n * FRAME_SAMPLES for n in range(30)]
    seen = np.array([middles(move.render_at(at)) for at in times])
    assert np.abs(seen - np.array([expected(at, focus) for at in times])).max() < 0.08
    # What the eye sees as shaking is one picture out of line with its neighbours.
    wobble = seen[1:-1] - (seen[:-2] + seen[2:]) / 2
    assert np.abs(wobble).max() < 0.03


def test_letters_do_not_shake_after_encoding_either() -> None:
    """An encoder that skips what hardly changes would hold letters back and let them jump."""
    move = PanZoom(barred(), SIZE, FOCUS_POINTS[0])
    times = range(0, 4 * RATE_HZ, FRAME_SAMPLES)
    run = encode_segment(
        ((at, planes_to_frame(move.render_at(at))) for at in times), SIZE, "gentle", lambda: None
    )
    with open_segment(run) as (container, stream):
        pictures = [np.asarray(one.to_ndarray(), np.uint8) for one in container.decode(stream)]
    seen = np.array([middles(one) for one in pictures])
    assert len(seen) == len(times)
    assert np.abs(seen - np.array([expected(at, FOCUS_POINTS[0]) for at in times])).max() < 0.2
    wobble = seen[1:-1] - (seen[:-2] + seen[2:]) / 2
    assert np.abs(wobble).max() < 0.15


def expected(at: int, focus: tuple[float, float]) -> NDArray[np.float64]:
    """Where the bars' middles are at a sample, in pixels."""
    zoom = 1 + ZOOM * zoom_progress(at)
    still = np.array(BARS) + 0.5
    return np.asarray((still - SIZE[0] * (1 - 1 / zoom) * focus[0]) * zoom - 0.5, np.float64)


def test_it_is_gentle() -> None:
    steps = np.diff([zoom_progress(at) for at in range(0, CYCLE_SAMPLES + 1, FRAME_SAMPLES)])
    furthest = max(x for x, _ in FOCUS_POINTS)
    assert np.abs(steps).max() * ZOOM * 1920 * furthest < 0.3
    assert (steps[:359] > 0).all()
    assert (steps[361:] < 0).all()
    assert abs(steps[0]) * ZOOM * 1920 < 0.01


def test_it_begins_with_the_picture_as_it_is_and_ends_there() -> None:
    picture = barred()
    move = PanZoom(picture, SIZE, FOCUS_POINTS[0])
    assert np.array_equal(move.render_at(0), picture)
    assert np.array_equal(move.render_at(CYCLE_SAMPLES), picture)
    assert np.array_equal(
        move.render_at(CYCLE_SAMPLES + 5 * FRAME_SAMPLES), move.render_at(5 * FRAME_SAMPLES)
    )


def test_nothing_beyond_the_edge_is_shown() -> None:
    """A picture that is white to its edges stays so."""
    white = rgb_to_planes(np.full((SIZE[1], SIZE[0], 3), 255, np.uint8))
    for focus in FOCUS_POINTS:
        assert (
            split_planes(PanZoom(white, SIZE, focus).render_at(CYCLE_SAMPLES // 2))[0].min() >= 234
        )


def test_where_a_move_is_nearest_no_pixel_is_invented() -> None:
    """A picture that is large enough is shown pixel by pixel there, only shifted."""
    width, height = zoomed_size((1920, 1080))
    assert (width, height) == (2016, 1134)
    assert width / (1 + ZOOM) == pytest.approx(1920, abs=1)
    row = np.tile([30, 30, 220, 220], width // 4)
    picture = rgb_to_planes(
        np.repeat(np.tile(row, (height, 1))[..., None], 3, axis=2).astype(np.uint8)
    )
    shown = split_planes(PanZoom(picture, (1920, 1080), (0.5, 0.5)).render_at(CYCLE_SAMPLES // 2))[
        0
    ]
    assert shown.std() > 0.95 * split_planes(picture)[0].std()


def test_a_picture_always_moves_to_the_same_point() -> None:
    assert choose_focus("slides/a.png") == choose_focus("slides/a.png")
    assert len({choose_focus(f"slides/{n}.png") for n in range(40)}) == len(FOCUS_POINTS)
