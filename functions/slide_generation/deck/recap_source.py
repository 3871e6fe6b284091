"""A recap: the deck of a timeline, worded by the model where it can be asked."""

from __future__ import annotations

from typing import Any

from functions.slide_generation.deck.deck_result import WrittenDeck
from functions.slide_generation.deck.model_cache import ask_with_cache
from functions.slide_generation.deck.outline import style_fields
from functions.slide_generation.deck.recap import RECAP_LANGUAGE, Timeline, build_slides
from functions.slide_generation.deck.rewording import (
    build_reword_request,
    read_reworded_slides,
    replace_slides,
)
from shared.entrypoints import bootstrap
from shared.entrypoints.stage import UnitContext
from shared.errors import ConfigurationError, ModelUnavailable, MoodreelError, TransientError
from shared.recipes.films.deck import Deck, Slide
from shared.recipes.films.deck_options import DeckOptions


def write_recap(context: UnitContext, options: DeckOptions) -> WrittenDeck:
    """The deck of the job's own timeline. Without a model its words are plain English ones."""
    timeline = Timeline.of(
        context.job.title, context.job.facts, {one.filename for one in context.job.inputs}
    )
    draft = Deck.from_dict(
        {
            "title": timeline.title,
            "language": RECAP_LANGUAGE,
            **style_fields(options),
            "slides": build_slides(timeline, options.slides),
        }
    )
    if options.pictures == "none":
        draft = _without_pictures(draft)
    try:
        return _worded(context, draft, options)
    except (MoodreelError, ConfigurationError) as fault:
        passing = isinstance(fault, TransientError) and not isinstance(fault, ModelUnavailable)
        if passing and not context.is_last_attempt:
            # The facts do not change: better words may come with the next attempt. Whom the model
            # does not let in, it will not let in then either.
            raise
        context.log("recap.wording_failed", severity="WARNING", reason=fault.code)
        said = ["The model that words a recap could not be asked; its words are plain ones."]
        if options.language and options.language.split("-")[0] != RECAP_LANGUAGE:
            said.append("Without it a recap is told in English.")
        return WrittenDeck(draft, 0, tuple(said))


def _worded(context: UnitContext, draft: Deck, options: DeckOptions) -> WrittenDeck:
    request = build_reword_request(
        draft.slides,
        film={"title": draft.title, "kind": "a recap of a video by what its faces express"},
        language=options.language or RECAP_LANGUAGE,
        tone=options.tone,
        audience=options.audience,
    )

    def read(answer: str) -> dict[str, Any]:
        made, language = read_reworded_slides(answer, draft.slides, faithful=True)
        return {"slides": [one.to_dict() for one in made], "language": language}

    told, calls = ask_with_cache(context, bootstrap.deck_model(), request, read)
    made = [Slide.from_dict(row) for row in told["slides"]]
    language = options.language or told["language"] or RECAP_LANGUAGE
    deck = replace_slides(draft, made)
    return WrittenDeck(Deck.from_dict({**deck.to_dict(), "language": language}), calls)


def _without_pictures(deck: Deck) -> Deck:
    rows = [
        {**one.to_dict(), "layout": "bullets", "picture": None}
        if one.layout == "picture"
        else one.to_dict()
        for one in deck.slides
    ]
    return Deck.from_dict({**deck.to_dict(), "slides": rows})
