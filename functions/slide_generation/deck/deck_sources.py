"""A part of slide_generation: the deck is written, by a model, by rule, or by a person."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping

from functions.slide_generation.deck.deck_result import Written, kept_free, options_of
from functions.slide_generation.deck.deck_store import deck_json
from functions.slide_generation.deck.edits import edited, rewritten
from functions.slide_generation.deck.fitting import fitted
from functions.slide_generation.deck.model_cache import remembered
from functions.slide_generation.deck.model_request import model_request
from functions.slide_generation.deck.outline import look, read_outline
from functions.slide_generation.deck.recap_source import from_timeline
from functions.slide_generation.drawing.pictures import Album, illustrated
from shared.entrypoints import bootstrap
from shared.entrypoints.stage import Task
from shared.errors import DeckUnusable
from shared.jobs.claims import Finished
from shared.pipeline import SLIDES_PREFIX, Bucket
from shared.recipes.films.deck import Deck
from shared.recipes.films.deck_options import DeckOptions
from shared.recipes.films.prompt import Prompt
from shared.recipes.results import DeckPart
from shared.recipes.stored_object import StoredObject
from shared.recipes.upload_results import Uploads
from shared.runtime.results_writer import read_object, write_once


def write_deck(task: Task) -> Finished:
    """Write deck.json once. The spec names where the deck comes from: {"deck": "prompt"}."""
    options = options_of(task)
    written = _SOURCES[task.spec["deck"]](task, options)
    deck = fitted(written.deck, kept_free(task))
    content = deck_json(deck)
    spec = hashlib.sha256(content).hexdigest()
    name = f"{SLIDES_PREFIX}{task.job.id}/{spec[:12]}/deck.json"
    stored = write_once(
        task.objects, Bucket.WORK, name, content, content_type="application/json", spec=spec
    )
    task.log("deck.written", slides=len(deck.slides), calls=written.calls)
    result = DeckPart(written.calls, int(not written.calls), written.warnings)
    return Finished((stored.artefact("deck.json", "deck"),), facts=result.to_dict())


def _from_prompt(task: Task, options: DeckOptions) -> Written:
    """By a model, unless it was asked the very same before by this person."""
    request = model_request(_prompt(task), options)
    told, calls = remembered(
        task,
        bootstrap.slide_model(),
        request,
        lambda answer: read_outline(answer, options).to_dict(),
    )
    deck = Deck.from_dict({**told, **look(options)})
    return illustrated(Written(deck, calls), Album.of(task), options)


def _prompt(task: Task) -> Prompt:
    uploaded = Uploads.of(task.job.facts).input("prompt")
    return Prompt.from_bytes(read_object(task.objects, uploaded.stored))


_SOURCES: Mapping[str, Callable[[Task, DeckOptions], Written]] = {
    "prompt": _from_prompt,
    "timeline": from_timeline,
    "edited": edited,
    "rewritten": rewritten,
}
"""Where a deck can come from, by the part's spec."""


def recorded_deck(task: Task) -> tuple[Deck, StoredObject, DeckPart]:
    """For the join: the deck that the part wrote, where it lies, and the part's result."""
    (unit,) = task.part_units()
    (artefact,) = unit.artefacts
    there = task.objects.stat(Bucket(artefact.bucket), artefact.object)
    if there is None:
        raise DeckUnusable("The deck is no longer there.")
    deck = Deck.from_dict(json.loads(read_object(task.objects, there)))
    return deck, there, DeckPart.from_dict(unit.facts)
