"""The options of a film of slides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Annotated, Any, Literal, cast, get_args

from shared.errors import PermanentError
from shared.recipes.films.deck import SLIDE_COUNT_RANGE, Aspect, Resolution
from shared.recipes.films.deck_fields import LANGUAGE_PATTERN, is_unsupported, parse_language_tag
from shared.recipes.films.speech import PITCH_RANGE, SPEED_RANGE, VOICE_PATTERN, SpeechSettings
from shared.recipes.option_fields import Option
from shared.recipes.option_values import (
    OptionErrors,
    check_option_names,
    parse_choice,
    parse_int,
)

Pictures = Literal["all", "own", "none"]
StopAt = Literal["film", "deck"]
THEMES = ("midnight", "paper", "meadow", "ember", "slate", "chalk", "studio", "coral")
"""The names of the themes that slides can be drawn in."""
MAX_TONE_CHARS = 80
MAX_AUDIENCE_CHARS = 160
_ANY_LANGUAGE = "und"
_RESOLUTIONS = get_args(Resolution)


@dataclass(frozen=True)
class DeckOptions:
    """How a film of slides is made. "" leaves the choice to the pipeline."""

    slides: Annotated[int, Option("The number of slides.", limits=SLIDE_COUNT_RANGE)] = 8
    language: Annotated[
        str,
        Option(
            "The language of the film as a BCP 47 tag such as en or pt-BR. Without it, the "
            "language is that of the prompt.",
            pattern=rf"^({LANGUAGE_PATTERN})?$",
        ),
    ] = ""
    tone: Annotated[str, Option("The tone, in a few words.", max_chars=MAX_TONE_CHARS)] = ""
    audience: Annotated[
        str, Option("Whom the film is for, in a few words.", max_chars=MAX_AUDIENCE_CHARS)
    ] = ""
    aspect: Annotated[Aspect, Option("The proportion of the film's sides.")] = "16:9"
    theme: Annotated[str, Option("The theme of the slides.", choices=THEMES)] = THEMES[0]
    resolution: Annotated[Resolution, Option("The resolution of the film.")] = "720p"
    voice: Annotated[
        str,
        Option(
            "The name of the voice that speaks, such as en-US-Neural2-C. Without it, a voice of "
            "the language is chosen.",
            pattern=rf"^({VOICE_PATTERN})?$",
        ),
    ] = ""
    speed: Annotated[
        float, Option("How fast the voice speaks, as a factor.", limits=SPEED_RANGE)
    ] = 1.0
    pitch: Annotated[
        float,
        Option("How high the voice speaks.", unit="semitones", limits=PITCH_RANGE),
    ] = 0.0
    pictures: Annotated[
        Pictures,
        Option(
            '"all" shows your pictures and those that a model draws, if the operator has '
            'configured one; "own" shows only yours; "none" shows none.'
        ),
    ] = "all"
    stop_at: Annotated[
        StopAt, Option('"deck" waits for your review of the slides before the film is made.')
    ] = "film"

    @classmethod
    def parse(cls, options: Mapping[str, Any]) -> DeckOptions:
        """Parses options as a user writes them; an absent option or None is the default.

        Raises:
            InvalidOptions: With messages that state the errors and the accepted values.
        """
        errors = OptionErrors()
        errors.read(
            "options",
            None,
            lambda: check_option_names(options, DECK_OPTION_NAMES, ", ".join(DECK_OPTION_NAMES)),
        )
        values = {name: value for name, value in options.items() if value is not None}
        language = errors.read("language", "", lambda: _parse_language(values.get("language", "")))
        speech = errors.read(
            "voice",
            SpeechSettings(_ANY_LANGUAGE),
            lambda: SpeechSettings.parse({**values, "language": language or _ANY_LANGUAGE}),
        )
        slides = str(values.get("slides", cls.slides)).strip()

        def phrase(name: str, max_chars: int) -> str:
            return errors.read(
                name, "", lambda: _parse_phrase(name, values.get(name, ""), max_chars)
            )

        def choose(name: str, default: str, allowed: Sequence[str]) -> str:
            return errors.read(name, default, lambda: _choose(name, values, default, allowed))

        deck_options = cls(
            slides=errors.read(
                "slides", cls.slides, lambda: parse_int("slides", slides, SLIDE_COUNT_RANGE)
            ),
            language=language,
            tone=phrase("tone", MAX_TONE_CHARS),
            audience=phrase("audience", MAX_AUDIENCE_CHARS),
            aspect=cast("Aspect", choose("aspect", cls.aspect, get_args(Aspect))),
            theme=choose("theme", cls.theme, THEMES),
            resolution=cast("Resolution", choose("resolution", cls.resolution, _RESOLUTIONS)),
            voice=speech.voice,
            speed=speech.speed,
            pitch=speech.pitch,
            pictures=cast("Pictures", choose("pictures", cls.pictures, get_args(Pictures))),
            stop_at=cast("StopAt", choose("stop_at", cls.stop_at, get_args(StopAt))),
        )
        errors.raise_collected()
        return deck_options

    @classmethod
    def from_job(cls, options: Mapping[str, Any]) -> DeckOptions:
        """Parses the deck options of a job and ignores its other options.

        Raises:
            InvalidOptions: With messages that state the errors.
        """
        return cls.parse({name: options[name] for name in options if name in DECK_OPTION_NAMES})

    def to_dict(self) -> dict[str, Any]:
        """Returns a flat JSON object; `parse` reads it back to an equal value."""
        return asdict(self)


DECK_OPTION_NAMES = tuple(field.name for field in fields(DeckOptions))


def _parse_language(value: object) -> str:
    if value == "":
        return ""
    try:
        return parse_language_tag(value)
    except PermanentError:
        raise ValueError(
            f"language is {str(value)[:40]!r}; give a tag such as en, pt-BR or zh-Hant-TW."
        ) from None


def _parse_phrase(name: str, value: object, max_chars: int) -> str:
    text = " ".join(value.split()) if isinstance(value, str) else None
    if text is None or len(str(value)) > max_chars or any(map(is_unsupported, text)):
        raise ValueError(f"{name} must be a few words, at most {max_chars} characters.")
    return text


def _choose(name: str, values: Mapping[str, Any], default: str, allowed: Sequence[str]) -> str:
    """Returns one of `allowed`, without the spaces around it. Raises ValueError."""
    return parse_choice(name, str(values.get(name, default)).strip(), allowed)
