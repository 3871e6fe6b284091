"""Speech synthesis, the language model for decks, and the image model for slides, with the errors
that they raise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from shared.errors import OverloadedError, PermanentError, Service, TransientError
from shared.recipes.films.speech import SpeechAudio, SpeechSettings


class VoiceRefused(PermanentError):
    """The voice cannot speak this; choose another voice or language."""

    code = "voice-refused"


class VoiceOverloaded(OverloadedError):
    """The voice is overloaded or cannot be reached for now."""

    code = "voice-overloaded"
    service = Service.SPEECH


class VoiceUnavailable(TransientError):
    """The voice refuses access or did not answer as it should; an operator has to check it."""

    code = "voice-unavailable"


class SpeechSynthesizer(Protocol):
    """Synthesizes speech."""

    @property
    def engine(self) -> str:
        """A name that changes when the same text would sound different."""
        ...

    def synthesize(self, text: str, settings: SpeechSettings) -> SpeechAudio:
        """Speaks a text of at most 5,000 bytes in UTF-8. Raises VoiceRefused or QuotaExhausted
        (permanent), VoiceOverloaded or VoiceUnavailable (transient)."""
        ...


class PromptRefused(PermanentError):
    """The model declines to write about this; word the prompt differently."""

    code = "prompt-refused"


class ModelOverloaded(OverloadedError):
    """The model is overloaded or cannot be reached for now."""

    code = "model-overloaded"
    service = Service.MODEL


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


EMULATOR_PREFIX = "emulator:"
"""Begins the name of an engine that writes by rules and is no language model."""


class DeckModel(Protocol):
    """The language model that writes decks."""

    @property
    def engine(self) -> str:
        """A name that changes when another model would answer the same request. That of an
        emulator begins with EMULATOR_PREFIX."""
        ...

    def generate(self, request: ModelRequest) -> str:
        """Returns JSON text, which is not validated. Raises PromptRefused or QuotaExhausted
        (permanent), ModelOverloaded, AnswerUnusable or ModelUnavailable (transient)."""
        ...


class PictureRefused(PermanentError):
    """The model declines to draw this."""

    code = "picture-refused"


class PictureModelOverloaded(OverloadedError):
    """The model that draws pictures is overloaded or cannot be reached for now."""

    code = "picture-model-overloaded"
    service = Service.PICTURES


class PictureModelUnavailable(TransientError):
    """The model that draws pictures refuses the request; an operator has to check its credentials
    and its name."""

    code = "picture-model-unavailable"


class PictureUnusable(TransientError):
    """The model returned no picture; another answer may have one."""

    code = "picture-unusable"


MAX_PICTURE_BYTES = 16 << 20
"""Limit for the file of a drawn picture. That of a megapixel has one to two megabytes."""


@dataclass(frozen=True, slots=True)
class PictureRequest:
    """A request for a picture of a slide: the slide's texts, their language, and the size in pixels
    of the box that the picture fills. The texts are data, never instructions."""

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
        """Returns the bytes of a JPEG, PNG or WebP file, at most MAX_PICTURE_BYTES. They are
        untrusted. The picture is cropped to the box of the request.

        Raises PictureRefused or QuotaExhausted (permanent), PictureModelOverloaded,
        PictureUnusable or PictureModelUnavailable (transient)."""
        ...
