"""Decks from users: edited ones, and ones of which the model rewrites a slide."""

from __future__ import annotations

import json
from typing import Any

from functions.slide_generation.deck.deck_result import WrittenDeck
from functions.slide_generation.deck.model_cache import DeckUnusable, ask_with_cache
from functions.slide_generation.deck.rewording import (
    FREE_RULES,
    build_reword_request,
    read_reworded_slides,
    replace_slides,
)
from functions.slide_generation.quality.emulated import describe_emulated_rewrite
from functions.slide_generation.quality.flaws import find_flaws, find_language_flaws
from functions.slide_generation.quality.repairs import repair_texts
from shared.entrypoints import bootstrap
from shared.entrypoints.stage import UnitContext
from shared.recipes.films.deck import Deck, Slide
from shared.recipes.films.deck_options import DeckOptions
from shared.recipes.stored_object import StoredObject
from shared.runtime.results_writer import read_object


def load_edited_deck(context: UnitContext, _options: DeckOptions) -> WrittenDeck:
    """Returns an edited deck. The part's spec is {"stored": the stored object}."""
    return WrittenDeck(_read_stored_deck(context), 0)


def rewrite_slide(context: UnitContext, options: DeckOptions) -> WrittenDeck:
    """Returns the stored deck with one slide rewritten by the model.

    The part's spec is {"stored": the stored object, "slide": the slide's id, "instruction": the
    user's instruction or ""}. Raises DeckUnusable if the slide no longer exists.
    """
    deck, instruction = _read_stored_deck(context), str(context.spec["instruction"])
    slide = next((item for item in deck.slides if item.id == context.spec["slide"]), None)
    if slide is None:
        raise DeckUnusable("The slide to be rewritten is no longer there.")
    film = {
        "title": deck.title,
        "headings": [item.heading for item in deck.slides],
    }
    request = build_reword_request(
        [slide],
        film=film,
        language=deck.language,
        instruction=instruction,
        rules=FREE_RULES,
        tone=options.tone,
        audience=options.audience,
    )

    def parse(answer: str) -> dict[str, Any]:
        (new_slide,), _ = read_reworded_slides(answer, [slide], faithful=False)
        return repair_texts(new_slide).to_dict()

    def find_slide_flaws(fields: dict[str, Any]) -> tuple[str, ...]:
        slides = [Slide.from_dict(fields)]
        return (*find_language_flaws(slides, deck.language), *find_flaws(slides))

    model = bootstrap.deck_model()
    # The salt makes the same instruction at another revision a new request.
    fields, calls = ask_with_cache(
        context,
        model,
        request,
        parse,
        find_flaws=find_slide_flaws,
        salt=str(context.envelope.revision),
    )
    new_slide = Slide.from_dict(fields)
    warnings = (*describe_emulated_rewrite(model.engine), *find_slide_flaws(fields))
    return WrittenDeck(replace_slides(deck, [new_slide]), calls, warnings)


def _read_stored_deck(context: UnitContext) -> Deck:
    stored = StoredObject.from_dict(context.spec["stored"])
    return Deck.from_dict(json.loads(read_object(context.objects, stored)))
