"""A part of slide_generation: the deck is written. Here by a model, out of a prompt."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from functions.slide_generation.asking import WORDING, model_request
from functions.slide_generation.fitting import fitted
from functions.slide_generation.layout import NOTHING
from functions.slide_generation.outlining import look, read_outline
from shared import bootstrap
from shared.domain.deck import Deck, DeckRejected
from shared.domain.deck_options import DeckOptions
from shared.domain.effects import Finished
from shared.domain.film_options import SUBTITLE_ROOM, FilmOptions
from shared.domain.pipeline import Bucket
from shared.domain.prompt import Prompt
from shared.errors import AnswerUnusable, DeckUnusable, InvalidOption
from shared.ports import ModelRequest, ObjectStore, SlideModel, Stored
from shared.stage import Task

SLIDES_PREFIX = "slides/"
ANSWERS_MOST = 3
"""How often a model is asked before the prompt is given up."""


@dataclass(frozen=True, slots=True)
class Written:
    """A deck, and what it took: `calls` to the model, or none when it was written before."""

    deck: Deck
    calls: int


def write_deck(task: Task) -> Finished:
    """Write deck.json once. The spec names where the deck comes from: {"deck": "prompt"}."""
    options = options_of(task)
    written = _SOURCES[task.spec["deck"]](task, options)
    deck = fitted(written.deck, kept_free(task))
    content = deck_json(deck)
    spec = hashlib.sha256(content).hexdigest()
    name = f"{SLIDES_PREFIX}{task.job.id}/{spec[:12]}/deck.json"
    stored = write_once(task.objects, name, spec, content, "application/json")
    task.log("deck.written", slides=len(deck.slides), calls=written.calls)
    facts = {"calls": written.calls, "hits": int(not written.calls)}
    return Finished((stored.artefact("deck.json", "deck"),), facts=facts)


def options_of(task: Task) -> DeckOptions:
    """What the job asks of its deck."""
    try:
        return DeckOptions.of(task.job.options)
    except ValueError as wrong:
        raise InvalidOption(str(wrong)) from wrong


def kept_free(task: Task) -> Fraction:
    """How much of a slide's height stays free of text, because subtitles will be burned in."""
    try:
        burned = FilmOptions.of(task.job.options).subtitles == "burned"
    except ValueError as wrong:
        raise InvalidOption(str(wrong)) from wrong
    return SUBTITLE_ROOM if burned else NOTHING


def deck_json(deck: Deck) -> bytes:
    """A deck as it is stored."""
    return json.dumps(deck.to_dict(), ensure_ascii=False, separators=(",", ":")).encode()


def write_once(
    objects: ObjectStore, name: str, spec: str, content: bytes, content_type: str
) -> Stored:
    """An object of the work bucket whose name tells its content."""
    with objects.create(Bucket.WORK, name, content_type=content_type, spec=spec) as writer:
        writer.write(content)
    return writer.stored


def read_stored(objects: ObjectStore, place: Stored) -> bytes:
    """All of a small object."""
    return objects.read_at(place.bucket, place.name, place.generation)(0, place.size_bytes)


def _from_prompt(task: Task, options: DeckOptions) -> Written:
    """By a model, unless it was asked the very same before by this person."""
    model = bootstrap.slide_model()
    request = model_request(_prompt(task), options)
    key = request_key(request, model.engine, task.job.owner)
    name = f"{SLIDES_PREFIX}{_folder(task.job.owner)}/{key}.json"
    there = task.objects.stat(Bucket.WORK, name)
    calls = 0
    if there is None:
        deck, calls = ask(model, request, options, task.check)
        there = write_once(task.objects, name, key, deck_json(deck), "application/json")
    # Also after writing: whoever was faster has asked the model another time.
    told = json.loads(read_stored(task.objects, there))
    return Written(Deck.from_dict({**told, **look(options)}), calls)


def _prompt(task: Task) -> Prompt:
    given = task.job.facts["upload_trigger"]["prompt"]
    read = task.objects.read_at(Bucket.UPLOADS, given["object"], given["generation"])
    return Prompt.from_bytes(read(0, given["size_bytes"]))


def ask(
    model: SlideModel, request: ModelRequest, options: DeckOptions, check: Callable[[], None]
) -> tuple[Deck, int]:
    """The first answer that is a deck, and how many were asked for. `check` stops by raising.

    Every attempt is the same request: what was wrong is not shown to the model, since that text is
    no more to be trusted than the prompt. Raises DeckUnusable, and what the model raises.
    """
    reason: Exception | None = None
    for calls in range(1, ANSWERS_MOST + 1):
        check()
        try:
            return read_outline(model.answer(request), options), calls
        except (AnswerUnusable, DeckRejected) as unusable:
            reason = unusable
    raise DeckUnusable(
        f"The model gave no usable deck in {ANSWERS_MOST} attempts. {reason} "
        "Word the prompt differently, or ask for fewer slides."
    ) from reason


def request_key(request: ModelRequest, engine: str, owner: str) -> str:
    """The content address of an answer. The owner is part of it: nobody can find out what
    somebody else asked for."""
    content = [WORDING, owner, engine, request.system, request.text, request.schema]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _folder(owner: str) -> str:
    # A name may hold what an object's name should not, and says who it is.
    return hashlib.sha256(owner.encode()).hexdigest()[:32]


_SOURCES: Mapping[str, Callable[[Task, DeckOptions], Written]] = {"prompt": _from_prompt}
"""Where a deck can come from, by the part's spec."""


def recorded_deck(task: Task) -> tuple[Deck, Stored, Mapping[str, Any]]:
    """For the join: the deck that the part wrote, where it lies, and the part's facts."""
    (unit,) = task.part_units()
    (artefact,) = unit.artefacts
    there = task.objects.stat(Bucket(artefact.bucket), artefact.object)
    if there is None:
        raise DeckUnusable("The deck is no longer there.")
    return Deck.from_dict(json.loads(read_stored(task.objects, there))), there, unit.facts
