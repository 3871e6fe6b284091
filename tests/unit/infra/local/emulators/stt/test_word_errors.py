"""Word error rates of the default model for speech in noise, in music and over a telephone.

The README of the emulator states them: `python -m tests.benchmarks word-errors`. `--sweep` runs
them.
"""

from __future__ import annotations

import pytest

from infra.local.setup.voices import prepare_voices
from shared.adapters.text_to_speech import create_speech_synthesizer
from shared.ports.speech_recognition import SpeechRecognizer
from tests.fixtures.models.tts import run_tts_emulator
from tests.fixtures.recognition.difficult_speech import (
    CONDITIONS,
    Condition,
    Voices,
    measure_errors,
    speak_texts,
)
from tests.fixtures.recognition.word_errors import count_word_errors


@pytest.fixture(scope="module")
def voices() -> Voices:
    python = prepare_voices(lambda _: None)
    assert python is not None
    emulators = run_tts_emulator(python)
    return speak_texts(create_speech_synthesizer(next(emulators).url))


@pytest.mark.slow
@pytest.mark.sweep
@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda condition: condition.name)
def test_word_error_rate_is_as_measured(
    voices: Voices, recognizer: SpeechRecognizer, condition: Condition
) -> None:
    errors, words = measure_errors(condition, voices, recognizer)
    assert errors <= condition.limit * words


@pytest.mark.parametrize(
    ("recognized", "errors"),
    [("a b c", 0), ("a x c", 1), ("a c", 1), ("a b b c", 1), ("", 3), ("c a b", 2)],
)
def test_substituted_missing_and_additional_words_are_errors(recognized: str, errors: int) -> None:
    assert count_word_errors(["a", "b", "c"], recognized.split()) == errors
