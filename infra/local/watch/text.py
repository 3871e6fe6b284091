"""Lines of a given width, with styles: what the picture is made of."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

PLAIN, BOLD, DIM, RED, YELLOW, GREEN, CYAN = "", "1", "2", "31", "33", "32", "36"
"""Parameters of ANSI's Select Graphic Rendition."""

StyledText = tuple[str, str]
"""(text, style)"""
Line = list[StyledText]


def display_width(text: str) -> int:
    """Columns that a terminal needs for printable text."""
    return sum(_columns(one) for one in text)


def replace_control_characters(text: str) -> str:
    """Logs are not trusted: without control characters, a terminal cannot be steered by them."""
    return "".join(one if one.isprintable() else " " for one in text)


def truncate(text: str, width: int) -> str:
    """As much as fits, with an ellipsis when something is left out."""
    if display_width(text) <= width:
        return text
    kept, used = "", 0
    for one in text:
        used += _columns(one)
        if used > width - 1:
            break
        kept += one
    return f"{kept}…" if width > 0 else ""


def truncate_line(line: Line, width: int) -> Line:
    """The line, clipped to `width` columns."""
    left = width
    fitted: Line = []
    for text, style in line:
        if left <= 0:
            break
        shown = truncate(text, left)
        fitted.append((shown, style))
        left -= display_width(shown)
    return fitted


def render_line(line: Line, *, styled: bool) -> str:
    """The line as it is written; without styles for whatever is no terminal."""
    if not styled:
        return "".join(text for text, _ in line).rstrip()
    return "".join(f"\x1b[{style}m{text}\x1b[0m" if style else text for text, style in line)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. When the terminal is narrow the highest `drop` goes first; 0 stays."""

    title: str
    align_right: bool = False
    drop_order: int = 0


def format_table(
    columns: Sequence[Column], rows: Sequence[Sequence[StyledText]], width: int
) -> list[Line]:
    """A head and the rows, each column as wide as its content; what does not fit is left out."""
    wide = [
        max([display_width(column.title), *(display_width(row[i][0]) for row in rows)])
        for i, column in enumerate(columns)
    ]
    shown = list(range(len(columns)))
    while sum(wide[i] + 2 for i in shown) > width:
        last = max(shown, key=lambda i: columns[i].drop_order)
        if columns[last].drop_order == 0:
            break
        shown.remove(last)

    def laid(cells: Sequence[StyledText]) -> Line:
        line: Line = []
        for i in shown:
            text, style = cells[i]
            pad = " " * (wide[i] - display_width(text))
            line += [("  ", PLAIN), (pad + text if columns[i].align_right else text + pad, style)]
        return truncate_line(line, width)

    return [laid([(column.title, DIM) for column in columns]), *map(laid, rows)]


def _columns(one: str) -> int:
    if unicodedata.combining(one):
        return 0
    return 2 if unicodedata.east_asian_width(one) in "WF" else 1
