"""Where clips are cut."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from functions.stitching.footage.cutting import cut_at_quiet
from functions.stitching.footage.shots import Moment, Shot

RATE_HZ = 48_000


def test_clip_begins_and_ends_in_pauses() -> None:
    sound = np.full((2, 6 * RATE_HZ), 0.3, np.float32)
    # Pauses 0.4 s after the planned beginning (1 s), and 0.4 s after the planned end (5 s).
    sound[:, round(1.38 * RATE_HZ) : round(1.44 * RATE_HZ)] = 0
    sound[:, round(5.38 * RATE_HZ) : round(5.44 * RATE_HZ)] = 0
    shot = Shot(0, 4 * RATE_HZ, Fraction(10), Moment(11.6))
    moved, part = cut_at_quiet(shot, sound, RATE_HZ, RATE_HZ)
    assert float(moved.begin) == pytest.approx(10.4, abs=0.03)
    assert part.shape == (2, 4 * RATE_HZ)
    assert not part[:, :480].any()


def test_clip_of_an_even_sound_is_not_moved() -> None:
    sound = np.full((2, 6 * RATE_HZ), 0.3, np.float32)
    shot = Shot(0, 4 * RATE_HZ, Fraction(10), Moment(11.6))
    assert cut_at_quiet(shot, sound, RATE_HZ, RATE_HZ)[0] == shot


def test_clip_at_the_edges_of_the_video_stays_in_it() -> None:
    sound = np.full((2, 4 * RATE_HZ), 0.3, np.float32)
    shot = Shot(0, 4 * RATE_HZ, Fraction(0), Moment(1.6))
    moved, part = cut_at_quiet(shot, sound, 0, 0)
    assert (moved, part.shape) == (shot, (2, 4 * RATE_HZ))
