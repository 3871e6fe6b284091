"""Decks that a person worked on: as they were left, or with one slide written anew."""

from __future__ import annotations

import json
from typing import Any

from functions.slide_generation.deck.deck_result import Written
from functions.slide_generation.deck.model_cache import remembered
from functions.slide_generation.deck.rewording import (
    FREE,
    read_reworded,
    reword_request,
    with_slides,
)
from shared.entrypoints import bootstrap
from shared.entrypoints.stage import Task
from shared.errors import DeckUnusable
from shared.recipes.films.deck import Deck, Slide
from shared.recipes.films.deck_options import DeckOptions
from shared.recipes.stored_object import StoredObject
from shared.runtime.results_writer import read_object


def edited(task: Task, _options: DeckOptions) -> Written:
    """The deck as the person left it. The spec: {"place": where it lies}."""
    return Written(_stored_deck(task), 0)


def rewritten(task: Task, options: DeckOptions) -> Written:
    """The deck with one slide written anew by the model. The spec: {"place", "slide": its id,
    "wish": what shall be different, or ""}."""
    deck, wish = _stored_deck(task), str(task.spec["wish"])
    slide = next((one for one in deck.slides if one.id == task.spec["slide"]), None)
    if slide is None:
        raise DeckUnusable("The slide that was to be written anew is no longer there.")
    film = {
        "title": deck.title,
        "headings": [one.heading for one in deck.slides],
    }
    request = reword_request(
        [slide],
        film=film,
        language=deck.language,
        wish=wish,
        faith=FREE,
        tone=options.tone,
        audience=options.audience,
    )

    def read(answer: str) -> dict[str, Any]:
        (made,), _ = read_reworded(answer, [slide], faithful=False)
        return made.to_dict()

    # The same wish at another revision is a wish for something else.
    told, calls = remembered(
        task, bootstrap.slide_model(), request, read, once=str(task.envelope.revision)
    )
    return Written(with_slides(deck, [Slide.from_dict(told)]), calls)


def _stored_deck(task: Task) -> Deck:
    stored = StoredObject.from_dict(task.spec["place"])
    return Deck.from_dict(json.loads(read_object(task.objects, stored)))
