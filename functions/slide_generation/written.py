"""What writing a deck comes to, wherever it comes from."""

from __future__ import annotations

from dataclasses import dataclass

from shared.domain.deck import Deck
from shared.domain.deck_options import DeckOptions
from shared.errors import InvalidOption
from shared.stage import Task


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
