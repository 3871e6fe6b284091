"""Music under a voice: repeated, ducked and faded, without changing the voice."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from functions.stitching.audio.music import IN_PAUSES_LU, UNDER_VOICE_LU, compute_ducking, mix_music
from functions.stitching.film.mp4 import Samples
from functions.stitching.film.timeline import RATE_HZ, Scene, Timeline
from shared.subtitles.timed_sentence import TimedSentence


def at(seconds: float) -> int:
    return round(seconds * RATE_HZ)


FILM = Timeline(
    (Scene(0, at(10), at(20), at(40)),),
    (TimedSentence("One.", at(10), at(14)), TimedSentence("Two.", at(14.5), at(20))),
)


def tone(seconds: float = 3.0) -> Iterator[Samples]:
    t = np.arange(at(seconds)) / RATE_HZ
    yield np.repeat(0.3 * np.sin(2 * np.pi * 500 * t)[None], 2, axis=0).astype(np.float32)


def db(factor: float) -> float:
    return float(20 * np.log10(max(factor, 1e-9)))


def test_music_is_ducked_from_the_first_to_the_last_word() -> None:
    curve = compute_ducking(FILM)
    assert db(curve[800]) == pytest.approx(IN_PAUSES_LU, abs=0.1)
    assert [db(curve[t]) for t in (1000, 1200, 1420, 1999)] == pytest.approx(
        [UNDER_VOICE_LU] * 4, abs=0.3
    )
    assert db(curve[2100]) == pytest.approx(IN_PAUSES_LU, abs=0.1)


def test_music_fades_in_and_out() -> None:
    curve = compute_ducking(FILM)
    assert curve[0] == 0
    assert curve[50] == pytest.approx(curve[100] / 2, rel=0.05)
    assert db(curve[3690]) == pytest.approx(IN_PAUSES_LU, abs=0.1)
    assert curve[4000] == pytest.approx(0, abs=0.001)
    assert float(np.abs(np.diff(curve)).max()) < 0.02


def test_music_is_repeated_and_blocks_keep_their_lengths() -> None:
    lengths = [at(1), 700, at(12.5), 1, at(40) - at(13.5) - 701]
    voice = (np.zeros((1, n), np.float32) for n in lengths)
    blocks = list(mix_music(voice, FILM, tone))
    assert [block.shape for block in blocks] == [(2, n) for n in lengths]
    sound = np.concatenate(blocks, axis=1)
    for second in range(2, 36):
        assert np.abs(sound[:, at(second) : at(second + 0.5)]).max() > 0.01


def test_voice_is_not_changed() -> None:
    voice = np.random.default_rng(1).uniform(-0.5, 0.5, (1, at(40))).astype(np.float32)
    (block,) = mix_music(iter([voice]), FILM, lambda: iter([np.zeros((2, 4800), np.float32)]))
    assert np.array_equal(block, np.repeat(voice, 2, axis=0))


def test_music_without_sound_gives_silence() -> None:
    (block,) = mix_music(iter([np.zeros((1, at(40)), np.float32)]), FILM, lambda: iter(()))
    assert not block.any()
