"""Decks that a person worked on: as they were left, or with one slide written anew."""

from __future__ import annotations

import json
from typing import Any

from functions.slide_generation.deck.deck_result import WrittenDeck
from functions.slide_generation.deck.model_cache import ask_with_cache
from functions.slide_generation.deck.rewording import (
    FREE_RULES,
    build_reword_request,
    read_reworded_slides,
    replace_slides,
)
from shared.entrypoints import bootstrap
from shared.entrypoints.stage import UnitContext
from shared.errors import DeckUnusable
from shared.recipes.films.deck import Deck, Slide
from shared.recipes.films.deck_options import DeckOptions
from shared.recipes.stored_object import StoredObject
from shared.runtime.results_writer import read_object


def load_edited_deck(context: UnitContext, _options: DeckOptions) -> WrittenDeck:
    """The deck as the person left it. The spec: {"stored": where it lies}."""
    return WrittenDeck(_stored_deck(context), 0)


def rewrite_slide(context: UnitContext, options: DeckOptions) -> WrittenDeck:
    """The deck with one slide written anew by the model. The spec: {"stored", "slide": its id,
    "instruction": what shall be different, or ""}."""
    deck, instruction = _stored_deck(context), str(context.spec["instruction"])
    slide = next((one for one in deck.slides if one.id == context.spec["slide"]), None)
    if slide is None:
        raise DeckUnusable("The slide that was to be written anew is no longer there.")
    film = {
        "title": deck.title,
        "headings": [one.heading for one in deck.slides],
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

    def read(answer: str) -> dict[str, Any]:
        (made,), _ = read_reworded_slides(answer, [slide], faithful=False)
        return made.to_dict()

    # The same instruction at another revision is another request.
    told, calls = ask_with_cache(
        context, bootstrap.deck_model(), request, read, salt=str(context.envelope.revision)
    )
    return WrittenDeck(replace_slides(deck, [Slide.from_dict(told)]), calls)


def _stored_deck(context: UnitContext) -> Deck:
    stored = StoredObject.from_dict(context.spec["stored"])
    return Deck.from_dict(json.loads(read_object(context.objects, stored)))
