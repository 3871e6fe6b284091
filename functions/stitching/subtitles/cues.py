"""Subtitles out of measured sentences: at most two lines of 42 columns, WebVTT and SubRip. Pure.

42 columns and two lines are what broadcasters and streaming services ask for; a wide character
(Chinese, Japanese, Korean) takes two columns.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from functions.stitching.film.timeline import RATE_HZ, TimedSentence

MAX_COLUMNS = 42
MAX_LINES = 2
_SHORTEST_MS = 800
_NEVER_FIRST = "、。，．！？；：）」』】》〉!?,.:;)]}…»”’%"
"""A line of a script without spaces never begins with these."""


@dataclass(frozen=True, slots=True)
class Cue:
    """Shown from `start_ms` to `end_ms`; no line is empty."""

    start_ms: int
    end_ms: int
    lines: tuple[str, ...]


def build_cues(sentences: Sequence[TimedSentence]) -> tuple[Cue, ...]:
    """The cues of all sentences. A sentence of more than two lines becomes several cues, which
    share its time by their length. None overlaps the next one."""
    made: list[Cue] = []
    for sentence in sentences:
        blocks = _blocks(wrap_text(sentence.text))
        # Marks alone have no width, and are spoken all the same.
        weights = [max(1, sum(count_columns(line) for line in block)) for block in blocks]
        start, length, before = sentence.start, sentence.end - sentence.start, 0
        for block, weight in zip(blocks, weights, strict=True):
            begin = start + length * before // sum(weights)
            before += weight
            end = start + length * before // sum(weights)
            made.append(Cue(_ms(begin), _ms(end), block))
    return tuple(
        _stretched(cue, made[n + 1].start_ms if n + 1 < len(made) else None)
        for n, cue in enumerate(made)
        if cue.lines
    )


def build_chapter_cues(rows: Iterable[tuple[Fraction, Fraction, str]]) -> tuple[Cue, ...]:
    """(start and end in seconds, title) as the cues of a chapters track (W3C WebVTT, §4.4)."""
    return tuple(
        Cue(round(start * 1000), round(end * 1000), (title,)) for start, end, title in rows
    )


def wrap_text(text: str) -> list[str]:
    """Lines of at most COLUMNS columns; two lines are of about the same width."""
    pieces = [piece for word in text.split() for piece in _pieces(word)]
    lines = _filled(pieces, MAX_COLUMNS)
    if len(lines) == MAX_LINES:
        # The narrowest width that still gives two lines makes them equal.
        for narrower in range(count_columns(text) // 2, MAX_COLUMNS):
            even = _filled(pieces, narrower)
            if len(even) == MAX_LINES and max(map(count_columns, even)) <= MAX_COLUMNS:
                return even
    return lines


def to_vtt(rows: Iterable[Cue]) -> str:
    """WebVTT (W3C): `&`, `<` and `>` are escaped, so that a sentence cannot be markup."""
    parts = ["WEBVTT\n"]
    for cue in rows:
        text = "\n".join(cue.lines)
        for plain, escaped in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
            text = text.replace(plain, escaped)
        parts.append(f"{_clock(cue.start_ms, '.')} --> {_clock(cue.end_ms, '.')}\n{text}\n")
    return "\n".join(parts)


def to_srt(rows: Iterable[Cue]) -> str:
    """SubRip, which knows no escaping: an arrow of its own form is written otherwise."""
    parts = []
    for number, cue in enumerate(rows, 1):
        text = "\n".join(cue.lines).replace("-->", "→")
        parts.append(
            f"{number}\n{_clock(cue.start_ms, ',')} --> {_clock(cue.end_ms, ',')}\n{text}\n"
        )
    return "\n".join(parts)


def count_columns(text: str) -> int:
    """Columns that a text takes: marks that combine take none, wide characters two."""
    return sum(_columns(one) for one in text)


def _columns(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _is_packed(character: str) -> bool:
    """Whether it is wide and of a script without spaces: Korean is wide and has them."""
    return _columns(character) == 2 and not unicodedata.name(character, "").startswith("HANGUL")


def _pieces(word: str) -> list[str]:
    """A word as pieces between which a line may break; only the first begins a new word."""
    if count_columns(word) <= MAX_COLUMNS and not any(_is_packed(one) for one in word):
        return [f" {word}"]
    pieces: list[str] = []
    for one in word:
        wide = _columns(one) == 2
        glued = bool(pieces) and (
            _columns(one) == 0
            or one in _NEVER_FIRST
            or (
                not wide
                and count_columns(pieces[-1]) < MAX_COLUMNS
                and _columns(pieces[-1][-1]) != 2
            )
        )
        if glued:
            pieces[-1] += one
        else:
            pieces.append(one)
    return [f" {pieces[0]}", *pieces[1:]]


def _filled(pieces: Sequence[str], columns: int) -> list[str]:
    lines: list[str] = []
    for piece in pieces:
        if lines and count_columns(lines[-1] + piece) <= columns:
            lines[-1] += piece
        else:
            lines.append(piece.lstrip(" "))
    return lines


def _blocks(lines: Sequence[str]) -> list[tuple[str, ...]]:
    """The lines in cues: as few as hold them, and no cue with one line among others with two."""
    count = -(-len(lines) // MAX_LINES)
    sizes = [len(lines) // count + (n < len(lines) % count) for n in range(count)] if count else []
    blocks, at = [], 0
    for size in sizes:
        blocks.append(tuple(lines[at : at + size]))
        at += size
    return blocks


def _stretched(cue: Cue, following_ms: int | None) -> Cue:
    """Long enough to be read, but never into the next cue."""
    end_ms = max(cue.end_ms, cue.start_ms + _SHORTEST_MS)
    if following_ms is not None:
        end_ms = min(end_ms, following_ms)
    return Cue(cue.start_ms, max(end_ms, cue.start_ms + 1), cue.lines)


def _ms(sample: int) -> int:
    return round(sample * 1000 / RATE_HZ)


def _clock(ms: int, point: str) -> str:
    seconds, ms = divmod(ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}{point}{ms:03d}"
