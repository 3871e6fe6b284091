"""Styled lines of a given width."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

PLAIN, BOLD, DIM, RED, YELLOW, GREEN, CYAN = "", "1", "2", "31", "33", "32", "36"
"""Parameters of ANSI's Select Graphic Rendition."""

StyledText = tuple[str, str]
"""A text and its style."""
Line = list[StyledText]


def display_width(text: str) -> int:
    """Returns the number of terminal columns of printable text."""
    return sum(_character_width(character) for character in text)


def replace_control_characters(text: str) -> str:
    """Replaces control characters with spaces, so that log text cannot control the terminal."""
    return "".join(character if character.isprintable() else " " for character in text)


def truncate(text: str, width: int) -> str:
    """Returns the part of `text` that fits, with an ellipsis when it is shortened."""
    if display_width(text) <= width:
        return text
    prefix, used = "", 0
    for character in text:
        used += _character_width(character)
        if used > width - 1:
            break
        prefix += character
    return f"{prefix}…" if width > 0 else ""


def truncate_line(line: Line, width: int) -> Line:
    """Returns the line, shortened to `width` columns."""
    remaining = width
    spans: Line = []
    for text, style in line:
        if remaining <= 0:
            break
        shown = truncate(text, remaining)
        spans.append((shown, style))
        remaining -= display_width(shown)
    return spans


def render_line(line: Line, *, styled: bool) -> str:
    """Returns the line as text, with ANSI styles when `styled`."""
    if not styled:
        return "".join(text for text, _ in line).rstrip()
    return "".join(f"\x1b[{style}m{text}\x1b[0m" if style else text for text, style in line)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. On a narrow terminal the highest `drop_order` is dropped first; columns
    with 0 are never dropped."""

    title: str
    align_right: bool = False
    drop_order: int = 0


def format_table(
    columns: Sequence[Column], rows: Sequence[Sequence[StyledText]], width: int
) -> list[Line]:
    """Returns a header and the rows. Columns are as wide as their content; columns that do not fit
    are dropped."""
    widths = [
        max([display_width(column.title), *(display_width(row[i][0]) for row in rows)])
        for i, column in enumerate(columns)
    ]
    shown = list(range(len(columns)))
    while sum(widths[i] + 2 for i in shown) > width:
        dropped = max(shown, key=lambda i: columns[i].drop_order)
        if columns[dropped].drop_order == 0:
            break
        shown.remove(dropped)

    def layout_row(cells: Sequence[StyledText]) -> Line:
        line: Line = []
        for i in shown:
            text, style = cells[i]
            padding = " " * (widths[i] - display_width(text))
            line += [
                ("  ", PLAIN),
                (padding + text if columns[i].align_right else text + padding, style),
            ]
        return truncate_line(line, width)

    return [layout_row([(column.title, DIM) for column in columns]), *map(layout_row, rows)]


def _character_width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def format_duration(seconds: float) -> str:
    """Returns a duration such as `5 s`, `3 min` or `2 h 10 min`."""
    total_s = max(0, round(seconds))
    if total_s < 120:
        return f"{total_s} s"
    minutes = total_s // 60
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
