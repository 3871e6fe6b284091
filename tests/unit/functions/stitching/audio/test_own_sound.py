"""The sound of clips under a narration: its level in the pauses and under the words."""

from __future__ import annotations

import numpy as np
import pytest

from functions.stitching.audio.loudness import LoudnessProfile, measure_loudness
from functions.stitching.audio.own_sound import (
    BESIDE_VOICE_LU,
    UNDER_VOICE_LU,
    OwnSound,
    compute_ducking,
    mix_own_sound,
)
from functions.stitching.audio.speech import SpeechTrack
from functions.stitching.film.mp4 import Samples
from functions.stitching.film.timeline import RATE_HZ, Scene, Timeline
from shared.recipes.films.speech import SpeechAudio
from tests.unit.functions.stitching.audio.test_loudness import make_voice_like_sound

SPEECH_HZ = 24_000
VOICE_LUFS = -16.0


def at(seconds: float) -> int:
    return round(seconds * RATE_HZ)


def loudness(sound: Samples) -> float:
    profile = LoudnessProfile()
    profile.add(sound, RATE_HZ)
    return measure_loudness(profile.energies)


def level_lu(curve: Samples, seconds: float) -> float:
    return float(20 * np.log10(curve[round(100 * seconds)]))


def make_speech(*parts: tuple[float, float]) -> SpeechAudio:
    """Returns speech of 8 s with words from and to these seconds."""
    sound = np.zeros(8 * SPEECH_HZ, np.float32)
    for begin, end in parts:
        first, last = round(begin * SPEECH_HZ), round(end * SPEECH_HZ)
        t = np.arange(last - first) / SPEECH_HZ
        sound[first:last] = 0.2 * np.sin(2 * np.pi * 300 * t)
    return SpeechAudio((sound * 32767).astype("<i2").tobytes(), SPEECH_HZ)


def find_spoken(*parts: tuple[float, float]) -> list[tuple[float, float]]:
    """Returns the spoken ranges, in seconds, of a slide whose speech begins at 1 s."""
    timeline = Timeline((Scene(0, at(1), at(9), at(10)),), ())
    track = SpeechTrack(timeline, lambda _: make_speech(*parts))
    track.measure(lambda: None)
    return [(begin / RATE_HZ, end / RATE_HZ) for begin, end in track.find_spoken()]


def test_pauses_between_sentences_are_found_and_those_at_commas_are_not() -> None:
    ranges = find_spoken((0.1, 2.0), (2.3, 3.0), (3.6, 7.8))
    assert np.allclose(ranges, [(1.1, 4.0), (4.6, 8.8)], atol=0.011)


def test_nothing_is_spoken_in_silence() -> None:
    assert find_spoken() == []


def test_level_is_down_from_the_first_to_the_last_word_and_up_in_pauses() -> None:
    curve = compute_ducking([(at(2), at(4)), (at(4.6), at(6))], at(8))
    assert [level_lu(curve, t) for t in (1.8, 4.35, 6.5, 8)] == pytest.approx([0] * 4, abs=0.5)
    for t in (2, 3, 4, 4.6, 6):
        assert level_lu(curve, t) == pytest.approx(UNDER_VOICE_LU, abs=0.3)
    steps = np.abs(np.diff(20 * np.log10(curve)))
    assert steps.max() < 1.6, "no step of 10 ms is heard as a click"


def test_short_pause_is_not_reached_at_full_level() -> None:
    curve = compute_ducking([(at(2), at(4)), (at(4.2), at(6))], at(8))
    assert UNDER_VOICE_LU + 1 < level_lu(curve, 4.1) < -3


def test_sound_is_heard_under_words_and_louder_between_them() -> None:
    rng = np.random.default_rng(0)
    original = np.repeat(0.01 * rng.standard_normal((1, at(10))), 2, axis=0).astype(np.float32)
    spoken = [(at(2), at(4)), (at(6), at(8))]
    silence = iter([np.zeros((1, at(1)), np.float32) for _ in range(10)])
    target = VOICE_LUFS - BESIDE_VOICE_LU
    blocks = list(mix_own_sound(silence, spoken, [OwnSound(0, original)], target))
    mixed = np.concatenate(blocks, axis=1)
    pause, words = loudness(mixed[:, at(4.4) : at(5.8)]), loudness(mixed[:, at(2) : at(4)])
    assert pause == pytest.approx(target, abs=0.5)
    assert words == pytest.approx(target + UNDER_VOICE_LU, abs=0.5)


def test_loud_sound_and_voice_together_do_not_clip() -> None:
    rng = np.random.default_rng(0)
    original = rng.uniform(-1, 1, (2, at(6))).astype(np.float32)
    voice = make_voice_like_sound(RATE_HZ, 6.0)
    voice = voice / np.abs(voice).max() * 10 ** (-3 / 20)
    blocks = mix_own_sound(
        iter([voice.astype(np.float32)]), [(0, at(6))], [OwnSound(0, original)], VOICE_LUFS - 2
    )
    assert max(float(np.abs(block).max()) for block in blocks) < 10 ** (-1 / 20)
