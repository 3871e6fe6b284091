"""Finds the numbers of bullets: those of a chart, and one that is worth a slide."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from shared.recipes.films.deck_fields import DeckRejected
from shared.recipes.films.slides.chart import (
    CHART_POINTS,
    ChartKind,
    ChartPoint,
    SlideChart,
    format_value,
    uses_decimal_comma,
)
from shared.recipes.films.slides.slide import MAX_NUMBER_CHARS

_SIGNS = "$€£¥"
_DIGITS = r"[-−]?\d{1,3}(?:[,.\u202f\u00a0 ]\d{3})+(?:[.,]\d+)?|[-−]?\d+(?:[.,]\d+)?"
_POINT = re.compile(
    rf"(?P<label>[^:–—]*[^:–—\s])\s*(?::| [–—-])\s*(?P<sign>[{_SIGNS}])?(?P<number>{_DIGITS})"
    rf"\s?(?P<unit>%|[{_SIGNS}]|[^\W\d_]{{1,12}})?\.?"
)
_LARGE = r"%|percent\b|million\b|billion\b|trillion\b|Millionen\b|Milliarden\b|millones\b"
_NUMBER = re.compile(rf"(?<![\w.,])[{_SIGNS}]?(?:{_DIGITS})(?:\s?(?:{_LARGE}))?(?![\w.,]\d)")
_YEAR = re.compile(r"1\d{3}|20\d{2}")
_NAME = re.compile(r"\b[A-Z]\w*\s$")
_MAX_WORDS = 14
"""The largest number of words of a text that is shown below its number."""


def find_chart(bullets: Sequence[str], language: str) -> SlideChart | None:
    """Returns the chart of bullets such as "Coal: 36 %", all in one unit; None if they are others.

    Shares of 100 % are a donut, years in even steps a line, and others bars. Numbers without a unit
    that may be years have nothing in common that a chart could show.
    """
    matches = [_POINT.fullmatch(text) for text in bullets]
    if len(matches) < 3 or len(matches) not in CHART_POINTS or None in matches:
        return None
    rows = [match for match in matches if match is not None]
    units = {" ".join(filter(None, (row["sign"], row["unit"]))) for row in rows}
    values = [parse_number(row["number"], language) for row in rows]
    if len(units) != 1 or None in values:
        return None
    (unit,) = units
    if not unit and any(_YEAR.fullmatch(row["number"]) for row in rows):
        return None
    labels = [row["label"] for row in rows]
    numbers = [value for value in values if value is not None]
    kind: ChartKind = "bar"
    if unit == "%" and min(numbers) >= 0 and abs(sum(numbers) - 100) <= 1:
        kind = "donut"
    elif _are_even_years(labels):
        kind = "line"
    points = [ChartPoint(*row) for row in zip(labels, numbers, strict=True)]
    try:
        return SlideChart.from_dict(SlideChart(kind, tuple(points), unit).to_dict())
    except DeckRejected:
        return None


def _are_even_years(labels: Sequence[str]) -> bool:
    """Returns whether the labels are years with the same time between each of them."""
    if not all(_YEAR.fullmatch(label) for label in labels):
        return False
    steps = {int(later) - int(earlier) for earlier, later in pairwise(labels)}
    return len(steps) == 1 and min(steps) > 0


def find_striking_number(texts: Sequence[str]) -> str:
    """Returns the only number of a short text, if it is a share, an amount or a large one; else "".

    A year is none, because it says when and not how much; nor is the number of a name, as in
    "Boeing 747".
    """
    if len(texts) > 3 or sum(len(text.split()) for text in texts[1:]) > _MAX_WORDS * 2:
        return ""
    found = [
        (match[0].strip(), _NAME.search(text[: match.start()]) is not None)
        for text in texts
        for match in _NUMBER.finditer(text)
    ]
    names = [number for number, is_name in found if is_name]
    numbers = [number for number, _ in found if not _YEAR.fullmatch(number)]
    if len(numbers) != 1 or len(numbers[0]) > MAX_NUMBER_CHARS:
        return ""
    (number,) = numbers
    digits = sum(character.isdigit() for character in number)
    has_unit = re.search(rf"[{_SIGNS}]|{_LARGE}", number)
    striking = has_unit or (digits >= 3 and number not in names)
    return number if striking else ""


def parse_number(text: str, language: str) -> float | None:
    """Returns the value of a number as it is written in a language; None for a doubtful one.

    The value must be written the same in that language: so "1.234" in a German text is 1234.
    """
    plain = text.replace("−", "-").translate(dict.fromkeys(map(ord, "\u202f\u00a0 ")))
    comma = uses_decimal_comma(language)
    plain = plain.replace(".", "").replace(",", ".") if comma else plain.replace(",", "")
    try:
        value = float(plain)
    except ValueError:
        return None
    grouped = "." in text if comma else "," in text
    if grouped and _digits(format_value(value, "", language)) != _digits(text):
        return None
    return value


def _digits(text: str) -> str:
    return "".join(character for character in text if character.isdigit())
