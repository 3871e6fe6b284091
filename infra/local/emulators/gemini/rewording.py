"""Slides that are there already: left as they are, or turned towards what a person wishes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.local.emulators.gemini.request import Asked
from infra.local.emulators.gemini.words import clauses, ended, sentences, shortened

BULLET_CHARS = 88
NOTES_CHARS = 480
CONFESSION = "A stand-in for the model left these words as they were."


def reworded(asked: Asked) -> dict[str, Any]:
    """The JSON of an answer: the language and the very same slides."""
    slides = [_slide(one, asked.wish) for one in asked.drafts]
    if not asked.wish:
        slides[-1]["notes"] = f"{slides[-1]['notes']} {CONFESSION}".strip()
    return {"language": asked.language or "en", "slides": slides}


def _slide(draft: Mapping[str, Any], wish: str) -> dict[str, Any]:
    made = {name: draft.get(name) for name in ("id", "heading", "bullets", "notes")}
    said = sentences(wish)
    if not said:
        return made
    # As many points as before: they are what the slide has room for.
    count = max(1, len(made["bullets"] or ()))
    points = [piece for one in said for piece in clauses(one)] or said
    made["bullets"] = [shortened(one, BULLET_CHARS) for one in points[:count]]
    made["notes"] = ended(shortened(" ".join(said), NOTES_CHARS))
    return made
