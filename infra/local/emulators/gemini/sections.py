"""Reads the structure of a text: its title, and sections with their headings and sentences.

Headings are those of Markdown (`# Costs`, or a line underlined with === or ---), and in plain text
a short line without a full stop that a paragraph follows. Code blocks, rules and pictures are left
out; a row of a table becomes one sentence. A quotation with its author is a section of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from functions.text_to_speech.sentences import split_sentences
from infra.local.emulators.gemini.words import (
    end_sentence,
    split_quotation,
    split_thai,
    strip_markup,
)

MAX_HEADING_CHARS = 60
MAX_SENTENCE_BYTES = 3_000
"""Longer ones are split, so that notes stay below their limit."""
_FENCE = re.compile(r"\s*(```|~~~)")
_ATX = re.compile(r"\s*(#{1,6})\s+(.*?)\s*#*\s*$")
_UNDERLINE = re.compile(r"\s*(=+|-{2,})\s*$")
_RULE = re.compile(r"\s*([-*_])\s*(\1\s*){2,}$")
_ITEM = re.compile(r"^\s*(?:[-*+•‣▪●]|(\d{1,3})[.)])\s+")
_QUOTED = re.compile(r"^\s*(?:>\s?)+")
_TABLE_RULE = re.compile(r"\s*\|?[\s:|-]+\|?\s*$")
_LINK = re.compile(r"(!?)\[([^\[\]]*)\]\([^()\s]*(?:\s[^()]*)?\)")
_MARKS = re.compile(r"[*`~]+")
_EMPHASIS = re.compile(r"(?<!\w)_{1,2}(\S(?:[^_]*\S)?)_{1,2}(?!\w)")
_MARKS_OF_ITEMS = tuple("|>-*+•")
_SENTENCE_MARKS = tuple(".!?…。！？؟।۔,;，；、،")


@dataclass
class Section:
    """A part of a text. `heading` is "" if the text has none for it. `leads` are the numbers of
    the sentences that begin a paragraph, `items` of those that are items of a list; `steps` has the
    numbers that items of a list have in the text."""

    heading: str
    sentences: list[str] = field(default_factory=list)
    leads: set[int] = field(default_factory=set)
    items: set[int] = field(default_factory=set)
    steps: dict[int, int] = field(default_factory=dict)


def read_sections(text: str, language: str) -> tuple[str, list[Section]]:
    """Returns the title of the text ("" if it has none), and its sections that have sentences.
    Of equal sentences the first one is kept.

    The title is the heading in the first line, unless another heading has its level.
    """
    blocks = list(_read_blocks(text))
    levels = [block.level for block in blocks if block.level]
    title = ""
    if levels and blocks[0].level and levels.count(blocks[0].level) == 1:
        title = blocks.pop(0).text
    sections = [Section("")]
    seen: set[str] = set()
    for block in blocks:
        if block.level:
            sections.append(Section(block.text))
            continue
        section = sections[-1]
        quotation = split_quotation(block.text)
        parts = (
            [block.text]
            if quotation and quotation[1]
            else [
                part
                for sentence in split_sentences(block.text, language, MAX_SENTENCE_BYTES)
                for part in split_thai(sentence.text)
            ]
        )
        sentences = [part for part in parts if any(map(str.isalnum, part)) and part not in seen]
        sentences = list(dict.fromkeys(sentences))
        seen.update(sentences)
        if sentences and quotation and quotation[1]:
            sections += [Section("", sentences, {0}), Section("")]
        elif sentences:
            if block.step:
                section.steps[len(section.sentences)] = block.step
            numbers = section.items if block.is_item else section.leads
            numbers.add(len(section.sentences))
            section.sentences += sentences
    return title, [section for section in sections if section.sentences]


@dataclass(frozen=True)
class _Block:
    """A paragraph, an item of a list, or a heading, whose `level` is 1 or more. `step` is the
    number of an item in the text, or 0."""

    text: str
    level: int = 0
    is_item: bool = False
    step: int = 0


def _read_blocks(text: str) -> Iterator[_Block]:
    lines = _without_code(text.splitlines())
    is_markdown = any(_markdown_heading(lines, n) for n in range(len(lines)))
    find_heading = _markdown_heading if is_markdown else _plain_heading
    paragraph: list[str] = []
    is_item, step = False, 0
    columns: list[str] = []
    for n, line in enumerate(lines):
        heading = find_heading(lines, n)
        if paragraph and (heading or not line.strip() or _ITEM.match(line) or "|" in line[:1]):
            yield _Block(_as_sentence(" ".join(paragraph)), is_item=is_item, step=step)
            paragraph = []
        if heading:
            yield heading
        elif (_UNDERLINE.match(line) or _RULE.match(line)) and line.strip():
            continue
        elif line.lstrip().startswith("|"):
            following = lines[n + 1] if n + 1 < len(lines) else ""
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if _TABLE_RULE.match(following or "x"):
                columns = cells
            elif not _TABLE_RULE.match(line):
                yield _Block(_as_sentence(_join_cells(cells, columns)), is_item=True)
        elif line.strip():
            item = _ITEM.match(line)
            is_item = item is not None or (is_item and bool(paragraph))
            if item or not paragraph:
                step = int(item[1] or 0) if item else 0
            paragraph.append(_ITEM.sub("", _QUOTED.sub("", line)))
    if paragraph:
        yield _Block(_as_sentence(" ".join(paragraph)), is_item=is_item, step=step)


def _join_cells(cells: list[str], columns: list[str]) -> str:
    """Returns a row of a table as text: its first cell and, after a colon, the others with the
    names of their columns. One other cell needs no name."""
    first, *others = cells
    if len(others) > 1 and len(columns) == len(cells):
        others = [f"{name} {cell}" for name, cell in zip(columns[1:], others, strict=True) if cell]
    texts = ", ".join(filter(None, others))
    return f"{first}: {texts}" if first and texts else first or texts


def _markdown_heading(lines: list[str], n: int) -> _Block | None:
    """Returns the heading of Markdown at a line, or None."""
    line, following = lines[n], lines[n + 1] if n + 1 < len(lines) else ""
    if match := _ATX.match(line):
        title = _plain(match[2]).rstrip(" :：")
        return _Block(title, len(match[1])) if title else None
    text = _plain(line).rstrip(" :：")
    is_underlined = following.strip() and _UNDERLINE.match(following)
    if is_underlined and text and not _ITEM.match(line) and line[:1] != "|":
        return _Block(text, 1 if "=" in following else 2)
    return None


def _plain_heading(lines: list[str], n: int) -> _Block | None:
    """Returns the heading of plain text at a line, or None. That of the first line has level 1."""
    line, following = lines[n], lines[n + 1] if n + 1 < len(lines) else ""
    text = _plain(_ITEM.sub("", line))
    follows_blank = n == 0 or not lines[n - 1].strip()
    if (
        not follows_blank
        or not any(map(str.isalpha, text))
        or len(text) > MAX_HEADING_CHARS
        or text.endswith(_SENTENCE_MARKS)
        or line[:1] in _MARKS_OF_ITEMS
    ):
        return None
    next_line = next((other for other in lines[n + 1 :] if other.strip()), "")
    is_item = _ITEM.match(line) is not None
    if not next_line or (is_item and _ITEM.match(next_line)):
        return None
    if following.strip():
        # The line above a paragraph, and not its beginning.
        is_short = len(text) <= MAX_HEADING_CHARS * 2 // 3
        if is_item or not is_short or not _begins_sentence(following):
            return None
    return _Block(text.rstrip(" :："), 2 if n else 1)


def _begins_sentence(line: str) -> bool:
    text = line.strip()
    return bool(_ITEM.match(line)) or (text[:1].isalnum() and not text[:1].islower())


def _without_code(lines: list[str]) -> list[str]:
    kept: list[str] = []
    fenced = False
    for line in lines:
        if _FENCE.match(line):
            fenced = not fenced
            kept.append("")
        elif not fenced:
            kept.append(line)
    return kept


def _as_sentence(text: str) -> str:
    return end_sentence(_plain(text).rstrip(" :："))


def _plain(text: str) -> str:
    links = _LINK.sub(lambda match: "" if match[1] else match[2], text)
    return " ".join(strip_markup(_EMPHASIS.sub(r"\1", _MARKS.sub("", links))).split())
