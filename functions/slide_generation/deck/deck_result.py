"""What writing a deck comes to, wherever it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from functions.slide_generation.drawing.layout import NOTHING
from shared.entrypoints.stage import Task
from shared.errors import InvalidOption
from shared.recipes.films.deck import Deck
from shared.recipes.films.deck_options import DeckOptions
from shared.recipes.films.options import SUBTITLE_ROOM, FilmOptions


@dataclass(frozen=True, slots=True)
class Written:
    """A deck, and what it took: `calls` to the model, or none when it was written before.
    `warnings` are for the person."""

    deck: Deck
    calls: int
    warnings: tuple[str, ...] = ()


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
