"""Writes the deck of a recap from the timeline, reworded by the model if it is available."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from functions.slide_generation.deck.deck_result import WrittenDeck
from functions.slide_generation.deck.model_cache import ask_with_cache
from functions.slide_generation.deck.outline import style_fields
from functions.slide_generation.deck.rewording import (
    build_reword_request,
    read_reworded_slides,
    replace_slides,
)
from functions.slide_generation.quality.emulated import describe_emulated_recap
from functions.slide_generation.quality.flaws import find_language_flaws
from functions.slide_generation.recap.slides import build_slides
from functions.slide_generation.recap.timeline import Timeline
from shared.entrypoints import bootstrap
from shared.entrypoints.stage import UnitContext
from shared.errors import ConfigurationError, InvalidOption, MoodreelError, TransientError
from shared.ports.models import ModelUnavailable
from shared.recipes.films.deck import Deck, Slide
from shared.recipes.films.deck_fields import DeckRejected
from shared.recipes.films.deck_options import DeckOptions
from shared.recipes.films.recap_options import RecapOptions

RECAP_LANGUAGE = "en"


def write_recap(context: UnitContext, options: DeckOptions) -> WrittenDeck:
    """Returns the deck of the job's timeline; without a model the text is plain English."""
    timeline = Timeline.of(
        context.job.title, context.job.facts, {item.filename for item in context.job.inputs}
    )
    draft = Deck.from_dict(
        {
            "title": timeline.title,
            "language": RECAP_LANGUAGE,
            **style_fields(options),
            "slides": build_slides(timeline, options.slides, _read_recap_options(context)),
        }
    )
    if options.pictures == "none":
        draft = _without_pictures(draft)
    written = _write_text(context, draft, options, by_scenes=timeline.reason_for_scenes is not None)
    return replace(written, warnings=(*_describe_scenes(timeline), *written.warnings))


def _describe_scenes(timeline: Timeline) -> tuple[str, ...]:
    """Returns a warning about a film that shows scenes and not the strongest moments."""
    reason = timeline.reason_for_scenes
    if reason is None:
        return ()
    return (f"{reason}. The film shows scenes of the video instead of its strongest moments.",)


def _write_text(
    context: UnitContext, draft: Deck, options: DeckOptions, *, by_scenes: bool
) -> WrittenDeck:
    try:
        return _reword(context, draft, options, by_scenes=by_scenes)
    except (MoodreelError, ConfigurationError) as error:
        retryable = isinstance(error, TransientError) and not isinstance(error, ModelUnavailable)
        if retryable and not context.skips_optional_work:
            # The next attempt may succeed. A model that denies access (ModelUnavailable) will deny
            # it again, so the plain text is used at once.
            raise
        context.log("recap.wording_failed", severity="WARNING", reason=error.code)
        warnings = ["The model that rewords a recap was not available; the text is plain English."]
        if options.language and options.language.split("-")[0] != RECAP_LANGUAGE:
            warnings.append("Without it, the recap is written in English.")
        return WrittenDeck(draft, 0, tuple(warnings))


def _reword(
    context: UnitContext, draft: Deck, options: DeckOptions, *, by_scenes: bool
) -> WrittenDeck:
    contents = "its scenes" if by_scenes else "what its faces express"
    request = build_reword_request(
        draft.slides,
        film={"title": draft.title, "kind": f"a recap of a video by {contents}"},
        language=options.language or RECAP_LANGUAGE,
        tone=options.tone,
        audience=options.audience,
    )

    def parse(answer: str) -> dict[str, Any]:
        slides, language = read_reworded_slides(answer, draft.slides, faithful=True)
        if flaws := find_language_flaws(slides, options.language or language or RECAP_LANGUAGE):
            # The plain text is better than a text that the voice cannot read.
            raise DeckRejected("slides", flaws[0])
        return {"slides": [slide.to_dict() for slide in slides], "language": language}

    model = bootstrap.deck_model()
    fields, calls = ask_with_cache(context, model, request, parse)
    warnings = describe_emulated_recap(model.engine, options.language)
    if warnings:
        return WrittenDeck(draft, calls, warnings)
    language = options.language or fields["language"] or RECAP_LANGUAGE
    deck = replace_slides(draft, [Slide.from_dict(row) for row in fields["slides"]])
    return WrittenDeck(Deck.from_dict({**deck.to_dict(), "language": language}), calls)


def _read_recap_options(context: UnitContext) -> RecapOptions:
    try:
        return RecapOptions.from_job(context.job.options)
    except ValueError as error:
        raise InvalidOption(str(error)) from error


def _without_pictures(deck: Deck) -> Deck:
    rows = [
        {**slide.to_dict(), "layout": "bullets", "picture": None}
        if slide.layout == "picture"
        else slide.to_dict()
        for slide in deck.slides
    ]
    return Deck.from_dict({**deck.to_dict(), "slides": rows})
