"""Rewords existing slides according to an instruction. Without one, slides stay unchanged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.local.emulators.gemini.request import DeckRequest
from infra.local.emulators.gemini.words import end_sentence, shorten, split_clauses, split_sentences

MAX_BULLET_CHARS = 88
MAX_NOTES_CHARS = 480


def reword_slides(request: DeckRequest) -> dict[str, Any]:
    """Returns the JSON of a response: the language and the slides."""
    slides = [_reword_slide(draft, request.instruction) for draft in request.drafts]
    return {"language": request.language or "en", "slides": slides}


def _reword_slide(draft: Mapping[str, Any], instruction: str) -> dict[str, Any]:
    slide = {name: draft.get(name) for name in ("id", "heading", "bullets", "notes")}
    sentences = split_sentences(instruction)
    if not sentences:
        return slide
    # As many bullets as before, so that they fit on the slide.
    count = max(1, len(slide["bullets"] or ()))
    clauses = [clause for sentence in sentences for clause in split_clauses(sentence)] or sentences
    slide["bullets"] = [shorten(clause, MAX_BULLET_CHARS) for clause in clauses[:count]]
    slide["notes"] = end_sentence(shorten(" ".join(sentences), MAX_NOTES_CHARS))
    return slide
