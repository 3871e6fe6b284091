"""Finds the speech in a sound, and the quiet points at which it can be cut."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import webrtcvad
from numpy.typing import NDArray

from shared.ports.speech_recognition import SAMPLE_RATE_HZ

Mono = NDArray[np.int16]
_FRAME = SAMPLE_RATE_HZ * 30 // 1000
"""WebRTC's detector takes frames of 10, 20 or 30 ms."""
_MODE = 1
"""Of 0 to 3: a lower one takes more noise for speech, and misses less speech."""
_VOTERS = 10
_MIN_VOTES = 4
"""Frames are speech if so many of the frames around them are: clicks are not, short pauses are."""
_MARGIN_FRAMES = 20
MARGIN = _MARGIN_FRAMES * _FRAME
"""Samples added before and after speech: soft consonants are not detected, nor the first half of a
second after noise."""
_QUIET_WINDOW = SAMPLE_RATE_HZ // 5
"""How long a point at which the sound is cut is quiet."""
_STEP = SAMPLE_RATE_HZ // 100
_MIN_PAUSE_STEPS = 15
"""Of 10 ms. Shorter pauses are within words: before a plosive."""
_NOISE_FACTOR, _QUIET_SHARE, _MAX_QUIET_SHARE = 3.0, 0.03, 0.3
"""A pause is quieter than so many times the noise, or than this share of the speech. Where the
noise is louder than the last share of it, nothing is taken for a pause."""


@dataclass(frozen=True, slots=True)
class Span:
    """A range of samples, from `start` to `end` (exclusive)."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """The number of its samples."""
        return self.end - self.start


def find_speech(samples: Mono) -> list[Span]:
    """Returns the ranges with speech, in order, with a margin around each."""
    detector = webrtcvad.Vad(_MODE)
    count = len(samples) // _FRAME
    # At least as long as what it is convolved with.
    flags = np.zeros(max(count, 2 * _MARGIN_FRAMES + 1), np.int32)
    for number in range(count):
        frame = samples[number * _FRAME : (number + 1) * _FRAME]
        flags[number] = detector.is_speech(frame.tobytes(), SAMPLE_RATE_HZ)
    votes = np.convolve(flags, np.ones(_VOTERS, np.int32), mode="same")
    wide = np.convolve(votes >= _MIN_VOTES, np.ones(2 * _MARGIN_FRAMES + 1, np.int32), mode="same")
    edges = np.flatnonzero(np.diff(np.concatenate(([0], wide > 0, [0])).astype(np.int8)))
    return [
        Span(int(start) * _FRAME, min(len(samples), int(end) * _FRAME))
        for start, end in edges.reshape(-1, 2)
        if int(start) * _FRAME < len(samples)
    ]


def find_quiet_point(samples: Mono, start: int, end: int) -> int:
    """Returns the sample between `start` and `end` around which the sound is quietest."""
    low, high = max(0, start), min(len(samples), end)
    if high - low <= _QUIET_WINDOW:
        return (low + high) // 2
    energies = samples[low:high].astype(np.float64) ** 2
    sums = np.cumsum(np.concatenate(([0.0], energies)))
    quiet = sums[_QUIET_WINDOW:] - sums[:-_QUIET_WINDOW]
    return low + int(np.argmin(quiet)) + _QUIET_WINDOW // 2


def find_pauses(samples: Mono) -> list[tuple[float, float]]:
    """Returns the start and the end, in seconds, of each pause between words; none in a sound that
    is never quiet."""
    count = len(samples) // _STEP
    frames = samples[: count * _STEP].reshape(count, _STEP).astype(np.float64)
    levels = np.sqrt((frames**2).mean(axis=1))
    if not count:
        return []
    noise, speech = np.percentile(levels, (5, 95))
    threshold = max(_NOISE_FACTOR * noise, _QUIET_SHARE * speech)
    if threshold > _MAX_QUIET_SHARE * speech:
        return []
    edges = np.flatnonzero(np.diff(np.concatenate(([0], levels < threshold, [0])).astype(np.int8)))
    return [
        (start * _STEP / SAMPLE_RATE_HZ, end * _STEP / SAMPLE_RATE_HZ)
        for start, end in edges.reshape(-1, 2).tolist()
        if end - start >= _MIN_PAUSE_STEPS
    ]
