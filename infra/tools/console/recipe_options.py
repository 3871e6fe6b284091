"""The inputs and options of the recipes, with what the console needs for their form fields."""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from functions.slide_generation.drawing.themes import THEMES
from shared.pipeline import RECIPES, Input
from shared.recipes.captions.options import CaptionOptions
from shared.recipes.emotions.options import EmotionOptions
from shared.recipes.films import deck
from shared.recipes.films.deck_options import MAX_AUDIENCE_CHARS, MAX_TONE_CHARS, DeckOptions
from shared.recipes.films.options import FilmOptions, StillOptions
from shared.recipes.films.recap_options import (
    LENGTH_RANGE,
    MOMENT_COUNT_RANGE,
    RecapOptions,
)
from shared.recipes.films.speech import PITCH_RANGE, SPEED_RANGE
from shared.recipes.frames.options import QUALITY_RANGE, WIDTH_RANGE, FrameOptions

Options = (
    FrameOptions
    | EmotionOptions
    | DeckOptions
    | FilmOptions
    | RecapOptions
    | StillOptions
    | CaptionOptions
)
_FRAMES, _FILM = FrameOptions(), (DeckOptions(), FilmOptions())
_EMOTIONS = EmotionOptions(_FRAMES, purpose="")
DEFAULTS: Mapping[str, tuple[Options, ...]] = {
    "frames": (_FRAMES,),
    "emotions": (_FRAMES, _EMOTIONS),
    "recap": (_FRAMES, _EMOTIONS, *_FILM, RecapOptions()),
    "presentation": _FILM,
    "still": (StillOptions(),),
    "captions": (CaptionOptions(),),
}
"""The options of each recipe, with their default values."""
_CONSENT_OPTIONS = ("consent", "purpose")
"""Rendered as `consent` of the recipe. The API requires both, or neither in a recap; they have no
default."""
_CONSENT_IS_OPTIONAL = ("recap",)
_RANGES: Mapping[str, range | tuple[float, float]] = {
    "max_width": WIDTH_RANGE,
    "quality": QUALITY_RANGE,
    "slides": deck.SLIDE_COUNT_RANGE,
    "speed": SPEED_RANGE,
    "pitch": PITCH_RANGE,
    "length": LENGTH_RANGE,
    "moments": MOMENT_COUNT_RANGE,
}
_MAX_CHARS = {"tone": MAX_TONE_CHARS, "audience": MAX_AUDIENCE_CHARS}
_CHOICES: Mapping[str, Sequence[str]] = {"theme": tuple(THEMES)}
"""Choices of options whose Python type is `str`."""


def describe_recipe(name: str) -> dict[str, Any]:
    """Returns the inputs of a recipe, whether consent is "required" or "optional" (False if no face
    is scored), and its options by name."""
    described: dict[str, Any] = {}
    has_consent = False
    for options in DEFAULTS[name]:
        types_by_name = get_type_hints(type(options))
        for option, default in options.to_dict().items():
            has_consent |= option in _CONSENT_OPTIONS
            if option in types_by_name and option not in _CONSENT_OPTIONS:
                described[option] = describe_option(option, types_by_name[option], default)
    return {
        "consent": has_consent and ("optional" if name in _CONSENT_IS_OPTIONAL else "required"),
        "inputs": {item.name: _describe_input(item) for item in RECIPES[name].inputs},
        "options": described,
    }


def _describe_input(item: Input) -> dict[str, Any]:
    return {"kinds": list(item.kinds), "optional": item.optional, "maxCount": item.max_count}


def describe_option(name: str, python_type: Any, default: Any) -> dict[str, Any]:
    """Returns the type of an option, its default and what it accepts.

    Raises:
        SystemExit: When the type cannot be described, or a number has no declared range.
    """
    if get_origin(python_type) in (Union, types.UnionType):
        (python_type,) = (row for row in get_args(python_type) if row is not type(None))
    if name in _CHOICES or get_origin(python_type) is Literal:
        choices = list(_CHOICES.get(name) or get_args(python_type))
        return {"type": "choice", "default": default, "choices": choices}
    if python_type in (int, float):
        if name not in _RANGES:
            raise SystemExit(f"The option {name} has no range: add it to _RANGES.")
        allowed = _RANGES[name]
        low, high = (allowed.start, allowed.stop - 1) if isinstance(allowed, range) else allowed
        kind = "integer" if python_type is int else "number"
        return {"type": kind, "default": default, "min": low, "max": high}
    if python_type is str:
        limit = {"maxChars": _MAX_CHARS[name]} if name in _MAX_CHARS else {}
        return {"type": "text", "default": default} | limit
    if python_type in (bool, Fraction):
        kind = "boolean" if python_type is bool else "seconds"
        return {"type": kind, "default": default}
    raise SystemExit(f"The console has no field for the option {name} of type {python_type}.")
