"""The deck of a job: reading it, editing it, rewriting a slide, and releasing it for the film."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from functions.api import rate_limit_policies
from functions.api.decks.edits import field_of, is_pending, is_unchanged, read_deck
from functions.api.decks.pictures import find_uploaded, list_uploaded
from functions.api.decks.schemas import DeckUpdate, DeckView, SlideRewriteRequest, SlideView
from functions.api.jobs.handlers import consume_rework_quota
from functions.api.jobs.recipes import read_options
from functions.api.jobs.schemas import job_view
from functions.api.jobs.voices import find_problems
from shared.errors import NotFound
from shared.flows.documents import job_path
from shared.http.artifacts import redirect_to
from shared.http.limits.policy import RateLimitState
from shared.http.limits.rate_limits import consume
from shared.http.problems import ChangedMeanwhile, InvalidFields
from shared.http.request import ApiRequest, ApiResponse
from shared.jobs.commands import deck_review
from shared.jobs.model import Job, Status
from shared.pipeline import DECKS_PREFIX, Bucket
from shared.recipes.films.deck import Deck
from shared.recipes.films.deck_fields import DeckRejected
from shared.recipes.films.deck_options import THEMES
from shared.recipes.films.deck_pictures import MOOD_CHART, check_pictures, has_mood, list_pictures
from shared.recipes.films.options import FILM_OPTION_NAMES
from shared.recipes.results import DeckResult
from shared.runtime.results_writer import read_object, write_once

_EDITABLE_OPTIONS = ("voice", "speed", "pitch", *FILM_OPTION_NAMES)
"""The options that an edit can change: those of the voice and the film. The other properties of a
deck are fields of the deck itself."""


def get_deck(request: ApiRequest) -> ApiResponse:
    """Returns the deck as last rendered.

    Raises NotFound if the job has no deck yet.
    """
    return ApiResponse(_deck_view(request, _read_deck(request)))


def _deck_view(request: ApiRequest, deck: Deck) -> DeckView:
    job = request.job
    revision = DeckResult.require(job.facts).revision
    base = f"/v1/jobs/{job.id}/deck/slides"
    pictures = [*list_pictures(job.facts), *([MOOD_CHART] if has_mood(job.facts) else [])]
    added = list_uploaded(request)
    pictures += [picture.reference for picture in added]
    return DeckView(
        revision=revision,
        current=revision == job.revision,
        title=deck.title,
        language=deck.language,
        theme=deck.theme,
        aspect=deck.aspect,
        resolution=deck.resolution,
        slides=tuple(
            SlideView(**slide.to_dict(), picture_url=f"{base}/{quote(slide.id)}/picture")
            for slide in deck.slides
        ),
        pictures=tuple(pictures),
        added_pictures={item.reference: item.filename for item in added},
    )


def get_slide_picture(request: ApiRequest) -> ApiResponse:
    """Redirects to the rendered picture of a slide."""
    deck = _read_deck(request)
    images = DeckResult.require(request.job.facts).slides
    for slide, image in zip(deck.slides, images, strict=True):
        if slide.id == request.path_params["slide_id"]:
            artifact = image.stored_object.to_artifact(f"{slide.id}.png", "slide")
            return redirect_to(request, artifact, inline=True)
    raise NotFound("The deck has no such slide.")


def put_deck(request: ApiRequest) -> ApiResponse:
    """Opens a revision with the deck of the request. A deck that is not changed opens none; with
    `release` it is released.

    Raises InvalidFields, InvalidOption, ChangedMeanwhile, and the errors of consume_rework_quota
    and deck_review.open_revision.
    """
    body, job = request.body(DeckUpdate), request.job
    current = _read_deck(request)
    try:
        deck = read_deck(body)
        _check_theme(deck)
        check_pictures(deck, job.facts, current, find_uploaded(request, deck))
    except DeckRejected as error:
        raise InvalidFields([(field_of(body, error), str(error))]) from error
    options = _edited_options(request, body.options)
    if deck.language != current.language or body.options.get("voice"):
        _check_voice(options, deck.language)
    if is_unchanged(job, body.revision, deck, current, options):
        request.check_if_match(_deck_view(request, current))
        if body.release and job.status is Status.AWAITING_REVIEW:
            with _changed_meanwhile(request):
                return _release(request, body.revision)
        return _job_response(request)
    content = json.dumps(deck.to_dict(), ensure_ascii=False, separators=(",", ":")).encode()
    name, edit = _deck_name(job, content), {"deck": "edited", "review": not body.release}
    if not is_pending(request, body.revision, edit, name, options):
        # Before the quota and the object: a request that is refused uses neither.
        request.check_if_match(_deck_view(request, current))
    rate_limit = consume_rework_quota(request)
    spec = {**edit, "stored": _store_deck(request, name, content)}
    with _changed_meanwhile(request):
        return _create_revision(request, body.revision, spec, options, rate_limit)


def rewrite_slide(request: ApiRequest) -> ApiResponse:
    """Opens a revision in which the model rewrites one slide."""
    body = request.body(SlideRewriteRequest)
    if request.path_params["slide_id"] not in {slide.id for slide in _read_deck(request).slides}:
        raise NotFound("The deck has no such slide.")
    spec = {
        "deck": "rewritten",
        "stored": DeckResult.require(request.job.facts).deck.to_dict(),
        "slide": request.path_params["slide_id"],
        "instruction": body.instruction or "",
        "review": True,
    }
    return _create_revision(
        request, body.revision, spec, request.job.options, consume_rework_quota(request)
    )


def release_deck(request: ApiRequest) -> ApiResponse:
    """Releases the deck, and its film is rendered. Releasing it again only announces its stages
    again.

    Raises WrongState, LimitReached.
    """
    return _release(request, None)


def _release(request: ApiRequest, revision: int | None) -> ApiResponse:
    """Releases the deck, only in this revision if one is given."""
    rate_limit = consume(request, rate_limit_policies.reworks(request.settings), request.user.uid)
    request.run(lambda clock: deck_review.release(request.job.id, clock, revision))
    return replace(_job_response(request), headers=rate_limit.headers)


@contextmanager
def _changed_meanwhile(request: ApiRequest) -> Iterator[None]:
    """Raises ChangedMeanwhile instead of DeckChanged when the request has If-Match: the deck was
    edited after the check of its ETag."""
    try:
        yield
    except deck_review.DeckChanged:
        if request.if_match:
            raise ChangedMeanwhile from None
        raise


def _create_revision(
    request: ApiRequest,
    base: int,
    spec: Mapping[str, Any],
    options: Mapping[str, Any],
    rate_limit: RateLimitState,
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
    return replace(_job_response(request), headers=rate_limit.headers)


def _edited_options(request: ApiRequest, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the job's options with the changes applied. Raises InvalidFields, InvalidOption."""
    unknown = [name for name in changes if name not in _EDITABLE_OPTIONS]
    if unknown:
        names = ", ".join(_EDITABLE_OPTIONS)
        raise InvalidFields(
            [(f"options.{name}", f"An edited deck can change only: {names}.") for name in unknown]
        )
    return read_options(request.job.recipe, {**request.job.options, **changes}, request.settings)


def _check_voice(options: Mapping[str, Any], language: str) -> None:
    """Raises InvalidFields when no voice speaks the language of the deck, or the voice does not."""
    fields = {"language": "deck.language", "voice": "options.voice"}
    problems = [(fields[name], text) for name, text in find_problems(options, language)]
    if problems:
        raise InvalidFields(problems)


def _check_theme(deck: Deck) -> None:
    if deck.theme not in THEMES:
        raise DeckRejected("theme", f"Unknown theme; the themes are {', '.join(THEMES)}.")


def _deck_name(job: Job, content: bytes) -> str:
    """Returns the name of the object of an edited deck, which identifies its content."""
    return f"{DECKS_PREFIX}{job.id}/{hashlib.sha256(content).hexdigest()[:24]}.json"


def _store_deck(request: ApiRequest, name: str, content: bytes) -> dict[str, Any]:
    """Writes the deck for slide_generation. Returns the stored object as a dict."""
    stored = write_once(
        request.services.objects,
        Bucket.WORK,
        name,
        content,
        content_type="application/json",
        spec=hashlib.sha256(content).hexdigest(),
    )
    return stored.to_dict()


def _read_deck(request: ApiRequest) -> Deck:
    result = DeckResult.find(request.job.facts)
    if result is None:
        raise NotFound("The job has no deck yet.")
    return Deck.from_dict(json.loads(read_object(request.services.objects, result.deck)))


def _job_response(request: ApiRequest) -> ApiResponse:
    (doc,) = request.services.store.read([job_path(request.job.id)])
    if doc is None:
        raise NotFound("There is no such job.")
    return ApiResponse(job_view(Job.from_doc(doc), request.services.store))
