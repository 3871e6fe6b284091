"""Divides words into segments: sentences, or what is said between two pauses. Pure."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

from functions.speech_recognition.words import SpokenWord
from shared.recipes.captions.transcript import Segment, Word
from shared.subtitles.timed_sentence import RATE_HZ, TimedSentence

_SENTENCE_MARKS = ".!?…。！？؟।"
_CLOSING = "\"'”’»›」』）】》〉)]}"
_CLOSING_MARKS = f"{_SENTENCE_MARKS}{_CLOSING}%,;:"
_PAUSE_S = 1.2
"""A longer pause ends a segment, even within a sentence."""
_PARAGRAPH_PAUSE_S = 2.0
_SCRIPTS_WITHOUT_SPACES = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR")


def divide_words(words: Sequence[SpokenWord]) -> tuple[Segment, ...]:
    """Returns the segments of all words, which are in the order of time."""
    segments: list[Segment] = []
    current: list[SpokenWord] = []
    for word in words:
        if current and _ends_segment(current[-1], word):
            segments.append(_segment(current))
            current = []
        current.append(word)
    if current:
        segments.append(_segment(current))
    return tuple(segments)


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


def to_text(segments: Sequence[Segment]) -> str:
    """Returns the transcript as plain text: a paragraph for each speaker, and after a long pause.
    The times of the words are in the other files."""
    paragraphs: list[list[str]] = []
    previous: Segment | None = None
    for segment in segments:
        if (
            previous is None
            or segment.start_s - previous.end_s >= _PARAGRAPH_PAUSE_S
            or segment.speaker != previous.speaker
        ):
            paragraphs.append([])
        paragraphs[-1].append(segment.text)
        previous = segment
    return "".join(f"{join_texts(texts)}\n\n" for texts in paragraphs).removesuffix("\n")


def find_main_language(words: Iterable[SpokenWord]) -> str:
    """Returns the language of most words; "" without words."""
    counts = Counter(word.language for word in words if word.language)
    return counts.most_common(1)[0][0] if counts else ""


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


def _ends_segment(word: SpokenWord, following: SpokenWord) -> bool:
    if following.start_s - word.end_s > _PAUSE_S:
        return True
    if word.speaker != following.speaker or word.language != following.language:
        return True
    mark = word.text.rstrip(_CLOSING)[-1:]
    if not mark or mark not in _SENTENCE_MARKS:
        return False
    # A full stop of an abbreviation or an ordinal number is followed by lower case or a number.
    first = following.text.lstrip("\"'“‘«‹([{¿¡")[:1]
    return mark != "." or not (first.islower() or (word.text[:-1].isdigit()))


def _segment(words: Sequence[SpokenWord]) -> Segment:
    return Segment(
        join_texts([word.text for word in words]),
        words[0].start_s,
        max(word.end_s for word in words),
        words[0].language,
        tuple(Word(word.text, word.start_s, word.end_s, word.confidence) for word in words),
        words[0].speaker or "",
    )


def _to_samples(seconds: float) -> int:
    return round(seconds * RATE_HZ)
