"""Splits text of any script into sentences that are spoken one by one.

A sentence is the unit of subtitle timing and of the speech cache. A wrong split is audible, so in
doubt the rules do not split.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

MAX_SENTENCE_BYTES = 900
"""Text-to-Speech takes 5,000 bytes per request, but newer voices reject long single sentences."""

_TERMINATORS = "!?…‽！？。｡؟۔।॥։።፧၊။។៕᙮᠃᠉"
"""Marks other than the full stop that always end a sentence."""
_NEEDS_NO_SPACE = "。！？｡"
_FULL_STOPS = ".．"
_OPENED_BY = {"“": "„", "‘": "‚", "«": "»"}
_CLOSING = "\"'”’»›」』）】》〉)]}"
QUESTION_MARKS = "?!‽？！؟"
"""Marks of questions and exclamations."""
COLONS = ":：՝"
_CLAUSES = ",;:—–、，；：،؛·"
_GREEK_QUESTION = ";"
_JOINERS = "\u200d\ufe0f\u20e3"
"""Parts of emoji: the joiner, the selector of a picture, and the frame of a key."""
_GREEK = re.compile("[Ͱ-Ͽἀ-῿]")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Abbreviations whose full stop does not end a sentence: a name, word or number follows.
_TITLES = _words(
    "mr mrs ms dr prof st sr sra jr rev gen col lt sgt capt gov sen rep hon mme mlle mgr "
    "hr hrn frl dipl ing dott sig sigra dña vs eg ie cf ca approx bzw zb bspw ggf inkl exkl evtl "
    "vgl env ej т е г д гр им см"
)
_BEFORE_A_NUMBER = _words(
    "no nos nr núm p pp pag pág fig figs abb рис стр vol ed ch sec art bd "
    "jan feb mar apr jun jul aug sep sept oct okt nov dec dez"
)
_MAY_END_SENTENCE = _words("etc usw ecc др пр inc ltd co corp dept al")
# Languages in which a number with a full stop is an ordinal: "am 3. Oktober".
_ORDINAL_LANGUAGES = _words("de cs sk da nb nn no fi et hu hr sr bs sl is lv tr pl")
_BREAK = re.compile(r"\s*\n\s*")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence as spoken and shown in subtitles. A longer pause follows if `ends_paragraph`."""

    text: str
    ends_paragraph: bool = False


def find_end_mark(text: str) -> str:
    """Returns the mark that ends a sentence, before quotes, brackets and emoji; a question mark for
    the Greek one, and "" for a text that ends with a letter or another mark of a clause."""
    for character in reversed(text):
        if character in _TERMINATORS + _FULL_STOPS + COLONS:
            return character
        if character == _GREEK_QUESTION and _GREEK.search(text):
            return "?"
        if unicodedata.category(character)[0] in "LMN" and character not in _JOINERS:
            return ""
    return ""


def split_sentences(
    text: str, language: str = "en", max_bytes: int = MAX_SENTENCE_BYTES
) -> list[Sentence]:
    """Returns the sentences of `text`, each at most `max_bytes` long in UTF-8.

    The list is empty if nothing in the text can be spoken. Together the sentences contain all
    characters of `text` except white space.
    """
    base = language.split("-")[0].lower()
    sentences: list[Sentence] = []
    for paragraph in _BREAK.split(text.strip()):
        segments = [
            segment
            for sentence in _merge_wordless(
                list(_split_at_marks(" ".join(paragraph.split()), base))
            )
            for segment in _split_to_fit(sentence, max_bytes)
        ]
        sentences += [Sentence(text, n == len(segments) - 1) for n, text in enumerate(segments)]
    return sentences


def _split_at_marks(text: str, language: str) -> Iterator[str]:
    start = at = 0
    while at < len(text):
        end = _sentence_end(text, at, start, language)
        if end is None:
            at += 1
            continue
        yield text[start:end].strip()
        start = at = end
    if text[start:].strip():
        yield text[start:].strip()


def _sentence_end(text: str, at: int, start: int, language: str) -> int | None:
    """The end of the sentence whose mark is at `at`, exclusive; None if no sentence ends there."""
    mark = text[at]
    is_greek_question = language == "el" and mark == _GREEK_QUESTION
    if mark not in _TERMINATORS and mark not in _FULL_STOPS and not is_greek_question:
        return None
    end = at + 1
    while end < len(text) and (
        text[end] in _TERMINATORS + _FULL_STOPS + _CLOSING or _closes(text, start, end)
    ):
        end += 1
    marks = text[at:end]
    if text.count("«", start, end) > text.count("»", start, end):
        space = len(text[end:]) - len(text[end:].lstrip())
        if text[end + space : end + space + 1] == "»":
            end += space + 1  # French puts a space before the closing quote
    if end == len(text):
        return end
    if any(mark in _NEEDS_NO_SPACE for mark in marks):
        return end
    if not text[end].isspace():
        return None
    following = text[end:].lstrip().lstrip("\"'“‘«‹¿¡([{")
    if following[:1].islower():
        return None
    if set(marks) <= set(_FULL_STOPS) and len(marks) == 1:
        word = text[start:at].rsplit(maxsplit=1)[-1:] or [""]
        if _is_abbreviation(word[0].lstrip("\"'“‘«(["), following, language):
            return None
    return end


def _closes(text: str, start: int, at: int) -> bool:
    """Whether a mark that opens a quote elsewhere closes one here, as in „German“ and »Danish«."""
    openers = _OPENED_BY.get(text[at], "")
    opened = sum(text.count(opener, start, at) for opener in openers)
    return opened > text.count(text[at], start, at)


def _is_abbreviation(word: str, following: str, language: str) -> bool:
    """Whether the full stop after `word` belongs to the word and ends no sentence."""
    lowered = word.lower()
    if lowered in _TITLES:
        return True
    if lowered in _BEFORE_A_NUMBER:
        return following[:1].isdigit()
    if lowered in _MAY_END_SENTENCE:
        return not following[:1].isupper()
    if len(word) == 1 and word.isupper() and word.isalpha() and word != "I":
        return True  # an initial
    if "." in word and all(len(part) <= 2 for part in word.split(".")):
        # "U.S.", "e.g." and "z.B." end no sentence; "a.m." may. In German a capital proves nothing,
        # since all nouns have one.
        return word.isupper() or language == "de" or not following[:1].isupper()
    return word.isdigit() and len(word) <= 2 and language in _ORDINAL_LANGUAGES


def _merge_wordless(sentences: list[str]) -> list[str]:
    """Joins marks and emoji, which cannot be spoken alone, to the previous or next sentence."""
    joined: list[str] = []
    prefix = ""
    for sentence in sentences:
        if any(char.isalnum() for char in sentence):
            joined.append(f"{prefix} {sentence}".strip())
            prefix = ""
        elif joined:
            joined[-1] = f"{joined[-1]} {sentence}"
        else:
            prefix = f"{prefix} {sentence}".strip()
    return joined


def _split_to_fit(sentence: str, max_bytes: int) -> list[str]:
    """Splits a long sentence after clauses, else at spaces, else between characters."""
    if _size(sentence) <= max_bytes:
        return [sentence]
    for pattern in (rf"(?<=[{re.escape(_CLAUSES)}])\s+|(?<=[、，；：])", r"\s+"):
        parts = [part for part in re.split(pattern, sentence) if part]
        if len(parts) > 1:
            return [
                segment
                for packed in _pack(parts, sentence, max_bytes)
                for segment in _split_to_fit(packed, max_bytes)
            ]
    return _split_anywhere(sentence, max_bytes)


def _pack(parts: list[str], sentence: str, max_bytes: int) -> list[str]:
    """Joins neighbouring parts as long as they fit, with the separators they have in `sentence`."""
    packed: list[str] = []
    at = 0
    for part in parts:
        start = sentence.index(part, at)
        separator = sentence[at:start]
        at = start + len(part)
        if packed and _size(packed[-1] + separator + part) <= max_bytes:
            packed[-1] += separator + part
        else:
            packed.append(part)
    return packed


def _split_anywhere(text: str, max_bytes: int) -> list[str]:
    """Splits a text without spaces, but not within a grapheme cluster."""
    segments, segment, size = [], "", 0
    for cluster in _clusters(text):
        if segment and size + _size(cluster) > max_bytes:
            segments.append(segment)
            segment, size = "", 0
        segment += cluster
        size += _size(cluster)
    return [*segments, segment]


def _clusters(text: str) -> Iterator[str]:
    """Yields grapheme clusters: a character with its combining marks, at most 16 together."""
    cluster = ""
    for char in text:
        combines = char in "\u200d\ufe0f" or unicodedata.category(char).startswith("M")
        is_complete = not combines and not cluster.endswith("\u200d")
        if cluster and (is_complete or len(cluster) >= 16):
            yield cluster
            cluster = ""
        cluster += char
    if cluster:
        yield cluster


def _size(text: str) -> int:
    return len(text.encode())
