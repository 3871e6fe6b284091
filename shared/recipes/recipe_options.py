"""The options of each recipe, as their classes describe them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from shared.recipes.captions.options import CaptionOptions
from shared.recipes.emotions.options import CONSENT, FACE_OPTION_NAMES, EmotionOptions
from shared.recipes.films.deck_options import DeckOptions
from shared.recipes.films.options import FilmOptions, StillOptions
from shared.recipes.films.recap_options import RECAP_OPTION_NAMES, RecapOptions
from shared.recipes.frames.options import FrameOptions
from shared.recipes.option_fields import OptionDescription, describe_fields

CLASSES: Mapping[str, tuple[Any, ...]] = {
    "frames": (FrameOptions,),
    "emotions": (FrameOptions, EmotionOptions),
    "recap": (FrameOptions, EmotionOptions, DeckOptions, FilmOptions, RecapOptions),
    "presentation": (DeckOptions, FilmOptions),
    "still": (StillOptions,),
    "captions": (CaptionOptions,),
}
"""The classes of the options of each recipe."""
_RECAP_CONSENT = (
    "States that the people filmed agreed to have their expressions scored. Without it, no face is "
    "scored: the film shows the scenes of the video instead of its strongest moments."
)


@cache
def describe_options(recipe: str) -> tuple[OptionDescription, ...]:
    """Returns the options of a recipe, in the order of its documentation."""
    described: list[OptionDescription] = []
    for options_class in CLASSES[recipe]:
        if options_class is EmotionOptions:
            described.append(CONSENT)
        described += describe_fields(options_class)
    if recipe == "recap":
        # Both have `transcript`. That of the recap needs no faces.
        by_name = {row.name: row for row in described}
        described = [_adapt_to_recap(row) for row in by_name.values()]
    return tuple(described)


def _adapt_to_recap(option: OptionDescription) -> OptionDescription:
    """Returns the option as in a recap, which needs no consent."""
    if option.name == CONSENT.name:
        return replace(option, required=False, sentence=_RECAP_CONSENT)
    is_of_faces = option.name in FACE_OPTION_NAMES and option.name not in RECAP_OPTION_NAMES
    needs = CONSENT.name if is_of_faces else ""
    return replace(option, required=False, needs=needs)
