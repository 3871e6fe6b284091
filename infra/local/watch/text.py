"""Lines of a given width, with styles: what the picture is made of."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

PLAIN, BOLD, DIM, RED, YELLOW, GREEN, CYAN = "", "1", "2", "31", "33", "32", "36"
"""Parameters of ANSI's Select Graphic Rendition."""

Piece = tuple[str, str]
"""(text, style)"""
Line = list[Piece]


def width_of(text: str) -> int:
    """Columns that a terminal needs for printable text."""
    return sum(_columns(one) for one in text)


def printable(text: str) -> str:
    """Logs are not trusted: without control characters, a terminal cannot be steered by them."""
    return "".join(one if one.isprintable() else " " for one in text)


def clip(text: str, width: int) -> str:
    """As much as fits, with an ellipsis when something is left out."""
    if width_of(text) <= width:
        return text
    kept, used = "", 0
    for one in text:
        used += _columns(one)
        if used > width - 1:
            break
        kept += one
    return f"{kept}…" if width > 0 else ""


def fit(line: Line, width: int) -> Line:
    """The line, clipped to `width` columns."""
    left = width
    fitted: Line = []
    for text, style in line:
        if left <= 0:
            break
        shown = clip(text, left)
        fitted.append((shown, style))
        left -= width_of(shown)
    return fitted


def render(line: Line, *, styled: bool) -> str:
    """The line as it is written; without styles for whatever is no terminal."""
    if not styled:
        return "".join(text for text, _ in line).rstrip()
    return "".join(f"\x1b[{style}m{text}\x1b[0m" if style else text for text, style in line)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. When the terminal is narrow the highest `drop` goes first; 0 stays."""

    title: str
    right: bool = False
    drop: int = 0


def table(columns: Sequence[Column], rows: Sequence[Sequence[Piece]], width: int) -> list[Line]:
    """A head and the rows, each column as wide as its content; what does not fit is left out."""
    wide = [
        max([width_of(column.title), *(width_of(row[i][0]) for row in rows)])
        for i, column in enumerate(columns)
    ]
    shown = list(range(len(columns)))
    while sum(wide[i] + 2 for i in shown) > width:
        last = max(shown, key=lambda i: columns[i].drop)
        if columns[last].drop == 0:
            break
        shown.remove(last)

    def laid(cells: Sequence[Piece]) -> Line:
        line: Line = []
        for i in shown:
            text, style = cells[i]
            pad = " " * (wide[i] - width_of(text))
            line += [("  ", PLAIN), (pad + text if columns[i].right else text + pad, style)]
        return fit(line, width)

    return [laid([(column.title, DIM) for column in columns]), *map(laid, rows)]


def _columns(one: str) -> int:
    if unicodedata.combining(one):
        return 0
    return 2 if unicodedata.east_asian_width(one) in "WF" else 1
