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
from functions.api.jobs.handlers import let_in_again
from functions.api.jobs.recipes import read_options
from functions.api.jobs.schemas import job_view
from functions.api.rate_limits import Standing
from shared.errors import NotFound
from shared.flows.documents import job_path
from shared.http.problems import InvalidFields
from shared.http.request import Answer, Call
from shared.http.schemas import Form, Told
from shared.jobs.commands import deck_review
from shared.jobs.model import Job
from shared.pipeline import DECKS_PREFIX, Bucket
from shared.recipes.films.deck import Deck, DeckRejected
from shared.recipes.films.deck_options import THEMES
from shared.recipes.films.deck_pictures import CHART, check_pictures, has_mood, pictures_of
from shared.recipes.films.options import FILM_NAMES
from shared.recipes.results import DeckResult
from shared.runtime.results_writer import read_object, write_once

PICTURE_VALID_S = 15 * 60
WISH_CHARS = 1_000
_MAY_CHANGE = ("voice", "speed", "pitch", *FILM_NAMES)
"""Options that say how a film sounds and looks; what else a deck decides stands in the deck."""

Revision = Annotated[int, Field(ge=0, lt=1 << 31)]


class SlideForm(Form):
    """A slide. `id` stays the same while it is edited; `picture` is one of the deck's `pictures`,
    or null."""

    id: Annotated[str, Field(max_length=40)]
    heading: Annotated[str, Field(max_length=120)]
    bullets: Annotated[tuple[Annotated[str, Field(max_length=240)], ...], Field(max_length=6)] = ()
    notes: Annotated[str, Field(max_length=5_000)] = ""
    layout: Annotated[str, Field(max_length=20)] = "bullets"
    picture: Annotated[str, Field(max_length=300)] | None = None


class DeckForm(Form):
    """A deck as it is to be: title, language, look, and 3 to 40 slides in their order."""

    title: Annotated[str, Field(max_length=120)]
    language: Annotated[str, Field(max_length=20)]
    theme: Annotated[str, Field(max_length=40)]
    aspect: Annotated[str, Field(max_length=10)]
    resolution: Annotated[str, Field(max_length=10)]
    slides: Annotated[tuple[SlideForm, ...], Field(min_length=3, max_length=40)]


class EditedDeck(Form):
    """An edit. `revision` is the one that was read; `options` may change how the film sounds and
    how its slides follow each other; `release` makes the film at once."""

    revision: Revision
    deck: DeckForm
    options: dict[Annotated[str, Field(max_length=40)], Scalar] = Field({}, max_length=20)
    release: bool = False


class SlideWish(Form):
    """One slide shall be written anew, as `wish` says (null: differently)."""

    revision: Revision
    wish: Annotated[Line, Field(max_length=WISH_CHARS)] | None = None


class SlideView(Told):
    """A slide, and where its picture is."""

    id: str
    heading: str
    bullets: tuple[str, ...]
    notes: str
    layout: str
    picture: str | None
    picture_url: str


class DeckView(Told):
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


def get_deck(call: Call) -> Answer:
    """The deck as it was drawn last. Raises NotFound when there is none yet."""
    job, deck = call.job, _deck(call)
    revision = DeckResult.of(job.facts).revision
    base = f"/v1/jobs/{job.id}/deck/slides"
    pictures = [*pictures_of(job.facts), *([CHART] if has_mood(job.facts) else [])]
    return Answer(
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


def get_slide_picture(call: Call) -> Answer:
    """A redirect to a slide as it was drawn."""
    deck = _deck(call)
    images = DeckResult.of(call.job.facts).slides
    for slide, image in zip(deck.slides, images, strict=True):
        if slide.id == call.named["slide_id"]:
            name = f"{slide.id}.png"
            drawn = image.stored.artefact(name, "slide")
            sign = call.world.objects.sign_download
            return Answer.redirect(sign(drawn, filename=name, valid_s=PICTURE_VALID_S, inline=True))
    raise NotFound("The deck has no such slide.")


def put_deck(call: Call) -> Answer:
    """Open a revision with the deck of the body. Raises InvalidFields, and what `let_in_again` and
    `revise` raise."""
    form, job = call.body(EditedDeck), call.job
    before = _deck(call)
    try:
        deck = Deck.from_dict(form.deck.model_dump(mode="json"))
        _check_theme(deck)
        check_pictures(deck, job.facts, before)
    except DeckRejected as wrong:
        raise InvalidFields([(f"deck.{wrong.where}".rstrip("."), str(wrong))]) from wrong
    options = _changed(call, form.options)
    standing = let_in_again(call)
    content = json.dumps(deck.to_dict(), ensure_ascii=False, separators=(",", ":")).encode()
    spec = {"deck": "edited", "place": _kept(call, content), "review": not form.release}
    return _revised(call, form.revision, spec, options, standing)


def rewrite_slide(call: Call) -> Answer:
    """Open a revision in which the model writes one slide anew."""
    form = call.body(SlideWish)
    if call.named["slide_id"] not in {one.id for one in _deck(call).slides}:
        raise NotFound("The deck has no such slide.")
    spec = {
        "deck": "rewritten",
        "place": DeckResult.of(call.job.facts).deck.to_dict(),
        "slide": call.named["slide_id"],
        "wish": form.wish or "",
        "review": True,
    }
    return _revised(call, form.revision, spec, call.job.options, let_in_again(call))


def release_deck(call: Call) -> Answer:
    """Let the film be made of the deck as it is; again is no error."""
    call.run(lambda clockwork: deck_review.release(call.job.id, clockwork))
    return _now(call)


def _revised(
    call: Call,
    base: int,
    spec: Mapping[str, Any],
    options: Mapping[str, Any],
    standing: Standing,
) -> Answer:
    call.run(
        lambda clockwork: deck_review.revise(
            call.job.id,
            clockwork,
            base=base,
            spec=spec,
            options=options,
            kept_days=call.settings.jobs_kept_days,
        )
    )
    return replace(_now(call), headers=standing.headers)


def _changed(call: Call, given: Mapping[str, Any]) -> dict[str, Any]:
    """The job's options with those that an edit may change."""
    strange = [name for name in given if name not in _MAY_CHANGE]
    if strange:
        told = ", ".join(_MAY_CHANGE)
        raise InvalidFields(
            [(f"options.{name}", f"With a deck only these change: {told}.") for name in strange]
        )
    return read_options(call.job.recipe, {**call.job.options, **given}, call.settings)


def _check_theme(deck: Deck) -> None:
    if deck.theme not in THEMES:
        raise DeckRejected("theme", f"There is no such theme; there are {', '.join(THEMES)}.")


def _kept(call: Call, content: bytes) -> dict[str, Any]:
    """Write the deck where slide_generation finds it; → its place."""
    spec = hashlib.sha256(content).hexdigest()
    name = f"{DECKS_PREFIX}{call.job.id}/{spec[:24]}.json"
    stored = write_once(
        call.world.objects,
        Bucket.WORK,
        name,
        content,
        content_type="application/json",
        spec=spec,
    )
    return stored.to_dict()


def _deck(call: Call) -> Deck:
    drawn = DeckResult.find(call.job.facts)
    if drawn is None:
        raise NotFound("The job has no deck yet.")
    return Deck.from_dict(json.loads(read_object(call.world.objects, drawn.deck)))


def _now(call: Call) -> Answer:
    (doc,) = call.world.store.read([job_path(call.job.id)])
    if doc is None:
        raise NotFound("There is no such job.")
    return Answer(job_view(Job.from_doc(doc), call.world.store))
