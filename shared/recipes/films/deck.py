"""A deck: the slides of a film, their pictures and the text that is spoken over them.

A deck is written by a model or by a user, so it is untrusted. `Deck.from_dict` returns a deck that
every later stage can process, or raises DeckRejected with the location and a message. It does not
check the references to pictures: the stage that draws the slides does.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, cast, get_args

from shared.recipes.films.deck_fields import (
    DeckRejected,
    check_choice,
    check_line,
    check_object,
    check_pattern,
    parse_language_tag,
)
from shared.recipes.films.slides.slide import MAX_BULLETS as MAX_BULLETS
from shared.recipes.films.slides.slide import Slide as Slide
from shared.recipes.films.speech import SpeechSettings

Aspect = Literal["16:9", "9:16", "1:1"]
Resolution = Literal["720p", "1080p"]

SCHEMA = 1
SLIDE_COUNT_RANGE = range(3, 41)
MAX_TITLE_CHARS = 120
MAX_TOTAL_NOTES_CHARS = 60_000
"""About 70 minutes of speech in one film."""

_SHORT_SIDE_PX: dict[Resolution, int] = {"720p": 720, "1080p": 1080}
_THEME = re.compile(r"[a-z][a-z0-9-]{0,39}")


@dataclass(frozen=True, slots=True)
class Deck:
    """The slides of a film. `language` is a BCP-47 tag such as "en", "pt-BR" or "zh-Hant-TW"."""

    title: str
    language: str
    theme: str
    aspect: Aspect
    resolution: Resolution
    slides: tuple[Slide, ...]

    _KEYS: ClassVar[tuple[str, ...]] = (
        "schema", "title", "language", "theme", "aspect", "resolution", "slides",
    )  # fmt: skip

    @property
    def size(self) -> tuple[int, int]:
        """The width and height of the film in pixels, both even."""
        return picture_size(self.aspect, self.resolution)

    def to_dict(self) -> dict[str, Any]:
        """Returns a JSON object; `from_dict` reads it back to an equal value."""
        return {
            "schema": SCHEMA,
            "title": self.title,
            "language": self.language,
            "theme": self.theme,
            "aspect": self.aspect,
            "resolution": self.resolution,
            "slides": [slide.to_dict() for slide in self.slides],
        }

    @classmethod
    def from_dict(cls, data: Any) -> Deck:
        """Parses a deck of 3 to 40 slides. Raises DeckRejected, which names the location."""
        values = check_object(data, "", cls._KEYS, [key for key in cls._KEYS if key != "schema"])
        if values.get("schema", SCHEMA) != SCHEMA:
            raise DeckRejected("schema", f"Only schema {SCHEMA} can be read.")
        rows = values["slides"]
        if isinstance(rows, str) or not isinstance(rows, Sequence):
            raise DeckRejected("slides", "It must be a list of slides.")
        if len(rows) not in SLIDE_COUNT_RANGE:
            raise DeckRejected(
                "slides",
                f"There are {len(rows)} slides; a deck has {SLIDE_COUNT_RANGE.start} to "
                f"{SLIDE_COUNT_RANGE.stop - 1}.",
            )
        slides = tuple(Slide.from_dict(row, f"slides[{n}]") for n, row in enumerate(rows))
        seen: set[str] = set()
        for n, slide in enumerate(slides):
            if slide.id in seen:
                raise DeckRejected(f"slides[{n}].id", f"Another slide is called {slide.id!r} too.")
            seen.add(slide.id)
        notes_chars = sum(len(slide.notes) for slide in slides)
        if notes_chars > MAX_TOTAL_NOTES_CHARS:
            raise DeckRejected(
                "slides",
                f"The notes have {notes_chars} characters in all; at most {MAX_TOTAL_NOTES_CHARS} "
                "make one film.",
            )
        return cls(
            title=check_line(values["title"], "title", MAX_TITLE_CHARS),
            language=parse_language_tag(values["language"]),
            theme=check_pattern(
                values["theme"], "theme", _THEME, "lower-case letters, digits and hyphens"
            ),
            aspect=cast("Aspect", check_choice(values["aspect"], "aspect", get_args(Aspect))),
            resolution=cast(
                "Resolution",
                check_choice(values["resolution"], "resolution", get_args(Resolution)),
            ),
            slides=slides,
        )


def picture_size(aspect: Aspect, resolution: Resolution) -> tuple[int, int]:
    """Returns width and height in pixels: the short side has the resolution's number of lines."""
    short = _SHORT_SIDE_PX[resolution]
    long = short * 16 // 9
    return {"16:9": (long, short), "9:16": (short, long), "1:1": (short, short)}[aspect]


def speech_key(text: str, speech: SpeechSettings, engine: str, owner: str) -> str:
    """Returns the content address of a spoken text: a SHA-256 in hex.

    It covers the text and everything that changes its sound. It covers the owner as well, so that
    nobody can find out which texts another user had spoken.
    """
    content = [SCHEMA, owner, engine, speech.to_dict(), unicodedata.normalize("NFC", text)]
    return hashlib.sha256(
        json.dumps(content, sort_keys=True, ensure_ascii=False).encode()
    ).hexdigest()
