"""Divides words into segments: sentences, or what is said between two pauses. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from functions.speech_recognition.ranges import MAX_REQUEST_S
from functions.speech_recognition.words import SpokenWord
from shared.recipes.captions.transcript import Segment, Word
from shared.subtitles.transcript_cues import CLOSING, SENTENCE_MARKS, join_texts

_PAUSE_S = 1.2
"""A longer pause ends a segment, even within a sentence."""
_PARAGRAPH_PAUSE_S = 2.0


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


def describe_languages(words: Iterable[SpokenWord]) -> tuple[str, ...]:
    """Returns a warning if words of several languages were recognized; regions do not differ."""
    counts = Counter(word.language.split("-")[0] for word in words if word.language)
    if len(counts) < 2:
        return ()
    listing = ", ".join(
        f"{language} ({count} word{'s' if count > 1 else ''})"
        for language, count in counts.most_common()
    )
    return (
        f"More than one language was recognized: {listing}. Each passage of up to "
        f"{MAX_REQUEST_S} s is recognized in one; choose a language if only one is spoken.",
    )


def find_main_language(words: Iterable[SpokenWord]) -> str:
    """Returns the language of most words; "" without words."""
    counts = Counter(word.language for word in words if word.language)
    return counts.most_common(1)[0][0] if counts else ""


def _ends_segment(word: SpokenWord, following: SpokenWord) -> bool:
    if following.start_s - word.end_s > _PAUSE_S:
        return True
    if word.speaker != following.speaker or word.language != following.language:
        return True
    mark = word.text.rstrip(CLOSING)[-1:]
    if not mark or mark not in SENTENCE_MARKS:
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
