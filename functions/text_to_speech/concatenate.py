"""Concatenates sentences to the speech of a slide: trims silence and inserts pauses."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass

from functions.text_to_speech.sentences import (
    COLONS,
    QUESTION_MARKS,
    Sentence,
    find_end_mark,
)
from shared.ports.models import VoiceUnavailable
from shared.recipes.films.speech import SpeechAudio

SENTENCE_PAUSE_S = 0.45
QUESTION_PAUSE_S = 0.6
"""Also after an exclamation."""
COLON_PAUSE_S = 0.35
CLAUSE_PAUSE_S = 0.15
"""In a sentence that is too long for one request."""
ITEM_PAUSE_S = 0.4
"""After a short line without a mark at its end: an item of a list."""
MAX_ITEM_CHARS = 60
PARAGRAPH_PAUSE_S = 0.8
"""Pauses at speed 1, in addition to what is kept of the silence around sentences. Heard with the
local neural voice (silence below -30 dB): 0.60 s after a sentence, 0.75 s after a question, 0.47 s
after a colon, 0.53 s after an item, 0.94 s after a paragraph; 0.25 to 0.35 s at its own commas."""
MAX_PAUSE_FACTOR = 2.0
"""Very slow speech has no longer pauses than this."""
SILENCE_AMPLITUDE = 100
"""Of 32,768: about 50 dB below full scale."""
BLOCK_S = 0.01
"""Length of the blocks in which pauses are measured."""
MIN_PAUSE_S = 0.08
"""The closure of a stop consonant is shorter."""
PAUSE_LEVEL = 0.03
"""Of the sentence's peak, about -30 dB."""
KEEP_BEFORE_S, KEEP_AFTER_S = 0.03, 0.08
"""The silence kept around a sentence, so that no sound is cut off."""


@dataclass(frozen=True, slots=True)
class TimedSentence:
    """The position of a sentence in samples from the start of the slide; `end` is exclusive.
    `resumes` are the ends of the pauses in it."""

    text: str
    start: int
    end: int
    resumes: tuple[int, ...]


def concatenate_speech(
    sentences: Iterable[tuple[Sentence, SpeechAudio]], speed: float = 1.0
) -> tuple[SpeechAudio, tuple[TimedSentence, ...]]:
    """Returns the speech of a slide and the position of each sentence. Without sentences, it has no
    samples.

    Args:
        speed: The speed of the voice. It scales the pauses, as the voice scales its own.

    Raises VoiceUnavailable if the sampling rates of the sentences differ.
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
        trimmed = trim_silence(spoken)
        pcm += trimmed.pcm
        resumes = tuple(start + sample for sample in find_pauses(trimmed))
        times.append(TimedSentence(sentence.text, start, len(pcm) // 2, resumes))
        pause_s = select_pause(sentence) * min(MAX_PAUSE_FACTOR, 1 / speed)
        pause = bytes(2 * round(pause_s * rate_hz))
    return SpeechAudio(bytes(pcm), rate_hz), tuple(times)


def select_pause(sentence: Sentence) -> float:
    """Returns the pause after a sentence, in seconds at speed 1."""
    mark = find_end_mark(sentence.text)
    if mark and mark in COLONS:
        return COLON_PAUSE_S
    if not mark and not sentence.ends_paragraph:
        return CLAUSE_PAUSE_S
    if not mark and len(sentence.text) <= MAX_ITEM_CHARS:
        return ITEM_PAUSE_S
    if sentence.ends_paragraph:
        return PARAGRAPH_PAUSE_S
    return QUESTION_PAUSE_S if mark in QUESTION_MARKS else SENTENCE_PAUSE_S


def find_pauses(speech: SpeechAudio) -> list[int]:
    """Returns the samples at which the speech goes on after a pause of at least MIN_PAUSE_S."""
    samples = array("h", speech.pcm)
    size = round(BLOCK_S * speech.rate_hz)
    peaks = [max(map(abs, samples[start : start + size])) for start in range(0, len(samples), size)]
    limit = max(peaks, default=0) * PAUSE_LEVEL
    needed = round(MIN_PAUSE_S / BLOCK_S)
    resumes, silent, has_spoken = [], 0, False
    for number, peak in enumerate(peaks):
        if peak < limit:
            silent += 1
            continue
        if has_spoken and silent >= needed:
            resumes.append(number * size)
        silent, has_spoken = 0, True
    return resumes


def trim_silence(speech: SpeechAudio) -> SpeechAudio:
    """Returns the speech without the silence at its ends, except KEEP_BEFORE_S and KEEP_AFTER_S."""
    samples = array("h", speech.pcm)
    first = next((n for n, sample in enumerate(samples) if abs(sample) > SILENCE_AMPLITUDE), None)
    if first is None:
        return speech
    trailing = next(
        n for n, sample in enumerate(reversed(samples)) if abs(sample) > SILENCE_AMPLITUDE
    )
    start = max(0, first - round(KEEP_BEFORE_S * speech.rate_hz))
    end = min(len(samples), len(samples) - trailing + round(KEEP_AFTER_S * speech.rate_hz))
    return SpeechAudio(speech.pcm[2 * start : 2 * end], speech.rate_hz)
