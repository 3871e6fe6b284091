"""Speech synthesis, the language model for decks, and the image model for slides, with the errors
that they raise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from shared.errors import PermanentError, TransientError
from shared.recipes.films.speech import SpeechAudio, SpeechSettings


class VoiceRefused(PermanentError):
    """The voice cannot speak this; choose another voice or language."""

    code = "voice-refused"


class VoiceOverloaded(TransientError):
    """The voice's quota is used up for now."""

    code = "voice-overloaded"


class VoiceUnavailable(TransientError):
    """The voice did not answer as it should."""

    code = "voice-unavailable"


class SpeechSynthesizer(Protocol):
    """Synthesizes speech."""

    @property
    def engine(self) -> str:
        """A name that changes when the same text would sound different."""
        ...

    def synthesize(self, text: str, settings: SpeechSettings) -> SpeechAudio:
        """Speaks a text of at most 5,000 bytes in UTF-8. Raises VoiceRefused (permanent),
        VoiceOverloaded or VoiceUnavailable (transient)."""
        ...


class PromptRefused(PermanentError):
    """The model declines to write about this; word the prompt differently."""

    code = "prompt-refused"


class ModelOverloaded(TransientError):
    """The model cannot answer for now."""

    code = "model-overloaded"


class ModelUnavailable(TransientError):
    """The model refuses the request; an operator has to check its credentials and its name."""

    code = "model-unavailable"


class AnswerUnusable(TransientError):
    """The model's answer was cut off, empty or of another form; another one may be better."""

    code = "answer-unusable"


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """A request to a language model.

    Attributes:
        system: The instructions.
        text: The user's input. It is data, never instructions.
        schema: The schema of the response, as an OpenAPI 3.0 schema object.
        max_tokens: The maximum length of the response.
    """

    system: str
    text: str
    schema: Mapping[str, Any]
    max_tokens: int


class DeckModel(Protocol):
    """The language model that writes decks."""

    @property
    def engine(self) -> str:
        """A name that changes when another model would answer the same request."""
        ...

    def generate(self, request: ModelRequest) -> str:
        """Returns JSON text, which is not validated. Raises PromptRefused (permanent),
        AnswerUnusable, ModelOverloaded or ModelUnavailable (transient)."""
        ...


@dataclass(frozen=True, slots=True)
class PictureRequest:
    """A request for a picture of a slide: the slide's texts, their language and the size of the
    film in pixels."""

    heading: str
    bullets: tuple[str, ...]
    notes: str
    language: str
    width: int
    height: int

    def to_list(self) -> list[Any]:
        """Returns a list that can be written as JSON, for a hash of the content."""
        return [
            self.heading,
            list(self.bullets),
            self.notes,
            self.language,
            self.width,
            self.height,
        ]


class Illustrator(Protocol):
    """The image model that draws pictures for slides."""

    @property
    def engine(self) -> str:
        """A name that changes when another model would draw the same request."""
        ...

    def draw(self, request: PictureRequest) -> bytes:
        """Returns the bytes of a JPEG, PNG or WebP file. Raises a PermanentError when the model
        refuses, a TransientError when it is unavailable."""
        ...
