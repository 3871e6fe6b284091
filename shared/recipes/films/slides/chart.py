"""The numbers of a chart on a slide. They stem from a model or a user, so they are checked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from shared.recipes.films.deck_fields import DeckRejected, check_choice, check_line, check_object

ChartKind = Literal["bar", "line", "donut"]
CHART_POINTS = range(2, 9)
"""The numbers of points that a slide shows in a readable size."""
MAX_LABEL_CHARS = 40
MAX_UNIT_CHARS = 16
MAX_VALUE = 1e15
"""Above it, not every whole number is exact."""
_COMMA_LANGUAGES = (
    "af bg ca cs da de el es et eu fi fr gl hr hu id is it lt lv mk nb nl no pl pt ro ru sk sl sq "
    "sr sv tr uk vi"
)
"""Languages with a decimal comma (Unicode CLDR)."""


@dataclass(frozen=True, slots=True)
class ChartPoint:
    """One number of a chart and what it is the number of."""

    label: str
    value: float


@dataclass(frozen=True, slots=True)
class SlideChart:
    """A chart of 2 to 8 numbers in one unit, such as "%" or "km"; "" for none."""

    kind: ChartKind
    points: tuple[ChartPoint, ...]
    unit: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Returns a JSON object; `from_dict` reads it back to an equal value."""
        points = [{"label": point.label, "value": point.value} for point in self.points]
        return {"kind": self.kind, "points": points, "unit": self.unit}

    @classmethod
    def from_dict(cls, data: Any, location: str = "chart") -> SlideChart:
        """Parses a chart. Raises DeckRejected."""
        values = check_object(data, location, ("kind", "points", "unit"), ("kind", "points"))
        rows = values["points"]
        if isinstance(rows, str) or not isinstance(rows, Sequence):
            raise DeckRejected(f"{location}.points", "It must be a list of points.")
        if len(rows) not in CHART_POINTS:
            limits = f"{CHART_POINTS.start} to {CHART_POINTS.stop - 1}"
            raise DeckRejected(f"{location}.points", f"A chart has {limits} points.")
        kind = check_choice(values["kind"], f"{location}.kind", get_args(ChartKind))
        points = tuple(_point(row, f"{location}.points[{n}]") for n, row in enumerate(rows))
        if kind == "donut" and (
            min(p.value for p in points) < 0 or not any(p.value for p in points)
        ):
            raise DeckRejected(
                f"{location}.points", "The values of a donut must not be negative, nor all be 0."
            )
        unit = values.get("unit") or ""
        if unit:
            unit = check_line(unit, f"{location}.unit", MAX_UNIT_CHARS)
        return cls(cast("ChartKind", kind), points, unit)

    def describe(self, point: ChartPoint, language: str) -> str:
        """Returns the value of a point with its unit, such as "1,200 km" or "12,5 %"."""
        return format_value(point.value, self.unit, language)


def uses_decimal_comma(language: str) -> bool:
    """Returns whether a language writes 1.5 as 1,5."""
    return language.partition("-")[0] in _COMMA_LANGUAGES.split()


def format_value(value: float, unit: str, language: str) -> str:
    """Returns a number with its unit in the form of a language: "1,200 km", "12,5 %", "$40". The
    unit "$ million" makes "$40 million"."""
    text = f"{value:,.10f}".rstrip("0").rstrip(".").replace("-0", "0", value == 0)
    comma = uses_decimal_comma(language)
    if comma:
        text = text.translate({ord(","): "\u202f", ord("."): ","})
    sign, _, rest = unit.partition(" ")
    if sign in ("$", "€", "£", "¥"):
        amount = f"{text}\u00a0{rest}" if rest else text
        if comma:
            return f"{amount}\u00a0{sign}"
        return f"-{sign}{amount[1:]}" if value < 0 else sign + amount
    return text + ("" if unit == "%" and not comma else "\u00a0" if unit else "") + unit


def _point(row: Any, location: str) -> ChartPoint:
    values = check_object(row, location, ("label", "value"), ("label", "value"))
    value = values["value"]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DeckRejected(f"{location}.value", "It must be a number.")
    if not math.isfinite(value) or abs(value) > MAX_VALUE:
        raise DeckRejected(f"{location}.value", "The number is too large.")
    label = check_line(values["label"], f"{location}.label", MAX_LABEL_CHARS)
    return ChartPoint(label, float(value))
