"""What a person may choose about a film: read from what the person wrote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any, Literal, cast, get_args

from shared.recipes.films.deck import Resolution, picture_size

Transition = Literal["cut", "fade"]
Shape = Literal["picture", "16:9", "9:16", "1:1"]
Loudness = Literal["keep", "even"]
Subtitles = Literal["soft", "burned"]
Motion = Literal["none", "gentle"]

MAX_FILM_S = 2 * 3600
"""Encoding takes about a sixtieth of a film's length: this fits one function's time by far."""
MAX_MOTION_FILM_S = 30 * 60
"""With motion every frame is drawn: at 1080p a film's length and no more fits all attempts."""
SUBTITLE_AREA = Fraction(24, 100)
"""The part of a slide's height, from below, that stays free of text for burned-in subtitles."""
FILM_OPTION_NAMES = ("transition", "subtitles", "motion")
STILL_OPTION_NAMES = ("shape", "resolution", "loudness", "motion")
_NARROWEST = 3
"""A picture's own shape is kept up to this proportion of its sides; beyond, it gets margins."""


@dataclass(frozen=True, slots=True)
class FilmOptions:
    """Of a film made of slides. `transition`: how one slide gives way to the next; `subtitles`
    "burned" writes them into the picture as well; `motion` "gentle" moves slowly over it."""

    transition: Transition = "cut"
    subtitles: Subtitles = "soft"
    motion: Motion = "none"

    @classmethod
    def from_job(cls, options: Mapping[str, Any]) -> FilmOptions:
        """Read FILM_NAMES out of all options of a job. Raises ValueError with a sentence."""
        return cls(
            transition=cast("Transition", _choice(options, "transition", get_args(Transition))),
            subtitles=cast("Subtitles", _choice(options, "subtitles", get_args(Subtitles))),
            motion=cast("Motion", _choice(options, "motion", get_args(Motion))),
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; `of` reads it back to an equal value."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class StillOptions:
    """Of a picture under a sound. `shape` "picture" keeps the picture's own; `loudness` "even"
    brings the sound to -16 LUFS; `motion` "gentle" moves slowly over the picture."""

    shape: Shape = "picture"
    resolution: Resolution = "1080p"
    loudness: Loudness = "keep"
    motion: Motion = "none"

    @classmethod
    def parse(cls, options: Mapping[str, Any]) -> StillOptions:
        """Read options as a person gives them. Raises ValueError with a sentence."""
        unknown = sorted(set(options) - set(STILL_OPTION_NAMES))
        if unknown:
            raise ValueError(
                f"The option {unknown[0]!r} does not exist; there are "
                f"{', '.join(STILL_OPTION_NAMES[:-1])} and {STILL_OPTION_NAMES[-1]}."
            )
        return cls(
            shape=cast("Shape", _choice(options, "shape", get_args(Shape))),
            resolution=cast(
                "Resolution", _choice(options, "resolution", tuple(reversed(get_args(Resolution))))
            ),
            loudness=cast("Loudness", _choice(options, "loudness", get_args(Loudness))),
            motion=cast("Motion", _choice(options, "motion", get_args(Motion))),
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; `parse` reads it back to an equal value."""
        return asdict(self)

    def film_size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of the film in pixels, both even, for a picture of this size."""
        if self.shape != "picture":
            return picture_size(self.shape, self.resolution)
        width = min(max(width, -(-height // _NARROWEST)), height * _NARROWEST)
        height = min(max(height, -(-width // _NARROWEST)), width * _NARROWEST)
        wide = width >= height
        long, short = picture_size("16:9", self.resolution)
        box = (long, short) if wide else (short, long)
        if width == height:
            box = (short, short)
        # Small pictures are enlarged: a player would do it worse.
        scale = min(box[0] / width, box[1] / height)
        return _even(width * scale, box[0]), _even(height * scale, box[1])


def _even(length: float, most: int) -> int:
    return min(most, max(2, 2 * round(length / 2)))


def _choice(options: Mapping[str, Any], name: str, allowed: Sequence[str]) -> str:
    """One of `allowed`; absent or None is the first of them."""
    value = options.get(name)
    if value is None:
        return allowed[0]
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(
            f"{name} is {str(value)[:40]!r}; it can be {', '.join(allowed[:-1])} or {allowed[-1]}."
        )
    return value
