"""The options of a film of slides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, cast, get_args

from shared.errors import PermanentError
from shared.recipes.films.deck import SLIDE_COUNT_RANGE, Aspect, Resolution
from shared.recipes.films.deck_fields import is_unsupported, parse_language_tag
from shared.recipes.films.speech import SpeechSettings
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
    """How a film of slides is made.

    Attributes:
        slides: The number of slides.
        language: A BCP-47 tag; "" for the language of the prompt.
        tone: In the user's words; "" leaves it open.
        audience: In the user's words; "" leaves it open.
        pictures: "all" shows the user's pictures and those that a model draws, if the operator
            has configured one; "own" shows only the user's; "none" shows none.
        stop_at: "deck" waits for the user's review before the film is made.
    """

    slides: int = 8
    language: str = ""
    tone: str = ""
    audience: str = ""
    aspect: Aspect = "16:9"
    theme: str = THEMES[0]
    resolution: Resolution = "720p"
    voice: str = ""
    speed: float = 1.0
    pitch: float = 0.0
    pictures: Pictures = "all"
    stop_at: StopAt = "film"

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
    if text is None or len(text) > max_chars or any(map(is_unsupported, text)):
        raise ValueError(f"{name} must be a few words, at most {max_chars} characters.")
    return text


def _choose(name: str, values: Mapping[str, Any], default: str, allowed: Sequence[str]) -> str:
    """Returns one of `allowed`, without the spaces around it. Raises ValueError."""
    return parse_choice(name, str(values.get(name, default)).strip(), allowed)
