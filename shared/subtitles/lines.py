"""Breaks text into lines of subtitles, at the ends of phrases. Pure.

Broadcasters and streaming services require 42 columns and two lines. A wide character (Chinese,
Japanese, Korean) takes two columns.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from itertools import accumulate

from shared.typography.graphemes import is_emoji, split_graphemes

MAX_COLUMNS = 42
MAX_LINES = 2

AFTER_SENTENCE, AFTER_CLAUSE = 0.0, 0.5
BEFORE_PHRASE, IN_PHRASE, AFTER_FUNCTION_WORD = 2.0, 4.0, 7.0
"""The costs of a break at the end of a sentence, after a punctuation mark, before a function word,
between other words, and after a function word, a number or an abbreviation, which belong to the
following words."""
_COLUMNS_PER_COST = 11
"""A difference of so many columns between two lines costs 1, of twice as many 4."""
_SENTENCE_MARKS = ".!?…。！？؟।"
_CLAUSE_MARKS = ",;:—–、，；：،؛·"
_CLOSING = "\"'”’»›」』）】》〉)]}"
_OPENING = "「『（【《〈〔｛［“‘([{«„‚¿¡"
"""Marks with which a line must not end."""
_NEVER_FIRST = "、。，．！？；：）」』】》〉!?,.:;)]}…»”’%"
"""Characters with which a line of a script without spaces must not begin."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Articles, prepositions, conjunctions and pronouns of English, German, French, Spanish, Italian,
# Portuguese and Dutch. All words of one or two letters count as function words.
_FUNCTION_WORDS = _words(
    "the and but for nor not with from into onto over under about after before between through "
    "than that which who whose when where while because although until since its his her their "
    "our your this these those are was were has have had "
    "der die das den dem des ein eine einen einem einer und oder aber mit von vom bei nach aus auf "
    "für über unter vor zwischen durch als dass weil wenn ist sind war hat zum zur ihr sein "
    "les des une dans pour avec sur sous par entre chez mais qui que dont leur ses est sont aux "
    "los las una unos unas del con por para sin sobre pero como más sus son "
    "gli dei delle della dello degli nel nella tra fra che sono alla alle "
    "dos das uma com sem sob mais são pelo pela aos "
    "het een van met voor naar uit bij tot dat zijn"
)


# Pronouns that follow their verb in German and Dutch: "Über Nacht reift er / im Kühlschrank".
_PRONOUNS = _words("er sie es ich du wir man hij zij ze ik je jij wij")


def split_pieces(text: str) -> list[str]:
    """Returns the pieces between which a line may break: words with a space before them, and the
    characters of scripts without spaces. Marks with spaces around them, as in French, stay with
    the word that they belong to."""
    return [piece for word in _join_marks(text.split()) for piece in _split_word(word)]


def join_pieces(pieces: Sequence[str]) -> str:
    """Returns the text of pieces."""
    return "".join(pieces).lstrip(" ")


def break_cost(piece: str, next_piece: str) -> float:
    """Returns the cost of a break between two pieces of a sentence."""
    word = piece.strip()
    last = word.rstrip(_CLOSING)[-1:]
    # Within a sentence, a full stop belongs to an abbreviation or an ordinal number.
    is_abbreviated = last == "." and not word.endswith("..")
    if last and last in _SENTENCE_MARKS + _CLAUSE_MARKS and not is_abbreviated:
        return AFTER_CLAUSE
    following = next_piece.strip()[:1]
    belongs_to_next = word[-1:].isdecimal() or (is_abbreviated and not following.islower())
    begins_phrase = next_piece.startswith(" ") and _is_function_word(next_piece.strip())
    is_complete = word.lower() in _PRONOUNS and begins_phrase
    belongs_to_next |= _is_function_word(word) and not is_complete
    if next_piece.startswith(" ") and belongs_to_next:
        return AFTER_FUNCTION_WORD
    begins_phrase &= next_piece.strip().lower() not in _PRONOUNS
    return BEFORE_PHRASE if begins_phrase else IN_PHRASE


def wrap_pieces(pieces: Sequence[str]) -> list[str]:
    """Breaks pieces into lines of at most MAX_COLUMNS. Two lines break where the phrases end and
    have similar widths."""
    lines = _fill_lines(pieces)
    if len(lines) != MAX_LINES:
        return lines
    ends = list(accumulate(map(count_columns, pieces)))
    candidates = []
    for at in range(1, len(pieces)):
        first = ends[at - 1] - pieces[0].startswith(" ")
        second = ends[-1] - ends[at - 1] - pieces[at].startswith(" ")
        if max(first, second) <= MAX_COLUMNS:
            difference = ((first - second) / _COLUMNS_PER_COST) ** 2
            candidates.append((break_cost(pieces[at - 1], pieces[at]) + difference, at))
    if not candidates:
        return lines
    _, at = min(candidates)
    return [join_pieces(pieces[:at]), join_pieces(pieces[at:])]


def count_columns(text: str) -> int:
    """Returns the columns of a text: combining marks take none, wide characters and emoji two."""
    if text.isascii() and text.isprintable():
        return len(text)
    return sum(
        2 if is_emoji(grapheme) else sum(map(_columns, grapheme))
        for grapheme in split_graphemes(text)
    )


def _columns(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _is_function_word(word: str) -> bool:
    return word.isalpha() and (len(word) <= 2 or word.lower() in _FUNCTION_WORDS)


def _join_marks(words: Sequence[str]) -> list[str]:
    """Joins words of closing marks to the previous word, and words of opening marks to the next."""
    joined: list[str] = []
    for word in words:
        is_closing = all(character in _NEVER_FIRST for character in word)
        follows_opening = bool(joined) and all(
            character in _OPENING for character in joined[-1].rpartition(" ")[2]
        )
        if joined and (is_closing or follows_opening):
            joined[-1] += f" {word}"
        else:
            joined.append(word)
    return joined


def _is_packed(grapheme: str) -> bool:
    """Whether a grapheme is wide and of a script without spaces. Korean is wide and has spaces."""
    return _is_wide(grapheme) and not unicodedata.name(grapheme[0], "").startswith("HANGUL")


def _is_wide(grapheme: str) -> bool:
    return is_emoji(grapheme) or _columns(grapheme[0]) == 2


def _split_word(word: str) -> list[str]:
    """Splits a word into pieces between which a line may break. Only the first has a space."""
    graphemes = split_graphemes(word)
    if count_columns(word) <= MAX_COLUMNS and not any(map(_is_packed, graphemes)):
        return [f" {word}"]
    pieces: list[str] = []
    follows_wide = False
    for grapheme in graphemes:
        is_wide = _is_wide(grapheme)
        columns = count_columns(grapheme)
        joins_previous = bool(pieces) and (
            columns == 0
            or grapheme[0] in _NEVER_FIRST
            or pieces[-1][-1] in _OPENING
            or (
                not is_wide
                and not follows_wide
                and count_columns(pieces[-1]) + columns <= MAX_COLUMNS
            )
        )
        if joins_previous:
            pieces[-1] += grapheme
        else:
            pieces.append(grapheme)
        follows_wide = is_wide
    return [f" {pieces[0]}", *pieces[1:]]


def _fill_lines(pieces: Sequence[str]) -> list[str]:
    lines: list[str] = []
    for piece in pieces:
        if lines and count_columns(lines[-1] + piece) <= MAX_COLUMNS:
            lines[-1] += piece
        else:
            lines.append(piece.lstrip(" "))
    return lines
