"""The sound of the clips of a film: heard alone between sentences, ducked under the narration."""

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
from functions.stitching.film.timeline import RATE_HZ, Timeline

BESIDE_VOICE_LU = 2.0
"""How much quieter than the narration the sounds are between sentences: they are background."""
UNDER_VOICE_LU = -18.0
"""Loudness under the narration, relative to that between sentences."""
_MAX_GAIN_LU = 24.0
"""A sound that is quieter than this below its target, such as noise, stays quiet."""
_GRID = RATE_HZ // 100
_GLIDE_S = 0.3
_EDGE_S = 0.15
"""The time in which a sound begins and ends at the edges of its clip."""
_PAUSE_S = 0.8
"""In pauses shorter than this the sound stays down."""


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
    voice: Iterator[Samples], timeline: Timeline, sounds: Sequence[OwnSound], target_lufs: float
) -> Iterator[Samples]:
    """Yields `voice` (mono) mixed with the sounds as stereo, in blocks of the same lengths.

    All sounds get the same gain, with which they have `target_lufs` together.
    """
    levelled = _level(sounds, target_lufs)
    curve = compute_ducking(timeline)
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


def compute_ducking(timeline: Timeline) -> FloatArray:
    """Returns the level of the sounds per 10 ms: 1 where nothing is spoken."""
    count = timeline.end // _GRID + 2
    level = np.ones(count, np.float32)
    glide = round(_GLIDE_S * 100)
    spoken_until: int | None = None
    for sentence in timeline.sentences:
        start = sentence.start // _GRID
        if spoken_until is not None and start - spoken_until < _PAUSE_S * 100:
            start = spoken_until
        spoken_until = sentence.end // _GRID
        # Smoothing widens by half a glide on both sides: the voice begins when the sound is down.
        level[max(0, start - glide // 2) : spoken_until + glide // 2 + 1] = 10 ** (
            UNDER_VOICE_LU / 20
        )
    kernel = np.hanning(glide + 2)[1:-1]
    smooth = np.convolve(np.pad(level, glide, mode="edge"), kernel / kernel.sum(), mode="same")
    return np.asarray(smooth[glide : glide + count], np.float32)


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
