"""What a person asks for who has a film of slides made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, cast, get_args

from shared.errors import PermanentError
from shared.recipes.films.deck import SLIDE_COUNT_RANGE, Aspect, Resolution, parse_language_tag
from shared.recipes.films.speech import SpeechSettings

Pictures = Literal["all", "own", "none"]
StopAt = Literal["film", "deck"]
THEMES = ("midnight", "paper", "meadow", "ember", "slate", "chalk")
"""The names of the themes that slides can be drawn in."""
MAX_TONE_CHARS = 80
MAX_AUDIENCE_CHARS = 160
_ANY_LANGUAGE = "und"


@dataclass(frozen=True)
class DeckOptions:
    """`slides`: how many. `language`: a BCP-47 tag, "" is the prompt's own. `tone` and `audience`
    in the person's words, "" leaves them open. `pictures`: "all" also lets a model draw where the
    operator has one, "own" shows those that were given alone, "none" none. `stop_at` "deck" waits
    for the person before the film is made."""

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
        """Read options as a person gives them; absent or None = default.

        Raises ValueError with a sentence that says what is wrong and what would do.
        """
        names = [one.name for one in fields(cls)]
        unknown = sorted(set(options) - set(names))
        if unknown:
            raise ValueError(
                f"The option {unknown[0]!r} does not exist; there are {', '.join(names)}."
            )
        given = {name: value for name, value in options.items() if value is not None}
        language = _language(given.get("language", ""))
        speech = SpeechSettings.parse({**given, "language": language or _ANY_LANGUAGE})
        return cls(
            slides=_count(given.get("slides", cls.slides)),
            language=language,
            tone=_words("tone", given.get("tone", ""), MAX_TONE_CHARS),
            audience=_words("audience", given.get("audience", ""), MAX_AUDIENCE_CHARS),
            aspect=cast("Aspect", _one("aspect", given, cls.aspect, get_args(Aspect))),
            theme=_one("theme", given, cls.theme, THEMES),
            resolution=cast(
                "Resolution", _one("resolution", given, cls.resolution, get_args(Resolution))
            ),
            voice=speech.voice,
            speed=speech.speed,
            pitch=speech.pitch,
            pictures=cast("Pictures", _one("pictures", given, cls.pictures, get_args(Pictures))),
            stop_at=cast("StopAt", _one("stop_at", given, cls.stop_at, get_args(StopAt))),
        )

    @classmethod
    def from_job(cls, options: Mapping[str, Any]) -> DeckOptions:
        """Read these out of all options of a job, whatever else they say. Raises ValueError with a
        sentence."""
        names = {one.name for one in fields(cls)}
        return cls.parse({name: options[name] for name in options if name in names})

    def to_dict(self) -> dict[str, Any]:
        """JSON-able and flat; `parse` reads it back to an equal value."""
        return asdict(self)


def _count(value: object) -> int:
    text = str(value).strip()
    if isinstance(value, bool) or not text.isascii() or not text.isdigit() or len(text) > 9:
        number = -1
    else:
        number = int(text)
    if number not in SLIDE_COUNT_RANGE:
        raise ValueError(
            f"slides is {text[:40]!r}; it must be a whole number from {SLIDE_COUNT_RANGE.start} to "
            f"{SLIDE_COUNT_RANGE.stop - 1}."
        )
    return number


def _language(value: object) -> str:
    if value == "":
        return ""
    try:
        return parse_language_tag(value)
    except PermanentError:
        raise ValueError(
            f"language is {str(value)[:40]!r}; give a tag such as en, pt-BR or zh-Hant-TW."
        ) from None


def _words(name: str, value: object, most: int) -> str:
    text = " ".join(value.split()) if isinstance(value, str) else None
    if text is None or len(text) > most or not text.isprintable():
        raise ValueError(f"{name} must be a few words, at most {most} characters.")
    return text


def _one(name: str, given: Mapping[str, Any], default: str, allowed: tuple[str, ...]) -> str:
    value = str(given.get(name, default)).strip()
    if value not in allowed:
        raise ValueError(
            f"{name} is {value[:40]!r}; it can be {', '.join(allowed[:-1])} or {allowed[-1]}."
        )
    return value
