"""Rewords existing slides according to an instruction. Without one, slides stay unchanged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.local.emulators.gemini.request import DeckRequest
from infra.local.emulators.gemini.words import clip, end_sentence, shorten, split_sentences

MAX_BULLET_WIDTH = 88
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
    # At most as many bullets as before, so that they fit on the slide.
    count = len(slide["bullets"] or ())
    slide["bullets"] = [
        clip(sentence.rstrip(" ."), MAX_BULLET_WIDTH) for sentence in sentences[:count]
    ]
    slide["notes"] = end_sentence(shorten(" ".join(sentences), MAX_NOTES_CHARS))
    return slide
