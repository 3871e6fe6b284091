"""Where a clip is cut: at silence, or at the quietest point near its planned beginning. Pure."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from functions.stitching.film.mp4 import Samples
from functions.stitching.film.timeline import RATE_HZ
from functions.stitching.footage.shots import Shot

REACH_SAMPLES = RATE_HZ
"""A clip begins at most a second before or after its planned beginning."""
_STEP = RATE_HZ // 50
_SILENCE = 10 ** (-50 / 20)
"""Quieter places are equally good."""


def cut_at_quiet(shot: Shot, sound: Samples, lead: int, tail: int) -> tuple[Shot, Samples]:
    """Returns the shot moved to where it begins and ends quietly, and its sound.

    Args:
        sound: From `lead` samples before the shot to `tail` samples after it, of shape (2, n).
    """
    levels = _measure(sound)
    length = shot.length // _STEP
    best, best_cost = 0, float("inf")
    for offset in range(-(lead // _STEP), tail // _STEP + 1):
        begin = lead // _STEP + offset
        end = min(begin + length, len(levels) - 1)
        cost = max(_SILENCE, levels[begin]) + max(_SILENCE, levels[end])
        if (cost, abs(offset)) < (best_cost, abs(best)):
            best, best_cost = offset, cost
    first = lead + best * _STEP
    moved = replace(shot, begin=shot.begin + Fraction(best * _STEP, RATE_HZ))
    return moved, sound[:, first : first + shot.length]


def _measure(sound: Samples) -> list[float]:
    """Returns the root mean square of each 20 ms."""
    mono = sound.mean(axis=0)
    count = max(1, len(mono) // _STEP)
    padded = np.pad(mono, (0, max(0, count * _STEP - len(mono))))[: count * _STEP]
    return [float(value) for value in np.sqrt((padded.reshape(count, _STEP) ** 2).mean(axis=1))]
