"""The routes of a job's deck."""

from __future__ import annotations

from functions.api import rate_limit_policies
from functions.api.decks import handlers, pictures, schemas
from functions.api.jobs.schemas import JobView
from shared.api_keys import Resource
from shared.errors import InvalidOption, SourceExpired, StorageFull, TooManyJobs, WrongState
from shared.http.routing import Route
from shared.jobs.commands.deck_review import DeckChanged, TooManyRevisions

_DECK = "/v1/jobs/{job_id}/deck"

_ROUTES = (
    Route("GET", _DECK, handlers.get_deck, "Get the deck of a job's film, as last rendered.",
          schemas.DeckView, errors=(SourceExpired,)),
    Route(
        "PUT", _DECK, handlers.put_deck,
        "Replace the deck; a new revision is rendered, and becomes a film once released.",
        JobView, 202, body=schemas.DeckUpdate, conditional=True,
        policies=(rate_limit_policies.reworks,),
        errors=(
            InvalidOption, DeckChanged, TooManyRevisions, TooManyJobs, WrongState, SourceExpired,
            StorageFull,
        ),
    ),
    Route(
        "POST", f"{_DECK}/slides/{{slide_id}}/rewrite", handlers.rewrite_slide,
        "Let the model rewrite one slide; a new revision is rendered.",
        JobView, 202, body=schemas.SlideRewriteRequest, policies=(rate_limit_policies.reworks,),
        errors=(
            DeckChanged, TooManyRevisions, TooManyJobs, WrongState, SourceExpired, StorageFull,
        ),
    ),
    Route(
        "GET", f"{_DECK}/slides/{{slide_id}}/picture", handlers.get_slide_picture,
        "Redirect to a rendered slide; the link is valid for 15 minutes.",
        status=302, errors=(SourceExpired,),
    ),
    Route(
        "POST", f"{_DECK}/pictures", pictures.add_picture,
        "Add a picture to a deck: get the request that uploads it, and its name for a slide.",
        schemas.DeckPictureView, body=schemas.DeckPictureRequest,
        policies=(rate_limit_policies.uploads,), errors=(StorageFull,),
    ),
    Route(
        "POST", f"{_DECK}/release", handlers.release_deck,
        "Release the deck; its film is rendered.", JobView, 202,
        policies=(rate_limit_policies.reworks,), errors=(WrongState,),
    ),
)  # fmt: skip
ROUTES = tuple(route.with_group("Decks", Resource.JOBS) for route in _ROUTES)
