"""A job's deck: looked at, edited, one slide written anew, and released to become a film."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import Field

from functions.api.fields import Line, Scalar
from functions.api.jobs.handlers import check_rework_rate
from functions.api.jobs.recipes import read_options
from functions.api.jobs.schemas import job_view
from functions.api.rate_limits import RateLimitState
from shared.errors import NotFound
from shared.flows.documents import job_path
from shared.http.problems import InvalidFields
from shared.http.request import ApiRequest, ApiResponse
from shared.http.schemas import RequestModel, ResponseModel
from shared.jobs.commands import deck_review
from shared.jobs.model import Job
from shared.pipeline import DECKS_PREFIX, Bucket
from shared.recipes.films.deck import Deck, DeckRejected
from shared.recipes.films.deck_options import THEMES
from shared.recipes.films.deck_pictures import MOOD_CHART, check_pictures, has_mood, list_pictures
from shared.recipes.films.options import FILM_OPTION_NAMES
from shared.recipes.results import DeckResult
from shared.runtime.results_writer import read_object, write_once

PICTURE_VALID_S = 15 * 60
MAX_REWRITE_CHARS = 1_000
_MAY_CHANGE = ("voice", "speed", "pitch", *FILM_OPTION_NAMES)
"""Options that say how a film sounds and looks; what else a deck decides stands in the deck."""

Revision = Annotated[int, Field(ge=0, lt=1 << 31)]


class SlideContent(RequestModel):
    """A slide. `id` stays the same while it is edited; `picture` is one of the deck's `pictures`,
    or null."""

    id: Annotated[str, Field(max_length=40)]
    heading: Annotated[str, Field(max_length=120)]
    bullets: Annotated[tuple[Annotated[str, Field(max_length=240)], ...], Field(max_length=6)] = ()
    notes: Annotated[str, Field(max_length=5_000)] = ""
    layout: Annotated[str, Field(max_length=20)] = "bullets"
    picture: Annotated[str, Field(max_length=300)] | None = None


class DeckContent(RequestModel):
    """A deck as it is to be: title, language, look, and 3 to 40 slides in their order."""

    title: Annotated[str, Field(max_length=120)]
    language: Annotated[str, Field(max_length=20)]
    theme: Annotated[str, Field(max_length=40)]
    aspect: Annotated[str, Field(max_length=10)]
    resolution: Annotated[str, Field(max_length=10)]
    slides: Annotated[tuple[SlideContent, ...], Field(min_length=3, max_length=40)]


class DeckUpdate(RequestModel):
    """An edit. `revision` is the one that was read; `options` may change how the film sounds and
    how its slides follow each other; `release` makes the film at once."""

    revision: Revision
    deck: DeckContent
    options: dict[Annotated[str, Field(max_length=40)], Scalar] = Field({}, max_length=20)
    release: bool = False


class SlideRewriteRequest(RequestModel):
    """One slide shall be written anew, as `instruction` says (null: differently)."""

    revision: Revision
    instruction: Annotated[Line, Field(max_length=MAX_REWRITE_CHARS)] | None = None


class SlideView(ResponseModel):
    """A slide, and where its picture is."""

    id: str
    heading: str
    bullets: tuple[str, ...]
    notes: str
    layout: str
    picture: str | None
    picture_url: str


class DeckView(ResponseModel):
    """The deck of `revision`; `current` is false while an edited one is being drawn, and when it
    could not be. `pictures` are the references that slides may make."""

    revision: int
    current: bool
    title: str
    language: str
    theme: str
    aspect: str
    resolution: str
    slides: tuple[SlideView, ...]
    pictures: tuple[str, ...]


def get_deck(request: ApiRequest) -> ApiResponse:
    """The deck as it was drawn last. Raises NotFound when there is none yet."""
    job, deck = request.job, _deck(request)
    revision = DeckResult.require(job.facts).revision
    base = f"/v1/jobs/{job.id}/deck/slides"
    pictures = [*list_pictures(job.facts), *([MOOD_CHART] if has_mood(job.facts) else [])]
    return ApiResponse(
        DeckView(
            revision=revision,
            current=revision == job.revision,
            title=deck.title,
            language=deck.language,
            theme=deck.theme,
            aspect=deck.aspect,
            resolution=deck.resolution,
            slides=tuple(
                SlideView(**one.to_dict(), picture_url=f"{base}/{quote(one.id)}/picture")
                for one in deck.slides
            ),
            pictures=tuple(pictures),
        )
    )


def get_slide_picture(request: ApiRequest) -> ApiResponse:
    """A redirect to a slide as it was drawn."""
    deck = _deck(request)
    images = DeckResult.require(request.job.facts).slides
    for slide, image in zip(deck.slides, images, strict=True):
        if slide.id == request.path_params["slide_id"]:
            name = f"{slide.id}.png"
            drawn = image.stored_object.to_artifact(name, "slide")
            sign = request.services.objects.sign_download
            return ApiResponse.redirect(
                sign(drawn, filename=name, valid_s=PICTURE_VALID_S, inline=True)
            )
    raise NotFound("The deck has no such slide.")


def put_deck(request: ApiRequest) -> ApiResponse:
    """Open a revision with the deck of the body. Raises InvalidFields, and what `let_in_again` and
    `revise` raise."""
    form, job = request.body(DeckUpdate), request.job
    before = _deck(request)
    try:
        deck = Deck.from_dict(form.deck.model_dump(mode="json"))
        _check_theme(deck)
        check_pictures(deck, job.facts, before)
    except DeckRejected as wrong:
        raise InvalidFields([(f"deck.{wrong.location}".rstrip("."), str(wrong))]) from wrong
    options = _changed(request, form.options)
    standing = check_rework_rate(request)
    content = json.dumps(deck.to_dict(), ensure_ascii=False, separators=(",", ":")).encode()
    spec = {"deck": "edited", "stored": _kept(request, content), "review": not form.release}
    return _revised(request, form.revision, spec, options, standing)


def rewrite_slide(request: ApiRequest) -> ApiResponse:
    """Open a revision in which the model writes one slide anew."""
    form = request.body(SlideRewriteRequest)
    if request.path_params["slide_id"] not in {one.id for one in _deck(request).slides}:
        raise NotFound("The deck has no such slide.")
    spec = {
        "deck": "rewritten",
        "stored": DeckResult.require(request.job.facts).deck.to_dict(),
        "slide": request.path_params["slide_id"],
        "instruction": form.instruction or "",
        "review": True,
    }
    return _revised(request, form.revision, spec, request.job.options, check_rework_rate(request))


def release_deck(request: ApiRequest) -> ApiResponse:
    """Let the film be made of the deck as it is; again is no error."""
    request.run(lambda clock: deck_review.release(request.job.id, clock))
    return _now(request)


def _revised(
    request: ApiRequest,
    base: int,
    spec: Mapping[str, Any],
    options: Mapping[str, Any],
    standing: RateLimitState,
) -> ApiResponse:
    request.run(
        lambda clock: deck_review.open_revision(
            request.job.id,
            clock,
            base_revision=base,
            spec=spec,
            options=options,
            retention_days=request.settings.job_retention_days,
        )
    )
    return replace(_now(request), headers=standing.headers)


def _changed(request: ApiRequest, given: Mapping[str, Any]) -> dict[str, Any]:
    """The job's options with those that an edit may change."""
    strange = [name for name in given if name not in _MAY_CHANGE]
    if strange:
        told = ", ".join(_MAY_CHANGE)
        raise InvalidFields(
            [(f"options.{name}", f"With a deck only these change: {told}.") for name in strange]
        )
    return read_options(request.job.recipe, {**request.job.options, **given}, request.settings)


def _check_theme(deck: Deck) -> None:
    if deck.theme not in THEMES:
        raise DeckRejected("theme", f"There is no such theme; there are {', '.join(THEMES)}.")


def _kept(request: ApiRequest, content: bytes) -> dict[str, Any]:
    """Write the deck where slide_generation finds it; → its place."""
    spec = hashlib.sha256(content).hexdigest()
    name = f"{DECKS_PREFIX}{request.job.id}/{spec[:24]}.json"
    stored = write_once(
        request.services.objects,
        Bucket.WORK,
        name,
        content,
        content_type="application/json",
        spec=spec,
    )
    return stored.to_dict()


def _deck(request: ApiRequest) -> Deck:
    drawn = DeckResult.find(request.job.facts)
    if drawn is None:
        raise NotFound("The job has no deck yet.")
    return Deck.from_dict(json.loads(read_object(request.services.objects, drawn.deck)))


def _now(request: ApiRequest) -> ApiResponse:
    (doc,) = request.services.store.read([job_path(request.job.id)])
    if doc is None:
        raise NotFound("There is no such job.")
    return ApiResponse(job_view(Job.from_doc(doc), request.services.store))
