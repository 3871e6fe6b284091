"""Sentences become a slide's speech: what is silent is cut off, pauses are put between."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass

from functions.text_to_speech.sentences import Sentence
from shared.errors import VoiceUnavailable
from shared.recipes.films.speech import Spoken

SENTENCE_PAUSE_S = 0.3
PARAGRAPH_PAUSE_S = 0.6
SILENCE = 100
"""Of 32,768: about 50 dB below full scale."""
KEEP_BEFORE_S, KEEP_AFTER_S = 0.03, 0.08
"""What is left of the silence around a sentence, so that no sound is cut off."""


@dataclass(frozen=True, slots=True)
class Timed:
    """When a sentence is heard, in samples from the slide's first one; `end` is exclusive."""

    text: str
    start: int
    end: int


def joined(sentences: Iterable[tuple[Sentence, Spoken]]) -> tuple[Spoken, tuple[Timed, ...]]:
    """One slide's speech, and when each sentence is heard. Without sentences it has no samples.

    Raises VoiceUnavailable when the sentences come at different rates.
    """
    pcm = bytearray()
    times: list[Timed] = []
    rate_hz, pause = 0, b""
    for sentence, spoken in sentences:
        if rate_hz and spoken.rate_hz != rate_hz:
            raise VoiceUnavailable("The voice changed its sampling rate between two sentences.")
        rate_hz = spoken.rate_hz
        pcm += pause
        start = len(pcm) // 2
        pcm += trimmed(spoken).pcm
        times.append(Timed(sentence.text, start, len(pcm) // 2))
        pause_s = PARAGRAPH_PAUSE_S if sentence.ends_paragraph else SENTENCE_PAUSE_S
        pause = bytes(2 * round(pause_s * rate_hz))
    return Spoken(bytes(pcm), rate_hz), tuple(times)


def trimmed(spoken: Spoken) -> Spoken:
    """Without the silence at both ends, but for a moment that is kept."""
    samples = array("h", spoken.pcm)
    first = next((n for n, one in enumerate(samples) if abs(one) > SILENCE), None)
    if first is None:
        return spoken
    behind = next(n for n, one in enumerate(reversed(samples)) if abs(one) > SILENCE)
    start = max(0, first - round(KEEP_BEFORE_S * spoken.rate_hz))
    end = min(len(samples), len(samples) - behind + round(KEEP_AFTER_S * spoken.rate_hz))
    return Spoken(spoken.pcm[2 * start : 2 * end], spoken.rate_hz)
