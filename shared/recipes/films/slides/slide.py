"""One slide of a deck: its text, its layout, and what the layout shows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from shared.recipes.films.deck_fields import (
    DeckRejected,
    check_choice,
    check_line,
    check_notes,
    check_object,
    check_pattern,
)
from shared.recipes.films.slides.chart import MAX_LABEL_CHARS, SlideChart
from shared.recipes.films.slides.icons import ICONS

Layout = Literal[
    "title", "bullets", "picture", "statement", "chart", "closing",
    "columns", "number", "quote", "comparison", "timeline", "process",
]  # fmt: skip

MAX_HEADING_CHARS = 120
MAX_BULLETS = 6
MAX_BULLET_CHARS = 240
MAX_NOTES_CHARS = 5_000
"""About six minutes of speech on one slide."""
MAX_PICTURE_CHARS = 300
MAX_NUMBER_CHARS = 20
MAX_ALT_CHARS = 250

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_REQUIRED = ("id", "heading")
_KEYS = ("id", "heading", "bullets", "notes", "layout", "picture")
_LAYOUT_KEYS = ("labels", "number", "chart", "icons", "alt", "focus")
"""Only slides that have them are stored with them, as decks of earlier versions are."""


@dataclass(frozen=True, slots=True)
class Slide:
    """One slide.

    A slide whose layout lacks what it shows, such as a number, is drawn with bullets.

    Attributes:
        id: Identifies the slide; does not change when the deck is edited.
        notes: The text that is spoken; "" for a silent slide.
        picture: The reference of a picture, or None.
        labels: The names of the two sides of a comparison or of columns; the time of each bullet of
            a timeline.
        number: The number of the layout `number` with its unit, such as "42 %"; "" for none.
        icons: Names of ICONS: one for each bullet, or one for the slide.
        alt: What the picture shows, for those who do not see it; "" for nothing said.
        focus: The point of the picture that stays visible when it is cropped, as shares of its
            width and height; None for a face or the middle.
    """

    id: str
    heading: str
    bullets: tuple[str, ...] = ()
    notes: str = ""
    layout: Layout = "bullets"
    picture: str | None = None
    labels: tuple[str, ...] = ()
    number: str = ""
    chart: SlideChart | None = None
    icons: tuple[str, ...] = ()
    alt: str = ""
    focus: tuple[float, float] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Returns a JSON object; `from_dict` reads it back to an equal value."""
        fields = {
            "id": self.id,
            "heading": self.heading,
            "bullets": list(self.bullets),
            "notes": self.notes,
            "layout": self.layout,
            "picture": self.picture,
        }
        shown = {
            "labels": list(self.labels),
            "number": self.number,
            "chart": self.chart and self.chart.to_dict(),
            "icons": list(self.icons),
            "alt": self.alt,
            "focus": self.focus and list(self.focus),
        }
        return {**fields, **{name: value for name, value in shown.items() if value}}

    @classmethod
    def from_dict(cls, data: Any, location: str = "slide") -> Slide:
        """Parses a slide; only `id` and `heading` are required. Raises DeckRejected."""
        values = check_object(data, location, (*_KEYS, *_LAYOUT_KEYS), _REQUIRED)
        rows = _rows(values, "bullets", location)
        if len(rows) > MAX_BULLETS:
            raise DeckRejected(
                f"{location}.bullets",
                f"There are {len(rows)} bullets; at most {MAX_BULLETS} fit.",
            )
        picture, chart = values.get("picture"), values.get("chart")
        return cls(
            id=check_pattern(
                values["id"], f"{location}.id", _ID, "lower-case letters, digits and hyphens"
            ),
            heading=check_line(values["heading"], f"{location}.heading", MAX_HEADING_CHARS),
            bullets=tuple(
                check_line(row, f"{location}.bullets[{n}]", MAX_BULLET_CHARS)
                for n, row in enumerate(rows)
            ),
            notes=check_notes(values.get("notes", ""), f"{location}.notes", MAX_NOTES_CHARS),
            layout=cast(
                "Layout",
                check_choice(
                    values.get("layout", "bullets"), f"{location}.layout", get_args(Layout)
                ),
            ),
            picture=None
            if picture is None
            else check_line(picture, f"{location}.picture", MAX_PICTURE_CHARS),
            labels=_labels(values, location),
            number=_number(values, location),
            chart=None if chart is None else SlideChart.from_dict(chart, f"{location}.chart"),
            icons=_icons(values, location),
            alt=_alt(values, location),
            focus=_focus(values, location),
        )


def _rows(values: Mapping[str, Any], name: str, location: str) -> Sequence[Any]:
    rows = values.get(name) or ()
    if isinstance(rows, str) or not isinstance(rows, Sequence):
        raise DeckRejected(f"{location}.{name}", "It must be a list of texts.")
    return rows


def _labels(values: Mapping[str, Any], location: str) -> tuple[str, ...]:
    rows = _rows(values, "labels", location)
    if len(rows) > MAX_BULLETS:
        raise DeckRejected(f"{location}.labels", f"At most {MAX_BULLETS} labels fit.")
    return tuple(
        check_line(row, f"{location}.labels[{n}]", MAX_LABEL_CHARS) for n, row in enumerate(rows)
    )


def _number(values: Mapping[str, Any], location: str) -> str:
    if not values.get("number"):
        return ""
    number = check_line(values["number"], f"{location}.number", MAX_NUMBER_CHARS)
    if not any(character.isdigit() for character in number):
        raise DeckRejected(f"{location}.number", "It must contain a digit.")
    return number


def _icons(values: Mapping[str, Any], location: str) -> tuple[str, ...]:
    rows = _rows(values, "icons", location)
    if len(rows) > MAX_BULLETS:
        raise DeckRejected(f"{location}.icons", f"At most {MAX_BULLETS} icons fit.")
    for n, row in enumerate(rows):
        if row not in ICONS:
            name = str(row)[:40]
            raise DeckRejected(f"{location}.icons[{n}]", f"There is no icon {name!r}.")
    return tuple(rows)


def _alt(values: Mapping[str, Any], location: str) -> str:
    return check_line(values["alt"], f"{location}.alt", MAX_ALT_CHARS) if values.get("alt") else ""


def _focus(values: Mapping[str, Any], location: str) -> tuple[float, float] | None:
    point = values.get("focus")
    if point is None:
        return None
    if isinstance(point, str) or not isinstance(point, Sequence) or len(point) != 2:
        raise DeckRejected(f"{location}.focus", "It must be a point: two numbers from 0 to 1.")
    for share in point:
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
            raise DeckRejected(f"{location}.focus", "It must be a point: two numbers from 0 to 1.")
    return float(point[0]), float(point[1])
