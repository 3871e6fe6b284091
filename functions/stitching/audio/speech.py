"""The sound of the narration: measured slide by slide, then resampled to 48 kHz at one loudness."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

import av
import numpy as np
from av.audio.resampler import AudioResampler

from functions.stitching.audio.loudness import (
    FRAMES_PER_SECOND,
    FloatArray,
    LoudnessProfile,
    compute_gains,
    interpolate_gains,
    measure_loudness,
    to_energy,
)
from functions.stitching.film.mp4 import Samples
from functions.stitching.film.timeline import RATE_HZ, Scene, Timeline
from shared.recipes.films.speech import SpeechAudio

ReadSpeech = Callable[[int], SpeechAudio]
"""Returns the speech of a slide by its number; called only for slides with speech."""
PAUSE_S = 0.4
"""Shorter pauses belong to what is spoken, such as those at commas."""
_SPOKEN_LU = -25.0
"""A frame is spoken if it is louder than this, relative to the whole narration."""
STEREO_LU = 10 * np.log10(2)
"""Loudness difference between the same sound on two channels and on one."""


class SpeechTrack:
    """The speech of all slides. One slide at a time is in memory. Each is read twice: to measure
    it, and to write it."""

    def __init__(self, timeline: Timeline, read: ReadSpeech) -> None:
        self._timeline = timeline
        self._read = read
        self._frames: dict[int, slice] = {}
        self._profile = LoudnessProfile()

    def measure(self, check: Callable[[], None]) -> None:
        """Measures the speech of all slides."""
        for number, scene in enumerate(self._timeline.scenes):
            check()
            self._profile.add_silence((scene.speech_start - scene.start) / RATE_HZ)
            if _is_spoken(scene):
                speech = self._read(number)
                self._frames[number] = self._profile.add(_to_floats(speech), speech.rate_hz)
            self._profile.add_silence((scene.end - scene.speech_end) / RATE_HZ)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is spoken. Known after `measure`."""
        return not self._frames

    def find_spoken(self) -> list[tuple[int, int]]:
        """Returns the ranges in which something is spoken, in samples of the film."""
        energies = self._profile.energies
        loudness = measure_loudness(energies)
        if not np.isfinite(loudness):
            return []
        level = to_energy(loudness + _SPOKEN_LU)
        frame = RATE_HZ // FRAMES_PER_SECOND
        ranges: list[tuple[int, int]] = []
        for number, frames in sorted(self._frames.items()):
            start = self._timeline.scenes[number].speech_start
            for place in np.flatnonzero(energies[frames] > level):
                begin = start + int(place) * frame
                if ranges and begin - ranges[-1][1] < PAUSE_S * RATE_HZ:
                    ranges[-1] = ranges[-1][0], begin + frame
                else:
                    ranges.append((begin, begin + frame))
        return ranges

    def compute_gains(self, target_lufs: float) -> FloatArray:
        """Returns the factor of every frame."""
        return compute_gains(self._profile, target_lufs)

    def read_blocks(self, *factors: FloatArray) -> Iterator[Samples]:
        """Yields the sound of the whole timeline in blocks of at most a second, with a channel for
        each of `factors`: the same speech at different levels."""
        channels = len(factors)
        for number, scene in enumerate(self._timeline.scenes):
            yield from _silence(scene.speech_start - scene.start, channels)
            if _is_spoken(scene):
                frames = self._frames[number]
                yield from self._read_speech(number, scene, [row[frames] for row in factors])
            yield from _silence(scene.end - scene.speech_end, channels)

    def _read_speech(
        self, number: int, scene: Scene, factors: Sequence[FloatArray]
    ) -> Iterator[Samples]:
        at, end = 0, scene.speech_end - scene.speech_start
        for block in resample_speech(self._read(number)):
            block = block[:, : end - at]
            length = block.shape[1]
            rate = RATE_HZ / FRAMES_PER_SECOND
            yield np.concatenate(
                [block * interpolate_gains(row, at, length, rate) for row in factors]
            )
            at += length
        yield from _silence(end - at, len(factors))


def resample_speech(speech: SpeechAudio) -> Iterator[Samples]:
    """Yields the speech at 48 kHz in blocks of about a second: float32 of shape (1, n)."""
    resampler = AudioResampler(format="fltp", layout="mono", rate=RATE_HZ)
    samples = np.frombuffer(speech.pcm, np.int16)[None]
    for at in range(0, samples.shape[1], speech.rate_hz):
        block = np.ascontiguousarray(samples[:, at : at + speech.rate_hz])
        frame = av.AudioFrame.from_ndarray(block, format="s16", layout="mono")
        frame.sample_rate, frame.pts = speech.rate_hz, at
        frame.time_base = Fraction(1, speech.rate_hz)
        yield from _to_arrays(resampler.resample(frame))
    yield from _to_arrays(resampler.resample(None))


def _to_arrays(frames: list[av.AudioFrame]) -> Iterator[Samples]:
    for frame in frames:
        yield np.asarray(frame.to_ndarray(), np.float32)


def _silence(sample_count: int, channels: int) -> Iterator[Samples]:
    for at in range(0, sample_count, RATE_HZ):
        yield np.zeros((channels, min(RATE_HZ, sample_count - at)), np.float32)


def _is_spoken(scene: Scene) -> bool:
    return scene.speech_end > scene.speech_start


def _to_floats(speech: SpeechAudio) -> Samples:
    samples = np.frombuffer(speech.pcm, np.int16).astype(np.float32)[None]
    samples /= 32768
    return samples
