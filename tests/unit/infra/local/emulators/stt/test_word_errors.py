"""Word error rates of the default model for speech in noise, in music and over a telephone.

The README of the emulator states them. `--sweep` runs them.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from infra.local.setup.voices import prepare_voices
from shared.adapters.text_to_speech import create_speech_synthesizer
from shared.ports.speech_recognition import SAMPLE_RATE_HZ, RecognitionRequest, SpeechRecognizer
from shared.recipes.films.speech import SpeechSettings
from tests.fixtures.models.stt import to_request
from tests.fixtures.models.tts import run_tts_emulator
from tests.fixtures.recognition.word_errors import count_word_errors, normalize_words

pytestmark = [pytest.mark.slow, pytest.mark.sweep]
TEXT = (
    "Plants make their own food from light, water and air. Inside each leaf, millions of tiny "
    "chloroplasts catch sunlight, and with its energy they split water into hydrogen and oxygen. "
    "Why does it matter? Because almost every meal on Earth, from a grain of wheat to a whale, "
    "begins with a green leaf."
)
ESPEAK = "en-US-Standard-C"
Sound = NDArray[np.float64]


@pytest.fixture(scope="module")
def spoken() -> dict[str, Sound]:
    """The text by each voice."""
    python = prepare_voices(lambda _: None)
    assert python is not None
    sounds = dict[str, Sound]()
    for emulator in run_tts_emulator(python):
        synthesizer = create_speech_synthesizer(emulator.url)
        for voice in ("", ESPEAK):
            settings = SpeechSettings("en-US", voice)
            # A request per sentence, as narrations have: the client does not wait for long texts.
            samples = b"".join(
                to_request(synthesizer.synthesize(sentence, settings)).samples
                for sentence in re.findall(r"[^.?]+[.?]", TEXT)
            )
            sounds[voice] = np.frombuffer(samples, "<i2").astype(np.float64)
    return sounds


def add(sound: Sound, other: Sound, ratio_db: float) -> Sound:
    """Returns both sounds, the other one quieter by the ratio."""
    loudness = np.sqrt((sound**2).mean() / (other**2).mean())
    mixed: Sound = sound + other * loudness * 10 ** (-ratio_db / 20)
    return mixed


def noise(sound: Sound, ratio_db: float) -> Sound:
    return add(sound, np.random.default_rng(1).normal(size=len(sound)), ratio_db)


def music(sound: Sound, ratio_db: float) -> Sound:
    """Adds a melody of tones with overtones, which decay and change each half second."""
    time = np.arange(len(sound)) / SAMPLE_RATE_HZ
    root = 220 * 2 ** ((time * 2).astype(int) * 5 % 12 / 12)
    parts = [np.sin(2 * np.pi * root * part * time) / part for part in (1, 1.25, 1.5, 2, 3)]
    return add(sound, np.exp(-4 * (time % 0.5)) * np.sum(parts, axis=0), ratio_db)


def telephone(sound: Sound, _: float) -> Sound:
    spectrum = np.fft.rfft(sound)
    hertz = np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE_HZ)
    spectrum[(hertz < 300) | (hertz > 3400)] = 0
    return np.fft.irfft(spectrum, len(sound))


def half_rate(sound: Sound, _: float) -> Sound:
    """The sound at 8 kHz, with each sample twice."""
    return np.repeat(sound[: len(sound) // 2 * 2].reshape(-1, 2).mean(axis=1), 2)


@pytest.mark.parametrize(
    ("voice", "change", "ratio_db", "limit"),
    [
        ("", noise, 60, 0.05),
        ("", noise, 20, 0.05),
        ("", noise, 10, 0.12),
        ("", noise, 5, 0.25),
        ("", music, 10, 0.06),
        ("", music, 5, 0.06),
        ("", telephone, 0, 0.10),
        ("", half_rate, 0, 0.06),
        (ESPEAK, noise, 60, 0.10),
        (ESPEAK, noise, 20, 0.20),
    ],
)
def test_word_error_rate_is_as_measured(
    spoken: dict[str, Sound], recognizer: SpeechRecognizer,
    voice: str, change: Callable[[Sound, float], Sound], ratio_db: float, limit: float,
) -> None:  # fmt: skip
    changed = np.clip(change(spoken[voice], ratio_db), -32768, 32767)
    request = RecognitionRequest(changed.astype("<i2").tobytes(), "en")
    words = normalize_words(" ".join(word.text for word in recognizer.recognize(request).words))
    expected = normalize_words(TEXT)
    assert count_word_errors(expected, words) <= limit * len(expected), words


def test_two_voices_with_noise_are_both_recognized(
    spoken: dict[str, Sound], recognizer: SpeechRecognizer
) -> None:
    pause = np.zeros(SAMPLE_RATE_HZ)
    both = np.concatenate([spoken[""], pause, spoken[ESPEAK]])
    request = RecognitionRequest(noise(both, 20).astype("<i2").tobytes(), "en")
    words = normalize_words(" ".join(word.text for word in recognizer.recognize(request).words))
    expected = 2 * normalize_words(TEXT)
    assert count_word_errors(expected, words) <= 0.15 * len(expected), words
