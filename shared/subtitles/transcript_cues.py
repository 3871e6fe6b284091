"""Cues of a transcript: its segments as subtitles, and its words as one text. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from shared.recipes.captions.transcript import Segment, Transcript
from shared.subtitles.cues import Cue, build_cues
from shared.subtitles.timed_sentence import RATE_HZ, TimedSentence

SENTENCE_MARKS = ".!?…。！？؟।"
CLOSING = "\"'”’»›」』）】》〉)]}"
_CLOSING_MARKS = f"{SENTENCE_MARKS}{CLOSING}%,;:"
_SCRIPTS_WITHOUT_SPACES = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR")


def build_transcript_cues(transcript: Transcript) -> tuple[Cue, ...]:
    """Returns the captions of a transcript."""
    return build_cues([to_sentence(segment) for segment in transcript.segments])


def to_sentence(segment: Segment) -> TimedSentence:
    """Returns a segment as a sentence of subtitles."""
    places = _places([word.text for word in segment.words])
    starts = (_to_samples(word.start_s) for word in segment.words)
    start = _to_samples(segment.start_s)
    return TimedSentence(
        segment.text,
        start,
        max(start + 1, _to_samples(segment.end_s)),
        words=tuple(zip(places, starts, strict=True)),
    )


def join_texts(texts: Sequence[str]) -> str:
    """Returns words or sentences as one text, with spaces where their script has them."""
    parts: list[str] = []
    for number, text in enumerate(texts):
        parts += [" ", text] if number and _has_space(texts[number - 1], text) else [text]
    return "".join(parts)


def _places(texts: Sequence[str]) -> list[int]:
    """Returns the place of each word in the text that `join_texts` returns."""
    places, at = [], 0
    for number, text in enumerate(texts):
        at += bool(number) and _has_space(texts[number - 1], text)
        places.append(at)
        at += len(text)
    return places


def _has_space(text: str, following: str) -> bool:
    if all(character in _CLOSING_MARKS for character in following):
        return False  # models return some marks as words: 12 %
    return not (_is_packed(text[-1:]) and _is_packed(following[:1]))


def _is_packed(character: str) -> bool:
    """Whether a character belongs to a script without spaces, or is one of its wide marks."""
    name = unicodedata.name(character, "") if character else ""
    return name.startswith((*_SCRIPTS_WITHOUT_SPACES, "IDEOGRAPHIC", "FULLWIDTH"))


def _to_samples(seconds: float) -> int:
    return round(seconds * RATE_HZ)
