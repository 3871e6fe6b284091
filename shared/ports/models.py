"""Models that write, draw and speak."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from shared.recipes.films.speech import SpeechAudio, SpeechSettings


class SpeechSynthesizer(Protocol):
    """Speaks a text of at most 5,000 bytes in UTF-8. Raises VoiceRefused (for good),
    VoiceOverloaded or VoiceUnavailable (for now)."""

    @property
    def engine(self) -> str:
        """A name that changes when the same text would sound different."""
        ...

    def synthesize(self, text: str, settings: SpeechSettings) -> SpeechAudio: ...


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """What a language model is asked. `system` are our instructions, `text` is what a person gave:
    data and never instructions. `schema`, in the words of OpenAPI 3.0, is the answer's form;
    `max_tokens` its greatest length."""

    system: str
    text: str
    schema: Mapping[str, Any]
    max_tokens: int


class DeckModel(Protocol):
    """Answers with JSON text, which may be anything. Raises PromptRefused (for good),
    AnswerUnusable (another answer may do), ModelOverloaded or ModelUnavailable (for now)."""

    @property
    def engine(self) -> str:
        """A name that changes when the same request would be answered by another model."""
        ...

    def generate(self, request: ModelRequest) -> str: ...


@dataclass(frozen=True, slots=True)
class PictureRequest:
    """A picture for a slide: what the slide says, in which language, and the film's size in px."""

    heading: str
    bullets: tuple[str, ...]
    notes: str
    language: str
    width: int
    height: int

    def to_list(self) -> list[Any]:
        """JSON-able, for an address by content."""
        return [
            self.heading,
            list(self.bullets),
            self.notes,
            self.language,
            self.width,
            self.height,
        ]


class Illustrator(Protocol):
    """Draws a picture for a slide: the bytes of a JPEG, PNG or WebP file. Raises a PermanentError
    when it will not, a TransientError when it cannot now."""

    @property
    def engine(self) -> str:
        """A name that changes when the same wish would be drawn by another model."""
        ...

    def draw(self, request: PictureRequest) -> bytes: ...
