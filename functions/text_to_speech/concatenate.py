"""Sentences become a slide's speech: what is silent is cut off, pauses are put between."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass

from functions.text_to_speech.sentences import Sentence
from shared.errors import VoiceUnavailable
from shared.recipes.films.speech import SpeechAudio

SENTENCE_PAUSE_S = 0.3
PARAGRAPH_PAUSE_S = 0.6
SILENCE_AMPLITUDE = 100
"""Of 32,768: about 50 dB below full scale."""
KEEP_BEFORE_S, KEEP_AFTER_S = 0.03, 0.08
"""What is left of the silence around a sentence, so that no sound is cut off."""


@dataclass(frozen=True, slots=True)
class TimedSentence:
    """When a sentence is heard, in samples from the slide's first one; `end` is exclusive."""

    text: str
    start: int
    end: int


def concatenate_speech(
    sentences: Iterable[tuple[Sentence, SpeechAudio]],
) -> tuple[SpeechAudio, tuple[TimedSentence, ...]]:
    """One slide's speech, and when each sentence is heard. Without sentences it has no samples.

    Raises VoiceUnavailable when the sentences come at different rates.
    """
    pcm = bytearray()
    times: list[TimedSentence] = []
    rate_hz, pause = 0, b""
    for sentence, spoken in sentences:
        if rate_hz and spoken.rate_hz != rate_hz:
            raise VoiceUnavailable("The voice changed its sampling rate between two sentences.")
        rate_hz = spoken.rate_hz
        pcm += pause
        start = len(pcm) // 2
        pcm += trim_silence(spoken).pcm
        times.append(TimedSentence(sentence.text, start, len(pcm) // 2))
        pause_s = PARAGRAPH_PAUSE_S if sentence.ends_paragraph else SENTENCE_PAUSE_S
        pause = bytes(2 * round(pause_s * rate_hz))
    return SpeechAudio(bytes(pcm), rate_hz), tuple(times)


def trim_silence(speech: SpeechAudio) -> SpeechAudio:
    """Without the silence at both ends, but for a moment that is kept."""
    samples = array("h", speech.pcm)
    first = next((n for n, one in enumerate(samples) if abs(one) > SILENCE_AMPLITUDE), None)
    if first is None:
        return speech
    behind = next(n for n, one in enumerate(reversed(samples)) if abs(one) > SILENCE_AMPLITUDE)
    start = max(0, first - round(KEEP_BEFORE_S * speech.rate_hz))
    end = min(len(samples), len(samples) - behind + round(KEEP_AFTER_S * speech.rate_hz))
    return SpeechAudio(speech.pcm[2 * start : 2 * end], speech.rate_hz)
