"""What writing a deck comes to, wherever it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from functions.slide_generation.drawing.layout import NO_SUBTITLE_ROOM
from shared.entrypoints.stage import UnitContext
from shared.errors import InvalidOption
from shared.recipes.films.deck import Deck
from shared.recipes.films.deck_options import DeckOptions
from shared.recipes.films.options import SUBTITLE_AREA, FilmOptions


@dataclass(frozen=True, slots=True)
class WrittenDeck:
    """A deck, and what it took: `calls` to the model, or none when it was written before.
    `warnings` are for the person."""

    deck: Deck
    calls: int
    warnings: tuple[str, ...] = ()


def read_options(context: UnitContext) -> DeckOptions:
    """What the job asks of its deck."""
    try:
        return DeckOptions.from_job(context.job.options)
    except ValueError as wrong:
        raise InvalidOption(str(wrong)) from wrong


def read_subtitle_room(context: UnitContext) -> Fraction:
    """How much of a slide's height stays free of text, because subtitles will be burned in."""
    try:
        burned = FilmOptions.from_job(context.job.options).subtitles == "burned"
    except ValueError as wrong:
        raise InvalidOption(str(wrong)) from wrong
    return SUBTITLE_AREA if burned else NO_SUBTITLE_ROOM
