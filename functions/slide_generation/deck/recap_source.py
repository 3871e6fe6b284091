"""A recap: the deck of a timeline, worded by the model where it can be asked."""

from __future__ import annotations

from typing import Any

from functions.slide_generation.deck.deck_result import Written
from functions.slide_generation.deck.model_cache import remembered
from functions.slide_generation.deck.outline import look
from functions.slide_generation.deck.recap import LANGUAGE, Timeline, slides_of
from functions.slide_generation.deck.rewording import read_reworded, reword_request, with_slides
from shared.entrypoints import bootstrap
from shared.entrypoints.stage import Task
from shared.errors import ConfigurationError, ModelUnavailable, MoodreelError, TransientError
from shared.recipes.films.deck import Deck, Slide
from shared.recipes.films.deck_options import DeckOptions


def from_timeline(task: Task, options: DeckOptions) -> Written:
    """The deck of the job's own timeline. Without a model its words are plain English ones."""
    timeline = Timeline.of(
        task.job.title, task.job.facts, {one.filename for one in task.job.inputs}
    )
    draft = Deck.from_dict(
        {
            "title": timeline.title,
            "language": LANGUAGE,
            **look(options),
            "slides": slides_of(timeline, options.slides),
        }
    )
    if options.pictures == "none":
        draft = _without_pictures(draft)
    try:
        return _worded(task, draft, options)
    except (MoodreelError, ConfigurationError) as fault:
        passing = isinstance(fault, TransientError) and not isinstance(fault, ModelUnavailable)
        if passing and not task.last_attempt:
            # The facts do not change: better words may come with the next attempt. Whom the model
            # does not let in, it will not let in then either.
            raise
        task.log("recap.not_worded", severity="WARNING", why=fault.code)
        said = ["The model that words a recap could not be asked; its words are plain ones."]
        if options.language and options.language.split("-")[0] != LANGUAGE:
            said.append("Without it a recap is told in English.")
        return Written(draft, 0, tuple(said))


def _worded(task: Task, draft: Deck, options: DeckOptions) -> Written:
    request = reword_request(
        draft.slides,
        film={"title": draft.title, "kind": "a recap of a video by what its faces express"},
        language=options.language or LANGUAGE,
        tone=options.tone,
        audience=options.audience,
    )

    def read(answer: str) -> dict[str, Any]:
        made, language = read_reworded(answer, draft.slides, faithful=True)
        return {"slides": [one.to_dict() for one in made], "language": language}

    told, calls = remembered(task, bootstrap.slide_model(), request, read)
    made = [Slide.from_dict(row) for row in told["slides"]]
    language = options.language or told["language"] or LANGUAGE
    deck = with_slides(draft, made)
    return Written(Deck.from_dict({**deck.to_dict(), "language": language}), calls)


def _without_pictures(deck: Deck) -> Deck:
    rows = [
        {**one.to_dict(), "layout": "bullets", "picture": None}
        if one.layout == "picture"
        else one.to_dict()
        for one in deck.slides
    ]
    return Deck.from_dict({**deck.to_dict(), "slides": rows})
