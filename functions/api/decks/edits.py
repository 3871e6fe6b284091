"""Edits of a deck in the form in which `GET` returns it, and edits that change nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from functions.api.decks.schemas import DeckUpdate
from shared.flows.documents import stage_path
from shared.http.problems import InvalidFields
from shared.http.request import ApiRequest
from shared.jobs.model import Job, Status
from shared.recipes.films.deck import Deck
from shared.recipes.films.deck_fields import DeckRejected
from shared.recipes.results import DeckResult

_CONTENT_FIELDS = ("title", "language", "theme", "aspect", "resolution", "slides")
_SETTLED = (Status.FAILED, Status.CANCELLED)
"""In these states even an equal deck is an edit: it resumes the job, or is refused."""


def read_deck(update: DeckUpdate) -> Deck:
    """Returns the deck of an edit: `deck`, or the fields of a deck as `GET` returns them. Raises
    InvalidFields, DeckRejected."""
    given = {name for name in _CONTENT_FIELDS if getattr(update, name) is not None}
    content = update.model_dump(mode="json", include=given)
    if update.deck is not None:
        if content:
            message = "Send the fields of the deck in deck or beside it, not in both places."
            raise InvalidFields([("deck", message)])
        content = update.deck.model_dump(mode="json")
    missing = [name for name in _CONTENT_FIELDS if name not in content]
    if len(missing) == len(_CONTENT_FIELDS):
        raise InvalidFields([("deck", "The deck is missing.")])
    if missing:
        raise InvalidFields([(name, "This field of the deck is missing.") for name in missing])
    for slide in content["slides"]:
        slide.pop("picture_url", None)
    return Deck.from_dict(content)


def field_of(update: DeckUpdate, error: DeckRejected) -> str:
    """Returns the path of the field that was rejected, in the form of the edit."""
    location = error.location if update.deck is None else f"deck.{error.location}"
    return location.rstrip(".") or "deck"


def is_unchanged(
    job: Job, base_revision: int, deck: Deck, current: Deck, options: Mapping[str, Any]
) -> bool:
    """Whether an edit is the deck as last rendered, with the options of the job: then no revision
    is opened and nothing runs."""
    rendered = DeckResult.require(job.facts).revision
    return (
        base_revision == rendered == job.revision
        and job.status not in _SETTLED
        and dict(options) == dict(job.options)
        and deck.to_dict() == current.to_dict()
    )


def is_pending(
    request: ApiRequest,
    base_revision: int,
    edit: Mapping[str, Any],
    name: str,
    options: Mapping[str, Any],
) -> bool:
    """Whether the same edit was made before: the response to it was lost, and it is repeated. RFC
    9110 §13.1.1 allows success then.

    Args:
        edit: The spec of the edit without its stored object.
        name: The name of that object.
        options: The job's new options.
    """
    job = request.job
    stage = job.recipe.deck_stage
    if stage is None or job.revision <= base_revision or dict(job.options) != dict(options):
        return False
    (doc,) = request.services.store.read([stage_path(job.id, stage, job.revision)])
    if doc is None:
        return False
    specs = [{**part, "stored": part["stored"]["name"]} for part in doc.data["parts"]]
    return specs == [{**edit, "stored": name}]
