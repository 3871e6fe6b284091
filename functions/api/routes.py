"""Every operation of the API, in the order in which its documentation lists them."""

from __future__ import annotations

from functions.api.artefacts import get_artefact, list_events
from functions.api.catalogue import RecipeList, list_recipes
from functions.api.creating import CreatedJob, NewJob, create_job
from functions.api.decks import (
    DeckView,
    EditedDeck,
    SlideWish,
    get_deck,
    get_slide_picture,
    put_deck,
    release_deck,
    rewrite_slide,
)
from functions.api.health import Health, health
from functions.api.jobs import (
    JobPage,
    PageQuery,
    cancel_job,
    delete_job,
    get_job,
    list_jobs,
    redrive_job,
)
from functions.api.shares import open_share, revoke_share
from functions.api.views import EventList, JobView
from shared.domain.reviewing import DeckChanged, TooManyRevisions
from shared.errors import InvalidOption, NotAvailableYet, SourceExpired, WrongState
from shared.http.problems import LinkExpired, LinkRevoked
from shared.http.routing import Route

_JOB = "/v1/jobs/{job_id}"

ROUTES = (
    Route(
        "POST", "/v1/jobs", create_job,
        "Create a job and get the URLs to upload its inputs to.",
        CreatedJob, 201, body=NewJob, errors=(InvalidOption, NotAvailableYet),
    ),
    Route("GET", "/v1/jobs", list_jobs, "My jobs, newest first.", JobPage, query=PageQuery),
    Route("GET", _JOB, get_job, "One of my jobs, with its stages and results.", JobView),
    Route(
        "DELETE", _JOB, delete_job, "Delete a job and everything of it.",
        status=204, deleted_too=True,
    ),
    Route(
        "POST", f"{_JOB}/cancel", cancel_job,
        "End a job that is not finished.", JobView, errors=(WrongState,),
    ),
    Route(
        "POST", f"{_JOB}/redrive", redrive_job,
        "Take a failed job up again where it stopped.",
        JobView, errors=(WrongState, SourceExpired),
    ),
    Route("GET", f"{_JOB}/events", list_events, "What happened to a job.", EventList),
    Route(
        "GET", f"{_JOB}/artefacts/{{name}}", get_artefact,
        "Be sent to a result; the link holds for 15 minutes.", status=302,
    ),
    Route(
        "GET", f"{_JOB}/deck", get_deck,
        "The deck of a job's film, as it was drawn last.", DeckView, errors=(SourceExpired,),
    ),
    Route(
        "PUT", f"{_JOB}/deck", put_deck,
        "Edit the deck: a new revision is drawn, and becomes a film when it is released.",
        JobView, 202, body=EditedDeck,
        errors=(InvalidOption, DeckChanged, TooManyRevisions, WrongState, SourceExpired),
    ),
    Route(
        "POST", f"{_JOB}/deck/slides/{{slide_id}}/rewrite", rewrite_slide,
        "Have one slide written anew: a new revision is drawn.",
        JobView, 202, body=SlideWish,
        errors=(DeckChanged, TooManyRevisions, WrongState, SourceExpired),
    ),
    Route(
        "GET", f"{_JOB}/deck/slides/{{slide_id}}/picture", get_slide_picture,
        "Be sent to a slide as it was drawn; the link holds for 15 minutes.",
        status=302, errors=(SourceExpired,),
    ),
    Route(
        "POST", f"{_JOB}/deck/release", release_deck,
        "Let the film be made of the deck as it is.", JobView, 202, errors=(WrongState,),
    ),
    Route(
        "GET", "/v1/share/{token}", open_share,
        "Be sent to a shared result, without signing in.",
        status=302, signed_in=False, errors=(LinkExpired, LinkRevoked),
    ),
    Route("DELETE", "/v1/share/{token}", revoke_share, "Withdraw a link of mine.", status=204),
    Route("GET", "/v1/recipes", list_recipes, "What can be made out of what.", RecipeList),
    Route("GET", "/healthz", health, "Whether the API answers.", Health, signed_in=False),
)  # fmt: skip
