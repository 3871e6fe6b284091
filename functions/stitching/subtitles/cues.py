"""Subtitles from timed sentences: at most two lines of 42 columns, as WebVTT and SubRip. Pure.

Broadcasters and streaming services require 42 columns and two lines. A wide character (Chinese,
Japanese, Korean) takes two columns.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from functions.stitching.film.timeline import RATE_HZ, TimedSentence
from shared.typography.graphemes import is_emoji, split_graphemes

MAX_COLUMNS = 42
MAX_LINES = 2
_MIN_CUE_MS = 800
_NEVER_FIRST = "、。，．！？；：）」』】》〉!?,.:;)]}…»”’%"
"""Characters with which a line of a script without spaces must not begin."""


@dataclass(frozen=True, slots=True)
class Cue:
    """A subtitle, shown from `start_ms` to `end_ms`. No line is empty."""

    start_ms: int
    end_ms: int
    lines: tuple[str, ...]


def build_cues(sentences: Sequence[TimedSentence]) -> tuple[Cue, ...]:
    """Returns the cues of all sentences. They do not overlap. A sentence of more than two lines
    becomes several cues, which share its time by their length."""
    cues: list[Cue] = []
    for sentence in sentences:
        blocks = _group_lines(wrap_text(sentence.text))
        # Combining marks have no width, but take time when they are spoken.
        weights = [max(1, sum(count_columns(line) for line in block)) for block in blocks]
        start, length, before = sentence.start, sentence.end - sentence.start, 0
        for block, weight in zip(blocks, weights, strict=True):
            begin = start + length * before // sum(weights)
            before += weight
            end = start + length * before // sum(weights)
            cues.append(Cue(_to_ms(begin), _to_ms(end), block))
    return tuple(
        _extend(cue, cues[n + 1].start_ms if n + 1 < len(cues) else None)
        for n, cue in enumerate(cues)
        if cue.lines
    )


def build_chapter_cues(rows: Iterable[tuple[Fraction, Fraction, str]]) -> tuple[Cue, ...]:
    """Returns (start and end in seconds, title) as cues of a chapters track (W3C WebVTT, §4.4)."""
    return tuple(
        Cue(round(start * 1000), round(end * 1000), (title,)) for start, end, title in rows
    )


def wrap_text(text: str) -> list[str]:
    """Breaks a text into lines of at most MAX_COLUMNS. Two lines have about the same width."""
    pieces = [piece for word in text.split() for piece in _split_word(word)]
    lines = _fill_lines(pieces, MAX_COLUMNS)
    if len(lines) == MAX_LINES:
        # The smallest width that gives two lines balances them.
        for width in range(count_columns(text) // 2, MAX_COLUMNS):
            balanced = _fill_lines(pieces, width)
            if len(balanced) == MAX_LINES and max(map(count_columns, balanced)) <= MAX_COLUMNS:
                return balanced
    return lines


def to_vtt(rows: Iterable[Cue]) -> str:
    """Returns WebVTT (W3C). `&`, `<` and `>` are escaped, so that text cannot be markup."""
    parts = ["WEBVTT\n"]
    for cue in rows:
        text = "\n".join(cue.lines)
        for plain, escaped in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
            text = text.replace(plain, escaped)
        parts.append(
            f"{_format_time(cue.start_ms, '.')} --> {_format_time(cue.end_ms, '.')}\n{text}\n"
        )
    return "\n".join(parts)


def to_srt(rows: Iterable[Cue]) -> str:
    """Returns SubRip. It has no escaping, so `-->` in a text is replaced."""
    parts = []
    for number, cue in enumerate(rows, 1):
        text = "\n".join(cue.lines).replace("-->", "→")
        start, end = _format_time(cue.start_ms, ","), _format_time(cue.end_ms, ",")
        parts.append(f"{number}\n{start} --> {end}\n{text}\n")
    return "\n".join(parts)


def count_columns(text: str) -> int:
    """Returns the columns of a text: combining marks take none, wide characters and emoji two."""
    return sum(
        2 if is_emoji(grapheme) else sum(map(_columns, grapheme))
        for grapheme in split_graphemes(text)
    )


def _columns(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


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


def _fill_lines(pieces: Sequence[str], columns: int) -> list[str]:
    lines: list[str] = []
    for piece in pieces:
        if lines and count_columns(lines[-1] + piece) <= columns:
            lines[-1] += piece
        else:
            lines.append(piece.lstrip(" "))
    return lines


def _group_lines(lines: Sequence[str]) -> list[tuple[str, ...]]:
    """Groups the lines into as few cues as possible, with evenly distributed lines."""
    count = -(-len(lines) // MAX_LINES)
    sizes = [len(lines) // count + (n < len(lines) % count) for n in range(count)] if count else []
    blocks, at = [], 0
    for size in sizes:
        blocks.append(tuple(lines[at : at + size]))
        at += size
    return blocks


def _extend(cue: Cue, next_ms: int | None) -> Cue:
    """Extends a cue to a readable duration, but not into the next cue."""
    end_ms = max(cue.end_ms, cue.start_ms + _MIN_CUE_MS)
    if next_ms is not None:
        end_ms = min(end_ms, next_ms)
    return Cue(cue.start_ms, max(end_ms, cue.start_ms + 1), cue.lines)


def _to_ms(sample: int) -> int:
    return round(sample * 1000 / RATE_HZ)


def _format_time(ms: int, separator: str) -> str:
    seconds, ms = divmod(ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}{separator}{ms:03d}"
