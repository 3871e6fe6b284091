"""Split a text into sentences that can be spoken one by one, in any script.

A sentence is what subtitles are timed by, and what the narration cache keeps. Every rule here
prefers one sentence too few to one cut in the wrong place: a wrong cut is heard.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

MAX_SENTENCE_BYTES = 900
"""The service takes 5,000 bytes in a request, but newer voices refuse long single sentences."""

_STRONG = "!?…‽！？。｡؟۔।॥։።፧၊။។៕᙮᠃᠉"
"""Marks that end a sentence by themselves, besides the full stop."""
_NEEDS_NO_SPACE = "。！？｡"
_FULL_STOPS = ".．"
_CLOSING = "\"'”’»›」』）】》〉)]}"
_CLAUSES = ",;:—–、，；：،؛·"
_GREEK_QUESTION = ";"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Behind these a full stop ends no sentence: a name, a word or a number comes after it.
_TITLES = _words(
    "mr mrs ms dr prof st sr sra jr rev gen col lt sgt capt gov sen rep hon mme mlle mgr "
    "hr hrn frl dipl ing dott sig sigra dña vs eg ie cf ca approx bzw zb bspw ggf inkl exkl evtl "
    "vgl env ej т е г д гр им см"
)
_BEFORE_A_NUMBER = _words(
    "no nos nr núm p pp pag pág fig figs abb рис стр vol ed ch sec art bd "
    "jan feb mar apr jun jul aug sep sept oct okt nov dec dez"
)
_PERHAPS_AN_END = _words("etc usw ecc др пр inc ltd co corp dept al")
# Where a number with a full stop is an ordinal: "am 3. Oktober".
_ORDINALS = _words("de cs sk da nb nn no fi et hu hr sr bs sl is lv tr pl")
_BREAK = re.compile(r"\s*\n\s*")


@dataclass(frozen=True, slots=True)
class Sentence:
    """`text` as it is spoken and shown. `ends_paragraph`: a longer pause follows."""

    text: str
    ends_paragraph: bool = False


def split_sentences(
    text: str, language: str = "en", max_bytes: int = MAX_SENTENCE_BYTES
) -> list[Sentence]:
    """The sentences of `text`, none longer than `most_bytes` in UTF-8; [] when nothing in it can
    be spoken. Joined again they have all the characters of `text` but white space."""
    base = language.split("-")[0].lower()
    found: list[Sentence] = []
    for paragraph in _BREAK.split(text.strip()):
        pieces = [
            piece
            for sentence in _with_words(list(_sentences(" ".join(paragraph.split()), base)))
            for piece in _fitting(sentence, max_bytes)
        ]
        found += [Sentence(piece, n == len(pieces) - 1) for n, piece in enumerate(pieces)]
    return found


def _sentences(text: str, language: str) -> Iterator[str]:
    start = at = 0
    while at < len(text):
        end = _end_at(text, at, start, language)
        if end is None:
            at += 1
            continue
        yield text[start:end].strip()
        start = at = end
    if text[start:].strip():
        yield text[start:].strip()


def _end_at(text: str, at: int, start: int, language: str) -> int | None:
    """Behind the sentence whose mark stands at `at`; None when none ends there."""
    mark = text[at]
    greek = language == "el" and mark == _GREEK_QUESTION
    if mark not in _STRONG and mark not in _FULL_STOPS and not greek:
        return None
    end = at + 1
    while end < len(text) and (text[end] in _STRONG + _FULL_STOPS + _CLOSING):
        end += 1
    marks = text[at:end]
    if text.count("«", start, end) > text.count("»", start, end):
        behind = len(text[end:]) - len(text[end:].lstrip())
        if text[end + behind : end + behind + 1] == "»":
            end += behind + 1  # French puts a space before it
    if end == len(text):
        return end
    if any(one in _NEEDS_NO_SPACE for one in marks):
        return end
    if not text[end].isspace():
        return None
    following = text[end:].lstrip().lstrip("\"'“‘«‹¿¡([{")
    if following[:1].islower():
        return None
    if set(marks) <= set(_FULL_STOPS) and len(marks) == 1:
        word = text[start:at].rsplit(maxsplit=1)[-1:] or [""]
        if _goes_on(word[0].lstrip("\"'“‘«(["), following, language):
            return None
    return end


def _goes_on(word: str, following: str, language: str) -> bool:
    """Whether the full stop behind `word` belongs to the word alone."""
    plain = word.lower()
    if plain in _TITLES:
        return True
    if plain in _BEFORE_A_NUMBER:
        return following[:1].isdigit()
    if plain in _PERHAPS_AN_END:
        return not following[:1].isupper()
    if len(word) == 1 and word.isupper() and word.isalpha() and word != "I":
        return True  # an initial
    if "." in word and all(len(part) <= 2 for part in word.split(".")):
        # U.S., e.g. and z.B. go on, a.m. may end: German nouns have capitals anywhere.
        return word.isupper() or language == "de" or not following[:1].isupper()
    return word.isdigit() and len(word) <= 2 and language in _ORDINALS


def _with_words(sentences: list[str]) -> list[str]:
    """Marks or emoji alone cannot be spoken: they join the sentence before, or the next one."""
    joined: list[str] = []
    waiting = ""
    for sentence in sentences:
        if any(one.isalnum() for one in sentence):
            joined.append(f"{waiting} {sentence}".strip())
            waiting = ""
        elif joined:
            joined[-1] = f"{joined[-1]} {sentence}"
        else:
            waiting = f"{waiting} {sentence}".strip()
    return joined


def _fitting(sentence: str, most_bytes: int) -> list[str]:
    """The sentence in pieces that fit: cut behind clauses, else at spaces, else anywhere."""
    if _size(sentence) <= most_bytes:
        return [sentence]
    for pattern in (rf"(?<=[{re.escape(_CLAUSES)}])\s+|(?<=[、，；：])", r"\s+"):
        parts = [part for part in re.split(pattern, sentence) if part]
        if len(parts) > 1:
            return [
                piece
                for packed in _packed(parts, sentence, most_bytes)
                for piece in _fitting(packed, most_bytes)
            ]
    return _chopped(sentence, most_bytes)


def _packed(parts: list[str], whole: str, most_bytes: int) -> list[str]:
    """Neighbouring parts together as long as they fit, with what stood between them in `whole`."""
    packed: list[str] = []
    at = 0
    for part in parts:
        begin = whole.index(part, at)
        between = whole[at:begin]
        at = begin + len(part)
        if packed and _size(packed[-1] + between + part) <= most_bytes:
            packed[-1] += between + part
        else:
            packed.append(part)
    return packed


def _chopped(text: str, most_bytes: int) -> list[str]:
    """Pieces of a text without spaces; what belongs to one written character stays together."""
    pieces, piece, size = [], "", 0
    for cluster in _clusters(text):
        if piece and size + _size(cluster) > most_bytes:
            pieces.append(piece)
            piece, size = "", 0
        piece += cluster
        size += _size(cluster)
    return [*pieces, piece]


def _clusters(text: str) -> Iterator[str]:
    """Characters with the marks that belong to them, at most 16 of them together."""
    cluster = ""
    for one in text:
        joins = one in "\u200d\ufe0f" or unicodedata.category(one).startswith("M")
        whole = not joins and not cluster.endswith("\u200d")
        if cluster and (whole or len(cluster) >= 16):
            yield cluster
            cluster = ""
        cluster += one
    if cluster:
        yield cluster


def _size(text: str) -> int:
    return len(text.encode())
