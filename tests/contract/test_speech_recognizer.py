"""The contract of SpeechRecognizer: the fake, and the adapter of Speech-to-Text with the
emulator."""

from __future__ import annotations

import itertools

import pytest

from shared.ports.speech_recognition import (
    AUTO_LANGUAGE,
    MAX_SOUND_S,
    SAMPLE_RATE_HZ,
    LanguageNotRecognized,
    Recognition,
    RecognitionOverloaded,
    RecognitionRequest,
    RecognitionUnavailable,
)
from tests.fixtures.models.recognizers import (
    LANGUAGE,
    RETRY_AFTER_S,
    UNKNOWN_LANGUAGE,
    EmulatorCase,
    FakeCase,
    RecognizerCase,
)
from tests.fixtures.recognition.word_errors import normalize_words

pytestmark = pytest.mark.slow
SECOND = bytes(2 * SAMPLE_RATE_HZ)


@pytest.fixture(params=["fake", "emulator"])
def case(request: pytest.FixtureRequest) -> RecognizerCase:
    if request.param == "fake":
        return FakeCase()
    names = ("recognizer", "stt", "synthesizer")
    return EmulatorCase(*(request.getfixturevalue(name) for name in names))


def recognize(case: RecognizerCase, samples: bytes, language: str = LANGUAGE) -> Recognition:
    return case.recognizer.recognize(RecognitionRequest(samples, language))


def words_of(recognition: Recognition) -> list[str]:
    return normalize_words(" ".join(word.text for word in recognition.words))


def test_words_are_in_order_and_within_the_sound(case: RecognizerCase) -> None:
    speech = case.speech
    recognition = recognize(case, speech)
    assert words_of(recognition) == case.words
    assert recognition.language.startswith("en")
    times = [time for word in recognition.words for time in (word.start_s, word.end_s)]
    assert times == sorted(times)
    assert times[0] >= 0
    assert times[-1] <= len(speech) / 2 / SAMPLE_RATE_HZ
    assert all(word.start_s < word.end_s for word in recognition.words)
    for word in recognition.words:
        assert word.text == word.text.strip() != ""
        assert word.confidence is None or 0 < word.confidence <= 1


def test_same_sound_has_the_same_words(case: RecognizerCase) -> None:
    """So a repeated request changes no word of a transcript."""
    speech = case.speech
    assert recognize(case, speech) == recognize(case, speech)


def test_words_follow_the_silence_before_them(case: RecognizerCase) -> None:
    speech = case.speech
    recognition = recognize(case, speech + 2 * SECOND + speech)
    assert words_of(recognition) == 2 * case.words
    starts = [word.start_s for word in recognition.words]
    first, second = starts[0], starts[len(case.words)]
    later_s = 2 + len(speech) / 2 / SAMPLE_RATE_HZ
    assert second - first == pytest.approx(later_s, abs=0.15)
    pauses = [after - before for before, after in itertools.pairwise(starts)]
    assert pauses.index(max(pauses)) == len(case.words) - 1


def test_language_is_recognized(case: RecognizerCase) -> None:
    assert recognize(case, case.speech, AUTO_LANGUAGE).language.startswith("en")


@pytest.mark.parametrize("samples", [b"", SECOND], ids=["no sound", "silence"])
def test_sound_without_speech_has_no_words_and_no_language(
    case: RecognizerCase, samples: bytes
) -> None:
    assert recognize(case, samples) == Recognition((), "")


def test_sound_of_a_minute_is_the_longest(case: RecognizerCase) -> None:
    minute = int(MAX_SOUND_S) * SECOND
    assert recognize(case, minute).words == ()
    with pytest.raises(ValueError, match="60"):
        recognize(case, minute + b"\0\0")


def test_unknown_language_is_a_permanent_error(case: RecognizerCase) -> None:
    with pytest.raises(LanguageNotRecognized, match=UNKNOWN_LANGUAGE):
        recognize(case, SECOND, UNKNOWN_LANGUAGE)


def test_overload_states_when_to_try_again(case: RecognizerCase) -> None:
    case.overload()
    with pytest.raises(RecognitionOverloaded) as caught:
        recognize(case, SECOND)
    assert caught.value.retry_after_s == RETRY_AFTER_S
    assert recognize(case, SECOND).words == ()


def test_refused_access_is_transient(case: RecognizerCase) -> None:
    case.refuse_access()
    with pytest.raises(RecognitionUnavailable):
        recognize(case, SECOND)
    assert recognize(case, SECOND).words == ()


def test_engine_has_one_name(case: RecognizerCase) -> None:
    assert case.recognizer.engine == case.recognizer.engine != ""
