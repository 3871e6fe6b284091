"""The part of slide_generation: writes the deck from the source that the part's spec names."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from functions.slide_generation.deck.deck_result import (
    WrittenDeck,
    read_options,
    read_subtitle_area,
)
from functions.slide_generation.deck.deck_store import encode_deck
from functions.slide_generation.deck.edits import load_edited_deck, rewrite_slide
from functions.slide_generation.deck.fitting import fit_slides
from functions.slide_generation.deck.model_cache import DeckUnusable, ask_with_cache
from functions.slide_generation.deck.model_request import build_model_request
from functions.slide_generation.deck.outline import read_outline, style_fields
from functions.slide_generation.drawing.illustrations import add_pictures
from functions.slide_generation.drawing.pictures import JobPictures
from functions.slide_generation.layout_choice.rules import choose_layouts
from functions.slide_generation.quality.emulated import describe_emulator
from functions.slide_generation.quality.flaws import (
    find_count_flaws,
    find_flaws,
    find_language_flaws,
)
from functions.slide_generation.recap.source import write_recap
from shared.entrypoints import bootstrap
from shared.entrypoints.stage import UnitContext
from shared.errors import SourceExpired
from shared.jobs.units.outcomes import UnitDone
from shared.pipeline import SLIDES_PREFIX, Bucket
from shared.recipes.films.deck import Deck
from shared.recipes.films.deck_options import DeckOptions
from shared.recipes.films.prompt import Prompt
from shared.recipes.results import DeckPart
from shared.recipes.stored_object import StoredObject
from shared.recipes.upload_results import Uploads
from shared.runtime.results_writer import read_object, write_once


def write_deck(context: UnitContext) -> UnitDone:
    """Writes deck.json once. The part's spec names the source of the deck: {"deck": "prompt"}."""
    options = read_options(context)
    written = _SOURCES[context.spec["deck"]](context, options)
    deck = fit_slides(written.deck, read_subtitle_area(context))
    content = encode_deck(deck)
    spec = _hash(content)
    name = f"{SLIDES_PREFIX}{context.job.id}/{spec[:12]}/deck.json"
    stored = write_once(
        context.objects, Bucket.WORK, name, content, content_type="application/json", spec=spec
    )
    context.log("deck.written", slides=len(deck.slides), calls=written.calls)
    result = DeckPart(written.calls, int(not written.calls), written.warnings)
    return UnitDone((stored.to_artifact("deck.json", "deck"),), facts=result.to_dict())


def _from_prompt(context: UnitContext, options: DeckOptions) -> WrittenDeck:
    """Writes a deck with the model, or reads the cached answer to the owner's same request."""
    prompt, model = _read_prompt(context), bootstrap.deck_model()
    style = style_fields(options)

    def find_answer_flaws(fields: dict[str, Any]) -> tuple[str, ...]:
        deck = Deck.from_dict({**fields, **style})
        slides = deck.slides
        text = f"{prompt.text}\n{prompt.source}" if prompt.source else ""
        return (
            *find_count_flaws(len(slides), options.slides),
            *find_language_flaws(slides, deck.language),
            *find_flaws(slides, text),
        )

    fields, calls = ask_with_cache(
        context,
        model,
        build_model_request(prompt, options),
        lambda answer: read_outline(answer, options).to_dict(),
        find_flaws=find_answer_flaws,
    )
    deck = choose_layouts(Deck.from_dict({**fields, **style}))
    warnings = (*describe_emulator(model.engine, prompt), *find_answer_flaws(fields))
    return add_pictures(WrittenDeck(deck, calls, warnings), JobPictures.of(context), options)


def _read_prompt(context: UnitContext) -> Prompt:
    upload = Uploads.require(context.job.facts).input("prompt")
    return Prompt.from_bytes(read_object(context.objects, upload.stored_object))


_SOURCES: Mapping[str, Callable[[UnitContext, DeckOptions], WrittenDeck]] = {
    "prompt": _from_prompt,
    "timeline": write_recap,
    "edited": load_edited_deck,
    "rewritten": rewrite_slide,
}
"""The sources of decks, by the name in the part's spec."""


def read_part_deck(context: UnitContext) -> tuple[Deck, StoredObject, DeckPart]:
    """Returns the deck that the part wrote, its stored object and the part's result.

    Raises DeckUnusable if the deck no longer exists.
    """
    (unit,) = context.part_units()
    (artifact,) = unit.artifacts
    try:
        content = read_object(context.objects, artifact.stored_object)
    except SourceExpired as error:
        raise DeckUnusable("The deck is no longer there.") from error
    stored = replace(artifact.stored_object, spec=_hash(content))
    return Deck.from_dict(json.loads(content)), stored, DeckPart.from_dict(unit.facts)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
