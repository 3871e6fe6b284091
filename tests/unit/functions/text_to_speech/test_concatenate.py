"""The concatenation of sentences: pauses in them and between them, and the silence around them."""

from __future__ import annotations

from array import array
from itertools import accumulate

import pytest

from functions.text_to_speech.concatenate import (
    CLAUSE_PAUSE_S,
    COLON_PAUSE_S,
    ITEM_PAUSE_S,
    PARAGRAPH_PAUSE_S,
    QUESTION_PAUSE_S,
    SENTENCE_PAUSE_S,
    concatenate_speech,
    find_pauses,
    select_pause,
    trim_silence,
)
from functions.text_to_speech.sentences import Sentence, split_sentences
from shared.ports.models import VoiceUnavailable
from shared.recipes.films.speech import SpeechAudio

RATE_HZ = 16_000


def speech_of(*durations_s: float) -> SpeechAudio:
    """Returns sound and silence in turn, beginning with sound."""
    samples = array("h")
    for number, duration_s in enumerate(durations_s):
        level = 0 if number % 2 else 9000
        samples.extend([level, -level] * round(duration_s * RATE_HZ / 2))
    return SpeechAudio(samples.tobytes(), RATE_HZ)


def test_pauses_are_found_where_the_speech_goes_on() -> None:
    durations_s = (0.5, 0.2, 0.3, 0.05, 0.4, 0.08, 0.3, 0.5)
    ends = [round(end * RATE_HZ) for end in accumulate(durations_s)]
    # 0.05 s is too short for a pause, and after the last sound nothing goes on.
    assert find_pauses(speech_of(*durations_s)) == [ends[1], ends[5]]


def test_silence_has_no_pauses() -> None:
    assert find_pauses(SpeechAudio(bytes(2 * RATE_HZ), RATE_HZ)) == []
    assert find_pauses(SpeechAudio(b"", RATE_HZ)) == []


def test_pauses_are_counted_from_the_start_of_the_slide() -> None:
    spoken = speech_of(0.5, 0.2, 0.3)
    _, times = concatenate_speech([(Sentence("One, two."), spoken), (Sentence("A, b."), spoken)])
    first, second = times
    assert first.resumes == (round(0.7 * RATE_HZ),)
    assert second.resumes == (second.start + round(0.7 * RATE_HZ),)


@pytest.mark.parametrize(
    ("text", "pause_s"),
    [
        ("It rains. So", SENTENCE_PAUSE_S),
        ("Why is that? So", QUESTION_PAUSE_S),
        ("He asked: „Why?“ So", QUESTION_PAUSE_S),
        ("Look at that! 🎉 So", QUESTION_PAUSE_S),
        ("It rains.\nSo", PARAGRAPH_PAUSE_S),
        ("It rains (a lot.)\nSo", PARAGRAPH_PAUSE_S),
        ("Three things are needed:\nSo", COLON_PAUSE_S),
        ("植物需要：\n水", COLON_PAUSE_S),
        ("植物用光。水", SENTENCE_PAUSE_S),
        ("water from the soil\nSo", ITEM_PAUSE_S),
        ("light;\nSo", ITEM_PAUSE_S),
        ("7\N{COMBINING ENCLOSING KEYCAP}\nSo", ITEM_PAUSE_S),
        # Thai writes no marks at the ends of sentences.
        ("พืชสร้างอาหารจากแสงแดดและน้ำที่รากดูดขึ้นมาจากดินทุกวันตลอดทั้งปี\nSo", PARAGRAPH_PAUSE_S),
        ("a word " * 200 + "So", CLAUSE_PAUSE_S),
        ("هل تنام؟ So", QUESTION_PAUSE_S),
    ],
)
def test_pause_depends_on_how_a_sentence_ends(text: str, pause_s: float) -> None:
    assert select_pause(split_sentences(text)[0]) == pause_s


def test_greek_question_mark_is_a_semicolon() -> None:
    first, _ = split_sentences("Γιατί; Έτσι.", "el")
    assert select_pause(first) == QUESTION_PAUSE_S


@pytest.mark.parametrize(("speed", "factor"), [(1.0, 1.0), (2.0, 0.5), (0.8, 1.25), (0.25, 2.0)])
def test_pauses_follow_the_speed_of_the_voice(speed: float, factor: float) -> None:
    spoken = speech_of(0.5)
    sentences = [(Sentence("One."), spoken), (Sentence("Two."), spoken)]
    _, (first, second) = concatenate_speech(sentences, speed)
    assert second.start - first.end == round(factor * SENTENCE_PAUSE_S * RATE_HZ)


def test_differing_sampling_rates_are_rejected() -> None:
    sentences = [
        (Sentence("a"), SpeechAudio(bytes(20), 22050)),
        (Sentence("b"), SpeechAudio(bytes(20), 24000)),
    ]
    with pytest.raises(VoiceUnavailable):
        concatenate_speech(sentences)


def test_trim_silence_keeps_a_margin() -> None:
    silence, sound = [0] * 12000, [3000] * 2400
    spoken = SpeechAudio(array("h", silence + sound + silence).tobytes(), 24000)
    assert trim_silence(spoken).samples == 2400 + round(0.03 * 24000) + round(0.08 * 24000)
    nothing = SpeechAudio(bytes(200), 24000)
    assert trim_silence(nothing) == nothing
