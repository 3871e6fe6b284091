"""A model's answer becomes a deck, or is rejected: it is untrusted input like any other."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from shared.recipes.films.deck import SLIDE_COUNT_RANGE, Deck, Slide
from shared.recipes.films.deck_fields import DeckRejected
from shared.recipes.films.deck_options import DeckOptions

SLIDE_COUNT_TOLERANCE = 2
"""So many slides more or fewer are no reason to pay for another answer."""
_LAYOUTS = ("title", "bullets", "statement", "closing")
_MARKS = re.compile(r"\*\*|__|`+|^\s*(?:[-*•–]|#{1,6})\s+", re.MULTILINE)
_OTHERS = re.compile(r"[\u202a-\u202e\u2066-\u2069\ufeff]")


def read_outline(answer: str, options: DeckOptions) -> Deck:
    """The deck that `answer` describes, in the look that `options` ask for.

    Raises DeckRejected with the place and the reason.
    """
    try:
        told = json.loads(answer)
    except (ValueError, RecursionError) as wrong:
        raise DeckRejected("", "The answer is no JSON.") from wrong
    if not isinstance(told, Mapping) or not isinstance(told.get("slides"), list):
        raise DeckRejected("slides", "It must be a list of slides.")
    rows = told["slides"]
    if (
        abs(len(rows) - options.slides) > SLIDE_COUNT_TOLERANCE
        or len(rows) not in SLIDE_COUNT_RANGE
    ):
        raise DeckRejected("slides", f"{options.slides} were asked for, {len(rows)} came.")
    return Deck.from_dict(
        {
            "title": strip_markup(told.get("title")),
            "language": options.language or told.get("language"),
            **style_fields(options),
            "slides": [_slide(row, n, len(rows)) for n, row in enumerate(rows)],
        }
    )


def style_fields(options: DeckOptions) -> dict[str, str]:
    """The fields of a deck that no model decides on."""
    return {
        "theme": options.theme,
        "aspect": options.aspect,
        "resolution": options.resolution,
    }


def _slide(row: Any, n: int, count: int) -> dict[str, Any]:
    where = f"slides[{n}]"
    if not isinstance(row, Mapping):
        raise DeckRejected(where, "It must be an object.")
    bullets = row.get("bullets") or []
    if not isinstance(bullets, list):
        raise DeckRejected(f"{where}.bullets", "It must be a list of texts.")
    slide = Slide.from_dict(
        {
            "id": f"s{n + 1}",
            "heading": strip_markup(row.get("heading")),
            "bullets": [text for one in bullets if (text := strip_markup(one)) != ""],
            "notes": strip_markup(row.get("notes")),
            "layout": _layout(row, n, count, bool(bullets)),
        },
        where,
    )
    if not slide.notes and not slide.bullets:
        raise DeckRejected(where, "It says nothing.")
    return slide.to_dict()


def _layout(row: Mapping[str, Any], n: int, count: int, bullets: bool) -> str:
    """The first slide opens and the last one closes, whatever was answered."""
    if n == 0:
        return "title"
    if n == count - 1:
        return "closing"
    asked = row.get("layout")
    if asked not in _LAYOUTS:
        raise DeckRejected(f"slides[{n}].layout", "There is no such layout.")
    if asked in ("title", "closing"):
        asked = "statement"
    return "bullets" if bullets else "statement" if asked == "bullets" else str(asked)


def strip_markup(value: Any) -> Any:
    """A text without the marks of Markdown and without marks that turn its order."""
    if not isinstance(value, str):
        return value
    return _OTHERS.sub("", _MARKS.sub("", value)).strip()
