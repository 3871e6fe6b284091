"""The options of a film: of a film of slides, and of a film of one picture with a sound track."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Annotated, Any, Literal, cast, get_args

from shared.recipes.films.deck import Resolution, picture_size
from shared.recipes.option_fields import Option
from shared.recipes.option_values import (
    OptionErrors,
    check_option_names,
    join_words,
    parse_choice,
)

Transition = Literal["cut", "fade"]
Shape = Literal["picture", "16:9", "9:16", "1:1"]
Loudness = Literal["keep", "even"]
Subtitles = Literal["soft", "burned"]
Motion = Literal["none", "gentle"]

MAX_FILM_S = 2 * 3600
"""Encoding takes about a sixtieth of a film's duration, which fits one invocation by far."""
MAX_MOTION_FILM_S = 30 * 60
"""With motion every frame is drawn: at 1080p this duration is the most that fits all attempts."""
SUBTITLE_AREA = Fraction(24, 100)
"""The share of a slide's height, from the bottom, that stays free for burned-in subtitles."""
FILM_OPTION_NAMES = ("transition", "subtitles", "motion")
STILL_OPTION_NAMES = ("shape", "resolution", "loudness", "motion")
_MAX_PROPORTION = 3
"""A picture keeps its shape up to this proportion of its sides; beyond it gets margins."""


@dataclass(frozen=True, slots=True)
class FilmOptions:
    """The options of a film of slides."""

    transition: Annotated[Transition, Option("How one slide gives way to the next.")] = "cut"
    subtitles: Annotated[
        Subtitles,
        Option('"soft" is a subtitle track; "burned" also draws the subtitles into the picture.'),
    ] = "soft"
    motion: Annotated[
        Motion, Option('"gentle" moves the view slowly over the picture of each slide.')
    ] = "none"

    @classmethod
    def from_job(cls, options: Mapping[str, Any]) -> FilmOptions:
        """Parses the film options of a job and ignores its other options.

        Raises InvalidOptions.
        """
        errors = OptionErrors()
        film_options = cls(
            transition=cast(
                "Transition", _choose(errors, options, "transition", get_args(Transition))
            ),
            subtitles=cast("Subtitles", _choose(errors, options, "subtitles", get_args(Subtitles))),
            motion=cast("Motion", _choose(errors, options, "motion", get_args(Motion))),
        )
        errors.raise_collected()
        return film_options

    def to_dict(self) -> dict[str, Any]:
        """Returns a JSON object; `from_job` reads it back to an equal value."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class StillOptions:
    """The options of a film of one picture with a sound track."""

    shape: Annotated[
        Shape, Option('The shape of the film; "picture" keeps the shape of the picture.')
    ] = "picture"
    resolution: Annotated[Resolution, Option("The resolution of the film.")] = "1080p"
    loudness: Annotated[
        Loudness, Option('"keep" leaves the sound as it is; "even" brings it to -16 LUFS.')
    ] = "keep"
    motion: Annotated[Motion, Option('"gentle" moves the view slowly over the picture.')] = "none"

    @classmethod
    def parse(cls, options: Mapping[str, Any]) -> StillOptions:
        """Parses options as a user writes them. Raises InvalidOptions with messages for the
        user."""
        errors = OptionErrors()
        listing = join_words(STILL_OPTION_NAMES, "and")
        errors.read(
            "options", None, lambda: check_option_names(options, STILL_OPTION_NAMES, listing)
        )
        resolutions = tuple(reversed(get_args(Resolution)))
        still_options = cls(
            shape=cast("Shape", _choose(errors, options, "shape", get_args(Shape))),
            resolution=cast("Resolution", _choose(errors, options, "resolution", resolutions)),
            loudness=cast("Loudness", _choose(errors, options, "loudness", get_args(Loudness))),
            motion=cast("Motion", _choose(errors, options, "motion", get_args(Motion))),
        )
        errors.raise_collected()
        return still_options

    def to_dict(self) -> dict[str, Any]:
        """Returns a JSON object; `parse` reads it back to an equal value."""
        return asdict(self)

    def film_size(self, width: int, height: int) -> tuple[int, int]:
        """Returns width and height of the film in pixels, both even, for a picture of this size."""
        if self.shape != "picture":
            return picture_size(self.shape, self.resolution)
        proportion = Fraction(width, height)
        proportion = min(max(proportion, Fraction(1, _MAX_PROPORTION)), Fraction(_MAX_PROPORTION))
        long, short = picture_size("16:9", self.resolution)
        box = (long, short) if proportion >= 1 else (short, long)
        if proportion == 1:
            box = (short, short)
        # Small pictures are enlarged: this looks better than what players do.
        film_width = min(Fraction(box[0]), box[1] * proportion)
        film_height = film_width / proportion
        return _round_to_even(film_width, box[0]), _round_to_even(film_height, box[1])


def _round_to_even(length: Fraction, max_length: int) -> int:
    return min(max_length, max(2, 2 * round(length / 2)))


def _choose(
    errors: OptionErrors, options: Mapping[str, Any], name: str, allowed: Sequence[str]
) -> str:
    """Returns one of `allowed`; an absent option or None is the first."""
    value = options.get(name)
    if value is None:
        return allowed[0]
    return errors.read(name, allowed[0], lambda: parse_choice(name, value, allowed))
