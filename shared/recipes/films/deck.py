"""A deck: the slides of a film, what is shown on them and what is spoken over them.

A deck comes from a model or from a person, so nothing in it is taken on trust: `Deck.from_dict`
gives a deck that every later stage can work with, or raises DeckRejected with the place and a
sentence. What a picture's reference points to is for the stage that draws.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, cast, get_args

from shared.errors import PermanentError
from shared.recipes.films.speech import SpeechSettings

Aspect = Literal["16:9", "9:16", "1:1"]
Resolution = Literal["720p", "1080p"]
Layout = Literal["title", "bullets", "picture", "statement", "chart", "closing"]

SCHEMA = 1
SLIDE_COUNT_RANGE = range(3, 41)
MAX_TITLE_CHARS = 120
MAX_HEADING_CHARS = 120
MAX_BULLETS = 6
MAX_BULLET_CHARS = 240
MAX_NOTES_CHARS = 5_000
"""About six minutes of speech on one slide."""
MAX_TOTAL_NOTES_CHARS = 60_000
"""About 70 minutes of speech in one film."""
MAX_PICTURE_CHARS = 300

_SHORT_SIDE_PX: dict[Resolution, int] = {"720p": 720, "1080p": 1080}
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_THEME = re.compile(r"[a-z][a-z0-9-]{0,39}")
_LANGUAGE = re.compile(r"([a-z]{2,3})(?:-([a-z]{4}))?(?:-([a-z]{2}|\d{3}))?", re.IGNORECASE)
_OUR_CHARACTERS = ("Cc", "Cs", "Co")
"""Categories that no slide can show: control characters, surrogates, private use."""


class DeckRejected(PermanentError):
    """The deck does not have the form that a film can be made of."""

    code = "deck-rejected"

    def __init__(self, location: str, reason: str) -> None:
        super().__init__(f"{location}: {reason}" if location else reason)
        self.location = location


@dataclass(frozen=True, slots=True)
class Slide:
    """One slide. `id` stays the same while the deck is edited; `notes` is what is spoken, ""
    shows the slide without a word; `picture` refers to a picture, None shows none."""

    id: str
    heading: str
    bullets: tuple[str, ...] = ()
    notes: str = ""
    layout: Layout = "bullets"
    picture: str | None = None

    _KEYS: ClassVar[tuple[str, ...]] = ("id", "heading", "bullets", "notes", "layout", "picture")

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; `from_dict` reads it back to an equal value."""
        return {
            "id": self.id,
            "heading": self.heading,
            "bullets": list(self.bullets),
            "notes": self.notes,
            "layout": self.layout,
            "picture": self.picture,
        }

    @classmethod
    def from_dict(cls, data: Any, location: str = "slide") -> Slide:
        """Read one slide; only `id` and `heading` must be there. Raises DeckRejected."""
        given = _mapping(data, location, cls._KEYS, ("id", "heading"))
        rows = given.get("bullets", ())
        if isinstance(rows, str) or not isinstance(rows, Sequence):
            raise DeckRejected(f"{location}.bullets", "It must be a list of texts.")
        if len(rows) > MAX_BULLETS:
            raise DeckRejected(
                f"{location}.bullets", f"There are {len(rows)} bullets; at most {MAX_BULLETS} fit."
            )
        picture = given.get("picture")
        return cls(
            id=_matching(
                given["id"], f"{location}.id", _ID, "lower-case letters, digits and hyphens"
            ),
            heading=_line(given["heading"], f"{location}.heading", MAX_HEADING_CHARS),
            bullets=tuple(
                _line(row, f"{location}.bullets[{n}]", MAX_BULLET_CHARS)
                for n, row in enumerate(rows)
            ),
            notes=_spoken(given.get("notes", ""), f"{location}.notes"),
            layout=cast(
                "Layout",
                _one_of(given.get("layout", "bullets"), f"{location}.layout", get_args(Layout)),
            ),
            picture=None
            if picture is None
            else _line(picture, f"{location}.picture", MAX_PICTURE_CHARS),
        )


@dataclass(frozen=True, slots=True)
class Deck:
    """A film's slides. `language` is a BCP-47 tag such as "en", "pt-BR" or "zh-Hant-TW"."""

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
        """Width and height of the film in pixels, both even."""
        return picture_size(self.aspect, self.resolution)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; `from_dict` reads it back to an equal value."""
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
        """Read a deck of 3 to 40 slides. Raises DeckRejected, which names the place."""
        given = _mapping(data, "", cls._KEYS, [key for key in cls._KEYS if key != "schema"])
        if given.get("schema", SCHEMA) != SCHEMA:
            raise DeckRejected("schema", f"Only schema {SCHEMA} can be read.")
        rows = given["slides"]
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
        spoken = sum(len(slide.notes) for slide in slides)
        if spoken > MAX_TOTAL_NOTES_CHARS:
            raise DeckRejected(
                "slides",
                f"The notes have {spoken} characters in all; at most {MAX_TOTAL_NOTES_CHARS} "
                "make one film.",
            )
        return cls(
            title=_line(given["title"], "title", MAX_TITLE_CHARS),
            language=parse_language_tag(given["language"]),
            theme=_matching(
                given["theme"], "theme", _THEME, "lower-case letters, digits and hyphens"
            ),
            aspect=cast("Aspect", _one_of(given["aspect"], "aspect", get_args(Aspect))),
            resolution=cast(
                "Resolution", _one_of(given["resolution"], "resolution", get_args(Resolution))
            ),
            slides=slides,
        )


def picture_size(aspect: Aspect, resolution: Resolution) -> tuple[int, int]:
    """Width and height in pixels: the short side has the resolution's number of lines."""
    short = _SHORT_SIDE_PX[resolution]
    long = short * 16 // 9
    return {"16:9": (long, short), "9:16": (short, long), "1:1": (short, short)}[aspect]


def parse_language_tag(value: Any, location: str = "language") -> str:
    """A BCP-47 tag of language, script and region in its usual case: "PT-br" → "pt-BR".
    Raises DeckRejected."""
    found = _LANGUAGE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise DeckRejected(location, "It must be a language tag such as en, pt-BR or zh-Hant-TW.")
    language, script, region = found.groups()
    parts = [language.lower(), (script or "").title(), (region or "").upper()]
    return "-".join(part for part in parts if part)


def remove_unsupported_characters(text: str) -> str:
    """A text without the characters that no slide can show."""
    return "".join(one for one in text if not _unusable(one))


def speech_key(text: str, speech: SpeechSettings, engine: str, owner: str) -> str:
    """The content address of a spoken text: sha256 in hex over the text and all that changes how
    it sounds. The owner is part of it: nobody can find out what somebody else had spoken."""
    content = [SCHEMA, owner, engine, speech.to_dict(), unicodedata.normalize("NFC", text)]
    return hashlib.sha256(
        json.dumps(content, sort_keys=True, ensure_ascii=False).encode()
    ).hexdigest()


def _mapping(
    data: Any, where: str, known: Sequence[str], needed: Sequence[str]
) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise DeckRejected(where or "deck", "It must be an object.")
    sandbox_io = f"{where}." if where else ""
    for key in needed:
        if key not in data:
            raise DeckRejected(f"{sandbox_io}{key}", "It is missing.")
    for key in data:
        if key not in known:
            raise DeckRejected(f"{sandbox_io}{str(key)[:40]}", "There is no such field.")
    return data


def _line(value: Any, where: str, most: int) -> str:
    """A text of one line; runs of white space become one blank."""
    text = " ".join(_text(value, where, most).split())
    if not text:
        raise DeckRejected(where, "It must not be blank.")
    return text


def _spoken(value: Any, where: str) -> str:
    """A text of any number of lines, or ""."""
    lines = (" ".join(line.split()) for line in _text(value, where, MAX_NOTES_CHARS).splitlines())
    return "\n".join(line for line in lines if line)


def _text(value: Any, where: str, most: int) -> str:
    if not isinstance(value, str):
        raise DeckRejected(where, "It must be a text.")
    if len(value) > most:
        raise DeckRejected(where, f"It has {len(value)} characters; at most {most} fit.")
    odd = next((c for c in value if c not in "\n\r\t" and _unusable(c)), None)
    if odd is not None:
        raise DeckRejected(where, f"It contains the character U+{ord(odd):04X}.")
    return unicodedata.normalize("NFC", value)


def _unusable(character: str) -> bool:
    return unicodedata.category(character) in _OUR_CHARACTERS


def _matching(value: Any, where: str, pattern: re.Pattern[str], of: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise DeckRejected(where, f"It must be 1 to 40 characters of {of}.")
    return value


def _one_of(value: Any, where: str, allowed: Sequence[str]) -> str:
    if not isinstance(value, str) or value not in allowed:
        raise DeckRejected(where, f"It must be {', '.join(allowed[:-1])} or {allowed[-1]}.")
    return value
