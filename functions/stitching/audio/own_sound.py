"""The sound of the clips of a film: ducked under the narration, louder in its pauses.

The level follows the measured voice, as with a side chain, but ahead of it: the whole narration is
known, so the sound is down when a word begins.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from functions.stitching.audio.loudness import (
    FRAMES_PER_SECOND,
    FloatArray,
    LoudnessProfile,
    compute_gains,
    interpolate_gains,
    measure_loudness,
)
from functions.stitching.film.mp4 import Samples
from functions.stitching.film.timeline import RATE_HZ

BESIDE_VOICE_LU = 1.0
"""How much quieter than the narration the sounds are in its pauses: they are background. Not more
than the tolerance of the film's loudness, which is theirs in a film of few words."""
UNDER_VOICE_LU = -14.0
"""Loudness under the narration, relative to that in its pauses: 15 LU below the voice, at which
words stay intelligible and the sounds stay audible."""
_MAX_GAIN_LU = 24.0
"""A sound that is quieter than this below its target, such as noise, stays quiet."""
_GRID = RATE_HZ // 100
_ATTACK_S, _RELEASE_S = 0.15, 0.3
"""The sound goes down in this time before a word, and up in this time after it."""
_EDGE_S = 0.15
"""The time in which a sound begins and ends at the edges of its clip."""


@dataclass(frozen=True, slots=True)
class OwnSound:
    """The sound of a clip, float32 of shape (2, n) at 48 kHz, from sample `start` of the film."""

    start: int
    samples: Samples

    @property
    def end(self) -> int:
        """The sample of the film at which it ends."""
        return self.start + int(self.samples.shape[1])


def mix_own_sound(
    voice: Iterator[Samples],
    spoken: Sequence[tuple[int, int]],
    sounds: Sequence[OwnSound],
    target_lufs: float,
) -> Iterator[Samples]:
    """Yields `voice` (mono) mixed with the sounds as stereo, in blocks of the same lengths.

    All sounds get the same gain, with which they have `target_lufs` together.

    Args:
        spoken: The ranges in which something is spoken, in samples of the film.
    """
    levelled = _level(sounds, target_lufs)
    curve = compute_ducking(spoken, max((sound.end for sound in sounds), default=0))
    at = 0
    for block in voice:
        length = block.shape[1]
        mixed = np.repeat(block, 2, axis=0) if block.shape[0] == 1 else block
        for sound in levelled:
            begin, end = max(at, sound.start), min(at + length, sound.end)
            if begin < end:
                grid = np.arange(begin, end) / _GRID
                level = np.interp(grid, np.arange(len(curve)), curve).astype(np.float32)
                part = sound.samples[:, begin - sound.start : end - sound.start]
                mixed[:, begin - at : end - at] += part * level
        at += length
        yield mixed


def compute_ducking(spoken: Sequence[tuple[int, int]], end: int) -> FloatArray:
    """Returns the level of the sounds per 10 ms up to sample `end`: 1 where nothing is spoken.

    The loudness in LU follows half a period of a cosine. In a pause that is too short for both ways
    the level rises to where they meet.
    """
    times = np.arange(end // _GRID + 2) / 100
    depth = np.zeros(len(times))
    for begin, stop in spoken:
        before = (begin / RATE_HZ - times) / _ATTACK_S
        after = (times - stop / RATE_HZ) / _RELEASE_S
        distance = np.clip(np.maximum(before, after), 0, 1)
        depth = np.maximum(depth, (1 + np.cos(np.pi * distance)) / 2)
    return np.asarray(10 ** (UNDER_VOICE_LU * depth / 20), np.float32)


def _level(sounds: Sequence[OwnSound], target_lufs: float) -> list[OwnSound]:
    profile = LoudnessProfile()
    frames = [profile.add(sound.samples, RATE_HZ) for sound in sounds]
    measured = measure_loudness(profile.energies)
    if not np.isfinite(measured):
        return []
    factors = compute_gains(profile, min(target_lufs, measured + _MAX_GAIN_LU))
    return [
        OwnSound(sound.start, _shape(sound.samples, factors[rows]))
        for sound, rows in zip(sounds, frames, strict=True)
    ]


def _shape(samples: Samples, factors: FloatArray) -> Samples:
    """Returns a sound with its gain, fading in and out."""
    length = samples.shape[1]
    gain = interpolate_gains(factors, 0, length, RATE_HZ / FRAMES_PER_SECOND)
    edge = max(1, min(length // 2, round(_EDGE_S * RATE_HZ)))
    places = np.arange(length, dtype=np.float32)
    fade = np.clip(np.minimum(places, length - 1 - places) / edge, 0, 1)
    return np.asarray(samples * gain * fade, np.float32)
