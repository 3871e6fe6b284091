"""The narration's sound: measured slide by slide, then brought to 48 kHz and one loudness."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

import av
import numpy as np
from av.audio.resampler import AudioResampler

from functions.stitching.film import Samples
from functions.stitching.loudness import FRAMES_A_SECOND, Profile, Row, curve_of, gains
from functions.stitching.timeline import LEAD, RATE_HZ, Scene, Timeline
from shared.domain.speech import Spoken

ReadSpeech = Callable[[int], Spoken]
"""The speech of a slide by its number; only asked for slides that are spoken over."""
STEREO_LU = 10 * np.log10(2)
"""The same sound on two channels is this much louder than on one."""


class Speech:
    """All slides' speech. One slide at a time is in memory; each is read twice, once to measure
    and once to write."""

    def __init__(self, film: Timeline, read: ReadSpeech) -> None:
        self._film = film
        self._read = read
        self._frames: dict[int, slice] = {}
        self._profile = Profile()

    def measure(self, check: Callable[[], None]) -> None:
        """The first reading."""
        for number, scene in enumerate(self._film.scenes):
            check()
            self._profile.add_silence(LEAD / RATE_HZ)
            if _is_spoken(scene):
                spoken = self._read(number)
                self._frames[number] = self._profile.add(_floats(spoken), spoken.rate_hz)
            self._profile.add_silence((scene.end - scene.speech_end) / RATE_HZ)

    def gains(self, target_lufs: float) -> Row:
        """The factor of every frame."""
        return gains(self._profile, target_lufs)

    def scenes(self, factors: Row) -> Iterator[Samples]:
        """The second reading: every scene's sound, mono, exactly as long as the scene."""
        for number, scene in enumerate(self._film.scenes):
            block = np.zeros((1, scene.end - scene.start), np.float32)
            if _is_spoken(scene):
                length = scene.speech_end - scene.speech_at
                sound = at_48_khz(self._read(number), length)
                per_frame = RATE_HZ / FRAMES_A_SECOND
                sound *= curve_of(factors[self._frames[number]], length, per_frame)
                begin = scene.speech_at - scene.start
                block[:, begin : begin + length] = sound
            yield block


def at_48_khz(spoken: Spoken, length: int) -> Samples:
    """Resampled to exactly `length` samples: float32 of shape (1, length)."""
    if spoken.rate_hz == RATE_HZ:
        found = _floats(spoken)
    else:
        frame = av.AudioFrame.from_ndarray(
            np.frombuffer(spoken.pcm, np.int16)[None], format="s16", layout="mono"
        )
        frame.sample_rate, frame.pts, frame.time_base = (
            spoken.rate_hz,
            0,
            Fraction(1, spoken.rate_hz),
        )
        resampler = AudioResampler(format="fltp", layout="mono", rate=RATE_HZ)
        pieces = [*resampler.resample(frame), *resampler.resample(None)]
        found = np.concatenate([piece.to_ndarray() for piece in pieces], axis=1)
    missing = length - found.shape[1]
    return np.pad(found[:, :length], ((0, 0), (0, max(0, missing))))


def _is_spoken(scene: Scene) -> bool:
    return scene.speech_end > scene.speech_at


def _floats(spoken: Spoken) -> Samples:
    samples = np.frombuffer(spoken.pcm, np.int16).astype(np.float32)[None]
    samples /= 32768
    return samples
