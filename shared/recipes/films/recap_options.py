"""The options of a recap that a film of slides does not have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Annotated, Any, Literal, cast, get_args

from shared.recipes.option_fields import Option
from shared.recipes.option_values import OptionErrors, parse_bool, parse_choice, parse_int

Footage = Literal["clips", "stills"]
Sound = Literal["both", "original", "narrated"]
LENGTH_RANGE = range(15, 181)
"""Seconds."""
MOMENT_COUNT_RANGE = range(1, 7)
"""Emotion scoring selects at most six moments."""


@dataclass(frozen=True)
class RecapOptions:
    """How a recap shows its video."""

    length: Annotated[
        int,
        Option(
            "The length to aim at. A shorter film shows fewer moments.",
            unit="s",
            limits=LENGTH_RANGE,
        ),
    ] = 60
    moments: Annotated[int, Option("The largest number of moments.", limits=MOMENT_COUNT_RANGE)] = 6
    footage: Annotated[
        Footage,
        Option('"clips" shows the video itself, "stills" a slide with one picture per moment.'),
    ] = "clips"
    sound: Annotated[
        Sound,
        Option(
            'The sound of clips: "original" is that of the video and nothing is spoken, "narrated" '
            'is the narration alone, "both" is the narration over the sound of the video.'
        ),
    ] = "both"
    transcript: Annotated[
        bool, Option("Also recognize what is said: clips are cut between words and quoted.")
    ] = False

    @property
    def has_quotes(self) -> bool:
        """Whether what is said in the video is recognized, and heard in the film."""
        return self.transcript and self.footage == "clips" and self.sound != "narrated"

    @classmethod
    def from_job(cls, options: Mapping[str, Any]) -> RecapOptions:
        """Parses the options of a recap and ignores the other options of the job.

        Raises InvalidOptions.
        """
        errors = OptionErrors()

        def number(name: str, default: int, allowed: range) -> int:
            value = options.get(name)
            if value is None:
                return default
            return errors.read(name, default, lambda: parse_int(name, value, allowed))

        def choose(name: str, allowed: tuple[str, ...]) -> str:
            value = options.get(name)
            if value is None:
                return allowed[0]
            return errors.read(name, allowed[0], lambda: parse_choice(name, value, allowed))

        def flag(name: str, *, default: bool) -> bool:
            value = options.get(name)
            if value is None:
                return default
            return errors.read(name, default, lambda: parse_bool(name, value))

        recap_options = cls(
            length=number("length", cls.length, LENGTH_RANGE),
            moments=number("moments", cls.moments, MOMENT_COUNT_RANGE),
            footage=cast("Footage", choose("footage", get_args(Footage))),
            sound=cast("Sound", choose("sound", get_args(Sound))),
            transcript=flag("transcript", default=cls.transcript),
        )
        errors.raise_collected()
        return recap_options

    def to_dict(self) -> dict[str, Any]:
        """Returns a JSON object; `from_job` reads it back to an equal value."""
        return asdict(self)


RECAP_OPTION_NAMES = tuple(field.name for field in fields(RecapOptions))
