"""Background music for a narration: repeated to the length of the film, ducked under the voice.

The times of speech are known from the timeline, so the music fades down before the first word and
up after the last one without analysing the voice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import cycle

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
"""Loudness of the music relative to the voice, during speech and in pauses."""
_MAX_MEASURED_S = 120
_GRID = RATE_HZ // 100
_GLIDE_S = 0.5
"""Duration of fading down and up."""
_FADE_IN_S, _FADE_OUT_S = 1.0, 3.0
_MAX_KEPT_SAMPLES = 60 * RATE_HZ
"""Music up to a minute (23 MB) is kept in memory: each decoding starts a process."""
_PAUSE_S = 1.2
"""In pauses shorter than this the music stays down."""

DecodeMusic = Callable[[], Iterator[Samples]]
"""Decodes the music from its start: float32 of shape (2, n) at 48 kHz."""


def mix_music(
    voice: Iterator[Samples],
    timeline: Timeline,
    decode: DecodeMusic,
    other_sounds: Sequence[tuple[int, int]] = (),
) -> Iterator[Samples]:
    """Yields `voice`, mono or stereo, mixed with the music as stereo, in blocks of its lengths.

    `other_sounds` are the ranges in samples of further sounds in `voice`, such as those of clips.
    """
    factor = _measure_factor(decode)
    curve = compute_ducking(timeline, other_sounds)
    music = _repeat(decode)
    at = 0
    rest = np.zeros((2, 0), np.float32)
    for block in voice:
        length = block.shape[1]
        chunks, available = [rest], rest.shape[1]
        while available < length:
            chunk = next(music)
            chunks.append(chunk)
            available += chunk.shape[1]
        joined = np.concatenate(chunks, axis=1)
        background, rest = joined[:, :length], joined[:, length:]
        grid = np.arange(at, at + length) / _GRID
        level = np.interp(grid, np.arange(len(curve)), curve).astype(np.float32) * factor
        at += length
        yield block + background * level


def compute_ducking(timeline: Timeline, other_sounds: Sequence[tuple[int, int]] = ()) -> FloatArray:
    """Returns the level of the music per 10 ms, as a factor relative to the voice's loudness."""
    count = timeline.end // _GRID + 2
    low, high = 10 ** (UNDER_VOICE_LU / 20), 10 ** (IN_PAUSES_LU / 20)
    level = np.full(count, high, np.float32)
    glide = round(_GLIDE_S * 100)
    spoken_until = None
    ranges = [(sentence.start, sentence.end) for sentence in timeline.sentences]
    for begin, end in sorted([*ranges, *other_sounds]):
        start = begin // _GRID
        if spoken_until is not None and start - spoken_until < _PAUSE_S * 100:
            start = spoken_until
        # Smoothing widens by half a glide on both sides: the fade down ends at the first word, and
        # the fade up begins after the last.
        level[max(0, start - glide) : end // _GRID + glide // 2 + 1] = low
        spoken_until = max(spoken_until or 0, end // _GRID)
    kernel = np.hanning(glide + 2)[1:-1]
    smooth = np.convolve(np.pad(level, glide, mode="edge"), kernel / kernel.sum(), mode="same")
    curve = smooth[glide : glide + count]
    fade_in, fade_out = round(_FADE_IN_S * 100), round(_FADE_OUT_S * 100)
    ends = np.minimum(
        np.arange(count) / fade_in, (timeline.end / _GRID - np.arange(count)) / fade_out
    )
    return np.asarray(curve * np.clip(ends, 0, 1), np.float32)


def _measure_factor(decode: DecodeMusic) -> float:
    """Returns the factor that brings the music to the voice's loudness."""
    profile, sample_count = LoudnessProfile(), 0
    for block in decode():
        profile.add(block, RATE_HZ)
        sample_count += block.shape[1]
        if sample_count > _MAX_MEASURED_S * RATE_HZ:
            break
    measured = measure_loudness(profile.energies)
    if not np.isfinite(measured):
        return 0.0
    return float(10 ** ((TARGET_LUFS - measured) / 20))


def _repeat(decode: DecodeMusic) -> Iterator[Samples]:
    while True:
        sample_count = 0
        kept: list[Samples] = []
        for block in decode():
            sample_count += block.shape[1]
            if sample_count <= _MAX_KEPT_SAMPLES:
                kept.append(block)
            else:
                kept.clear()
            yield block
        if not sample_count:
            kept.append(np.zeros((2, RATE_HZ), np.float32))
        if sample_count <= _MAX_KEPT_SAMPLES:
            yield from cycle(kept)
