"""The adapter of Speech-to-Text with the emulator, beyond the contract of SpeechRecognizer: what is
no speech, outages, and the languages of models."""

from __future__ import annotations

import array
import math
import random
from collections.abc import Callable
from typing import Any

import pytest

from shared.adapters import speech_recognition
from shared.adapters.speech_recognition import fetch_recognition_languages
from shared.ports.models import SpeechSynthesizer
from shared.ports.speech_recognition import (
    SAMPLE_RATE_HZ,
    LanguageNotRecognized,
    RecognitionOverloaded,
    RecognitionRequest,
    RecognitionUnavailable,
    SpeechRecognizer,
)
from shared.recipes.films.speech import SpeechSettings
from tests.fixtures.models.stt import (
    SttEmulator,
    create_recognizer,
    recognition_settings,
    to_request,
)
from tests.fixtures.recognition.word_errors import normalize_words

pytestmark = pytest.mark.slow
SENTENCE = "We walked along the river until the sun went down."
SILENCE = RecognitionRequest(bytes(SAMPLE_RATE_HZ))


def generate(sample: Callable[[float], float], duration_s: float = 3.0) -> bytes:
    """Returns samples of a function of the time in seconds."""
    count = int(duration_s * SAMPLE_RATE_HZ)
    values = (round(sample(index / SAMPLE_RATE_HZ)) for index in range(count))
    return array.array("h", values).tobytes()


def test_words_of_speech_have_times_and_confidence(
    recognizer: SpeechRecognizer, synthesizer: SpeechSynthesizer
) -> None:
    sentence = to_request(synthesizer.synthesize(SENTENCE, SpeechSettings("en-US"))).samples
    pause = bytes(2 * SAMPLE_RATE_HZ)
    sound = pause + sentence + 2 * pause + sentence

    result = recognizer.recognize(RecognitionRequest(sound, "en-GB"))

    assert result.language == "en"
    texts = [word.text for word in result.words]
    assert normalize_words(" ".join(texts)) == 2 * normalize_words(SENTENCE)
    assert texts[0] == "We"
    assert texts[-1].rstrip(".") == "down"
    times = [time for word in result.words for time in (word.start_s, word.end_s)]
    assert times == sorted(times)
    assert all(0 < (word.confidence or 0) <= 1 for word in result.words)
    # The sentences begin after their pauses.
    duration_s = len(sentence) / 2 / SAMPLE_RATE_HZ
    first, second = (result.words[index].start_s for index in (0, len(texts) // 2))
    assert first == pytest.approx(1, abs=0.15)
    assert second == pytest.approx(3 + duration_s, abs=0.15)


@pytest.mark.parametrize(
    "sample",
    [
        lambda _: 0,
        lambda _: random.gauss(0, 3000),
        lambda time: 8000 * math.sin(2 * math.pi * 440 * time),
        # A melody: a tone with overtones, which decays and changes each half second.
        lambda time: 6000 * math.exp(-4 * (time % 0.5)) * sum(
            math.sin(2 * math.pi * 220 * 2 ** (int(time * 2) * 5 % 12 / 12) * part * time) / part
            for part in (1, 2, 3)
        ),
    ],
    ids=["silence", "noise", "tone", "music"],
)  # fmt: skip
def test_sound_without_speech_has_no_words(
    recognizer: SpeechRecognizer, sample: Callable[[float], float]
) -> None:
    random.seed(1)
    result = recognizer.recognize(RecognitionRequest(generate(sample)))
    assert result.words == ()
    assert result.language == ""


def test_empty_sound_is_not_sent(recognizer: SpeechRecognizer, stt: SttEmulator) -> None:
    call_count = stt.call_count
    assert recognizer.recognize(RecognitionRequest(b"")).words == ()
    assert stt.call_count == call_count


def test_languages_are_those_of_the_model(stt: SttEmulator, recognizer: SpeechRecognizer) -> None:
    assert fetch_recognition_languages(stt.settings) == ("en",)
    assert recognizer.engine == "emulator/whisper-tiny.en"
    # Of another model there are none.
    assert fetch_recognition_languages(recognition_settings(stt.url, "whisper-base")) == ()


def test_unknown_language_is_a_permanent_error(recognizer: SpeechRecognizer) -> None:
    with pytest.raises(LanguageNotRecognized) as error:
        recognizer.recognize(RecognitionRequest(SILENCE.samples, "de"))
    assert str(error.value) == ("The speech recognition does not know de; choose another language.")


def test_unknown_model_is_transient(stt: SttEmulator) -> None:
    with pytest.raises(RecognitionUnavailable):
        create_recognizer(recognition_settings(stt.url, "chirp_9")).recognize(SILENCE)


@pytest.mark.parametrize("action", [
    {"status": 500}, {"status": 503}, {"status": 504}, {"lose_response": True},
    {"cut_after_bytes": 10},
])  # fmt: skip
def test_outage_of_the_service_counts_as_overloaded(
    recognizer: SpeechRecognizer, stt: SttEmulator, action: dict[str, Any]
) -> None:
    stt.add_fault(action=action, count=1)
    call_count = stt.call_count
    with pytest.raises(RecognitionOverloaded):
        recognizer.recognize(SILENCE)
    # The client does not retry: the unit does.
    assert stt.call_count <= call_count + 1


def test_timeout_counts_as_overloaded(
    recognizer: SpeechRecognizer, stt: SttEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    stt.add_fault(action={"stall_s": 2}, count=1)
    monkeypatch.setattr(speech_recognition, "TIMEOUT_S", 0.2)
    with pytest.raises(RecognitionOverloaded):
        recognizer.recognize(SILENCE)


@pytest.mark.parametrize("status", [401, 403, 404])
def test_refused_access_is_transient(
    recognizer: SpeechRecognizer, stt: SttEmulator, status: int
) -> None:
    stt.add_fault(action={"status": status}, count=1)
    with pytest.raises(RecognitionUnavailable) as caught:
        recognizer.recognize(SILENCE)
    assert "http" not in str(caught.value)


def test_refused_connection_counts_as_overloaded() -> None:
    settings = recognition_settings("http://127.0.0.1:9")
    with pytest.raises(RecognitionOverloaded):
        create_recognizer(settings).recognize(SILENCE)
    with pytest.raises(RecognitionOverloaded):
        fetch_recognition_languages(settings)
