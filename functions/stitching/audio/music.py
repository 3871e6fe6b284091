"""Background music under a narration: repeated as long as the film is, and quiet under the voice.

When somebody speaks is known from the timeline, so the music goes down before the first word and
comes back after the last one, without listening for either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from functions.stitching.audio.loudness import (
    TARGET_LUFS,
    FloatArray,
    LoudnessProfile,
    measure_loudness,
)
from functions.stitching.film.mp4 import Samples
from functions.stitching.film.timeline import RATE_HZ, Timeline

UNDER_VOICE_LU = -20.0
IN_PAUSES_LU = -12.0
"""How loud the music is beside the voice, while it speaks and while it does not."""
_MEASURED_S = 120
_GRID = RATE_HZ // 100
_GLIDE_S = 0.5
"""How long it takes to go down or to come back."""
_FADE_IN_S, _FADE_OUT_S = 1.0, 3.0
_PAUSE_S = 1.2
"""Between sentences that are closer than this the music stays down."""

DecodeMusic = Callable[[], Iterator[Samples]]
"""Begins the music anew: float32 of shape (2, n) at 48 kHz."""


def mix_music(
    voice: Iterator[Samples], timeline: Timeline, decode: DecodeMusic
) -> Iterator[Samples]:
    """Blocks of `voice` (mono) over the music, stereo, block by block of the same lengths."""
    factor = _factor(decode)
    curve = compute_ducking(timeline)
    music = _endless(decode)
    at = 0
    rest = np.zeros((2, 0), np.float32)
    for block in voice:
        length = block.shape[1]
        pieces, there = [rest], rest.shape[1]
        while there < length:
            piece = next(music)
            pieces.append(piece)
            there += piece.shape[1]
        gathered = np.concatenate(pieces, axis=1)
        under, rest = gathered[:, :length], gathered[:, length:]
        grid = np.arange(at, at + length) / _GRID
        level = np.interp(grid, np.arange(len(curve)), curve).astype(np.float32) * factor
        at += length
        yield block + under * level


def compute_ducking(timeline: Timeline) -> FloatArray:
    """The music's level at every hundredth of a second, as a factor beside the voice's loudness."""
    count = timeline.end // _GRID + 2
    low, high = 10 ** (UNDER_VOICE_LU / 20), 10 ** (IN_PAUSES_LU / 20)
    level = np.full(count, high, np.float32)
    glide = round(_GLIDE_S * 100)
    spoken_until = None
    for one in timeline.sentences:
        start = one.start // _GRID
        if spoken_until is not None and start - spoken_until < _PAUSE_S * 100:
            start = spoken_until
        # Smoothing reaches half a glide to both sides: the way down ends at the first word, and
        # the way back begins after the last.
        level[max(0, start - glide) : one.end // _GRID + glide // 2 + 1] = low
        spoken_until = one.end // _GRID
    kernel = np.hanning(glide + 2)[1:-1]
    smooth = np.convolve(np.pad(level, glide, mode="edge"), kernel / kernel.sum(), mode="same")
    curve = smooth[glide : glide + count]
    fade_in, fade_out = round(_FADE_IN_S * 100), round(_FADE_OUT_S * 100)
    ends = np.minimum(
        np.arange(count) / fade_in, (timeline.end / _GRID - np.arange(count)) / fade_out
    )
    return np.asarray(curve * np.clip(ends, 0, 1), np.float32)


def _factor(decode: DecodeMusic) -> float:
    """What brings the music to the voice's loudness."""
    profile, heard = LoudnessProfile(), 0
    for block in decode():
        profile.add(block, RATE_HZ)
        heard += block.shape[1]
        if heard > _MEASURED_S * RATE_HZ:
            break
    measured = measure_loudness(profile.energies)
    if not np.isfinite(measured):
        return 0.0
    return float(10 ** ((TARGET_LUFS - measured) / 20))


def _endless(decode: DecodeMusic) -> Iterator[Samples]:
    while True:
        heard = 0
        for block in decode():
            heard += block.shape[1]
            yield block
        if not heard:
            yield np.zeros((2, RATE_HZ), np.float32)
