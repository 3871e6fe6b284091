"""The Text-to-Speech emulator with its neural voices, through the production adapter."""

from __future__ import annotations

import array
from collections.abc import Iterator

import pytest

from infra.local.setup.voices import prepare_voices
from shared.adapters.text_to_speech import create_speech_synthesizer
from shared.ports.models import SpeechSynthesizer
from shared.recipes.films.speech import SpeechSettings
from tests.fixtures.models.tts import TtsEmulator, run_tts_emulator

pytestmark = pytest.mark.slow
TEXT = "The quick brown fox jumps over the lazy dog."


@pytest.fixture(scope="module")
def neural_tts() -> Iterator[TtsEmulator]:
    messages: list[str] = []
    python = prepare_voices(messages.append)
    assert python is not None, messages
    yield from run_tts_emulator(python)


@pytest.fixture
def synthesizer(neural_tts: TtsEmulator) -> SpeechSynthesizer:
    return create_speech_synthesizer(neural_tts.url)


def test_english_has_a_neural_voice_and_other_languages_have_espeak(
    neural_tts: TtsEmulator,
) -> None:
    voices = {
        code: [
            voice["name"]
            for voice in neural_tts.request("GET", f"/v1/voices?languageCode={code}")["voices"]
        ]
        for code in ("en-US", "de-DE")
    }
    assert voices == {
        "en-US": ["en-US-Neural-Joe", "en-US-Standard-A", "en-US-Standard-C"],
        "de-DE": ["de-DE-Standard-A", "de-DE-Standard-C"],
    }


def test_neural_voice_speaks_at_the_requested_speed_and_pitch(
    synthesizer: SpeechSynthesizer,
) -> None:
    plain, fast, high = (
        synthesizer.synthesize(TEXT, settings)
        for settings in (
            SpeechSettings("en-US"),
            SpeechSettings("en-US", speed=1.5),
            SpeechSettings("en-US", pitch=4),
        )
    )
    assert plain.rate_hz == 22050
    assert 1.8 < plain.samples / plain.rate_hz < 4
    assert max(map(abs, array.array("h", plain.pcm))) > 8000
    # Each synthesis varies a little.
    assert 0.55 < fast.samples / plain.samples < 0.85
    assert 0.8 < high.samples / plain.samples < 1.2
    standard = synthesizer.synthesize(TEXT, SpeechSettings("en-US", voice="en-US-Standard-A"))
    assert standard.pcm != plain.pcm


def test_text_without_a_spoken_character_is_silent(synthesizer: SpeechSynthesizer) -> None:
    assert synthesizer.synthesize("…", SpeechSettings("en-US")).samples == 0
