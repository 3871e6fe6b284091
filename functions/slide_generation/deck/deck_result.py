"""The result of writing a deck, and the options that all sources of decks read."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from functions.slide_generation.drawing.layout import NO_SUBTITLE_AREA
from shared.entrypoints.stage import UnitContext
from shared.errors import InvalidOption
from shared.recipes.films.deck import Deck
from shared.recipes.films.deck_options import DeckOptions
from shared.recipes.films.options import SUBTITLE_AREA, FilmOptions


@dataclass(frozen=True, slots=True)
class WrittenDeck:
    """A written deck.

    Attributes:
        calls: Number of calls to the model; 0 if the answer was cached or no model was needed.
        warnings: Sentences for the user.
    """

    deck: Deck
    calls: int
    warnings: tuple[str, ...] = ()


def read_options(context: UnitContext) -> DeckOptions:
    """Returns the deck options of the job. Raises InvalidOption."""
    try:
        return DeckOptions.from_job(context.job.options)
    except ValueError as error:
        raise InvalidOption(str(error)) from error


def read_subtitle_area(context: UnitContext) -> Fraction:
    """Returns the share of a slide's height that burned-in subtitles need, 0 to 1.

    Raises InvalidOption.
    """
    try:
        burned = FilmOptions.from_job(context.job.options).subtitles == "burned"
    except ValueError as error:
        raise InvalidOption(str(error)) from error
    return SUBTITLE_AREA if burned else NO_SUBTITLE_AREA
