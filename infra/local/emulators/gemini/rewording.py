"""Slides that are there already: left as they are, or turned towards what a person wishes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.local.emulators.gemini.request import DeckRequest
from infra.local.emulators.gemini.words import end_sentence, shorten, split_clauses, split_sentences

MAX_BULLET_CHARS = 88
MAX_NOTES_CHARS = 480
DISCLAIMER = "A stand-in for the model left these words as they were."


def reword_slides(request: DeckRequest) -> dict[str, Any]:
    """The JSON of an answer: the language and the very same slides."""
    slides = [_slide(one, request.instruction) for one in request.drafts]
    if not request.instruction:
        slides[-1]["notes"] = f"{slides[-1]['notes']} {DISCLAIMER}".strip()
    return {"language": request.language or "en", "slides": slides}


def _slide(draft: Mapping[str, Any], wish: str) -> dict[str, Any]:
    made = {name: draft.get(name) for name in ("id", "heading", "bullets", "notes")}
    said = split_sentences(wish)
    if not said:
        return made
    # As many points as before: they are what the slide has room for.
    count = max(1, len(made["bullets"] or ()))
    points = [piece for one in said for piece in split_clauses(one)] or said
    made["bullets"] = [shorten(one, MAX_BULLET_CHARS) for one in points[:count]]
    made["notes"] = end_sentence(shorten(" ".join(said), MAX_NOTES_CHARS))
    return made
