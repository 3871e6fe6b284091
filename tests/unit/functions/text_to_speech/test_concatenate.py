"""Pauses within the speech of a sentence."""

from __future__ import annotations

from array import array
from itertools import accumulate

from functions.text_to_speech.concatenate import concatenate_speech, find_pauses
from functions.text_to_speech.sentences import Sentence
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
