"""A narration by the neural voice, written down by a recognizer: its words, and the times of its
subtitles.

`--sweep` adds the texts that are not in the default selection.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from functions.stitching.film.timeline import RATE_HZ, build_timeline
from functions.text_to_speech.concatenate import TimedSentence, concatenate_speech, trim_silence
from functions.text_to_speech.sentences import Sentence, split_sentences
from functions.text_to_speech.spoken_text import to_spoken_text
from infra.local.setup.voices import prepare_voices
from shared.adapters.text_to_speech import create_speech_synthesizer
from shared.ports.models import SpeechSynthesizer
from shared.ports.speech_recognition import RecognizedWord, SpeechRecognizer
from shared.recipes.films.narration import Narration, SlideSpeech, SpokenSentence
from shared.recipes.films.speech import SpeechAudio, SpeechSettings
from shared.subtitles.cues import build_cues
from tests.fixtures.models.stt import to_request
from tests.fixtures.models.tts import run_tts_emulator
from tests.fixtures.recognition.spoken_texts import TEXTS
from tests.fixtures.recognition.word_errors import (
    count_word_errors,
    match_words,
    normalize_words,
)

pytestmark = pytest.mark.slow
MAX_WORD_ERROR_RATE = 0.05
MAX_CUE_ERROR_S = 0.15


@pytest.fixture(scope="module")
def synthesizer() -> Iterator[SpeechSynthesizer]:
    messages: list[str] = []
    python = prepare_voices(messages.append)
    assert python is not None, messages
    for emulator in run_tts_emulator(python):
        yield create_speech_synthesizer(emulator.url)


@pytest.mark.parametrize("texts", [TEXTS[:1], pytest.param(TEXTS, marks=pytest.mark.sweep)])
@pytest.mark.extended
def test_recognizer_hears_the_words_where_the_subtitles_show_them(
    texts: tuple[str, ...], synthesizer: SpeechSynthesizer, recognizer: SpeechRecognizer
) -> None:
    narrations = [_narrate(text, synthesizer) for text in texts]
    errors, word_errors, word_count = list[float](), 0, 0
    for narration in narrations:
        expected = normalize_words(
            " ".join(to_spoken_text(sentence.text, "en") for sentence, _ in narration)
        )
        speech, times = concatenate_speech(narration)
        # The recognizer's times are off by up to half a second in files of several sentences.
        words = [
            replace(word, start_s=word.start_s + timed.start / speech.rate_hz)
            for timed, (_, audio) in zip(times, narration, strict=True)
            for word in recognizer.recognize(to_request(trim_silence(audio))).words
        ]
        heard = normalize_words(" ".join(word.text for word in words))
        word_errors += count_word_errors(expected, heard)
        word_count += len(expected)
        errors += _cue_errors(_build_cues(speech, times), words)
    assert word_errors <= MAX_WORD_ERROR_RATE * word_count
    assert max(errors) <= MAX_CUE_ERROR_S, sorted(errors)


def _narrate(text: str, synthesizer: SpeechSynthesizer) -> list[tuple[Sentence, SpeechAudio]]:
    settings = SpeechSettings("en-US")
    return [
        (sentence, synthesizer.synthesize(to_spoken_text(sentence.text, "en-US"), settings))
        for sentence in split_sentences(text)
    ]


def _build_cues(speech: SpeechAudio, times: tuple[TimedSentence, ...]) -> list[tuple[float, str]]:
    """Returns start in seconds from the first word, and text, of the subtitles of a slide."""
    sentences = tuple(SpokenSentence(t.text, t.start, t.end, t.resumes) for t in times)
    slide = SlideSpeech("a", 1, 1, speech.rate_hz, speech.samples, sentences)
    timeline = build_timeline(Narration((slide,)))
    lead_s = timeline.scenes[0].speech_start / RATE_HZ
    cues = build_cues(timeline.sentences)
    return [(cue.start_ms / 1000 - lead_s, " ".join(cue.lines)) for cue in cues]


def _cue_errors(cues: list[tuple[float, str]], words: list[RecognizedWord]) -> Iterator[float]:
    """Yields how far each cue begins from its first word, if that was recognized."""
    shown, first_words = list[str](), list[tuple[int, float]]()
    for start_s, text in cues:
        first_words.append((len(shown), start_s))
        shown += [part for word in text.split() if (part := "".join(normalize_words(word)))]
    heard = ["".join(normalize_words(word.text)) for word in words]
    matches = match_words(shown, heard)
    for index, start_s in first_words:
        if index in matches:
            yield abs(start_s - words[matches[index]].start_s)
