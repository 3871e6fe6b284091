"""Parses a model's answer into a deck. The answer is untrusted input."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from functions.slide_generation.layout_choice.answer import apply_layout
from functions.slide_generation.markup.markdown import parse_json_answer, to_plain_text
from functions.slide_generation.quality.repairs import append_to_notes, repair_deck
from shared.recipes.films.deck import SLIDE_COUNT_RANGE, Deck
from shared.recipes.films.deck_fields import DeckRejected
from shared.recipes.films.deck_options import DeckOptions
from shared.recipes.films.slides.slide import MAX_BULLETS, Slide

_NO_LANGUAGES = ("und", "mul", "mis", "zxx")
"""Undetermined, several, uncoded and no language (ISO 639-2)."""
_BIDI_CONTROLS = re.compile(r"[\u202a-\u202e\u2066-\u2069\ufeff]")


def read_outline(answer: str, options: DeckOptions) -> Deck:
    """Returns the deck that `answer` describes, repaired and with the style of `options`.

    Raises DeckRejected with the location and the reason.
    """
    try:
        outline = parse_json_answer(answer)
    except (ValueError, RecursionError) as error:
        raise DeckRejected("", "The answer is not JSON.") from error
    if not isinstance(outline, Mapping) or not isinstance(outline.get("slides"), list):
        raise DeckRejected("slides", "It must be a list of slides.")
    rows = outline["slides"]
    if len(rows) not in SLIDE_COUNT_RANGE:
        raise DeckRejected("slides", f"{options.slides} were requested, {len(rows)} were returned.")
    language = str(options.language or outline.get("language"))
    check_spoken(language)
    deck = Deck.from_dict(
        {
            "title": strip_markup(outline.get("title")),
            "language": options.language or outline.get("language"),
            **style_fields(options),
            "slides": [_slide_fields(row, n, len(rows), language) for n, row in enumerate(rows)],
        }
    )
    return repair_deck(deck)


def check_spoken(language: str) -> None:
    """Raises DeckRejected for a tag that names no single language: no voice speaks it."""
    if language.split("-")[0].lower() in _NO_LANGUAGES:
        raise DeckRejected("language", "It must name a language.")


def style_fields(options: DeckOptions) -> dict[str, str]:
    """Returns the fields of a deck that the options determine, not the model."""
    return {
        "theme": options.theme,
        "aspect": options.aspect,
        "resolution": options.resolution,
    }


def _slide_fields(row: Any, n: int, count: int, language: str) -> dict[str, Any]:
    location = f"slides[{n}]"
    if not isinstance(row, Mapping):
        raise DeckRejected(location, "It must be an object.")
    bullets = row.get("bullets") or []
    if not isinstance(bullets, list):
        raise DeckRejected(f"{location}.bullets", "It must be a list of texts.")
    texts = [text for bullet in bullets if (text := strip_markup(bullet)) != ""]
    notes = strip_markup(row.get("notes"))
    more = texts[MAX_BULLETS:]
    if isinstance(notes, str) and all(isinstance(text, str) for text in more):
        # Spoken instead of rejected.
        texts, notes = texts[:MAX_BULLETS], append_to_notes(notes, more)
    slide = Slide.from_dict(
        {
            "id": f"s{n + 1}",
            "heading": strip_markup(row.get("heading")),
            "bullets": texts,
            "notes": notes,
        },
        location,
    )
    slide = apply_layout(slide, row, _layout(row, n, count, len(slide.bullets)), language)
    if not slide.notes and not slide.bullets:
        raise DeckRejected(location, "It has neither bullets nor notes.")
    return slide.to_dict()


def _layout(row: Mapping[str, Any], n: int, count: int, bullets: int) -> Any:
    """Returns the layout: `title` for the first slide, `closing` for the last, else the model's."""
    if n == 0:
        return "title"
    if n == count - 1:
        return "closing"
    layout = row.get("layout")
    if layout in ("title", "closing", "bullets", "statement"):
        fits_statement = not bullets or (bullets == 1 and layout == "statement")
        return "statement" if fits_statement else "bullets"
    return layout


def strip_markup(value: Any) -> Any:
    """Returns a text without Markdown, HTML and bidirectional control characters.

    Values of other types are returned unchanged.
    """
    if not isinstance(value, str):
        return value
    return to_plain_text(remove_bidi_controls(value)).strip()


def remove_bidi_controls(text: str) -> str:
    """Returns a text without bidirectional control characters."""
    return _BIDI_CONTROLS.sub("", text)
