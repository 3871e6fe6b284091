"""Speech recognition, with the errors that it raises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from shared.errors import OverloadedError, PermanentError, Service, TransientError

AUTO_LANGUAGE = "auto"
"""The language of a request that lets the service recognize the language."""
SAMPLE_RATE_HZ = 16_000
"""The sample rate of recognized sound."""
MAX_SOUND_S = 60.0
"""Speech-to-Text recognizes at most a minute of sound, or 10 MB, in a synchronous request:
https://docs.cloud.google.com/speech-to-text/docs/quotas."""


class LanguageNotRecognized(PermanentError):
    """The speech recognition does not know this language; choose another one."""

    code = "language-not-recognized"


class RecognitionOverloaded(OverloadedError):
    """The speech recognition is overloaded or cannot be reached for now."""

    code = "recognition-overloaded"
    service = Service.RECOGNITION


class RecognitionUnavailable(TransientError):
    """The speech recognition refuses access or did not answer as it should; an operator has to
    check it."""

    code = "recognition-unavailable"


@dataclass(frozen=True, slots=True)
class RecognitionRequest:
    """A request to recognize the words of a sound.

    Attributes:
        samples: Mono samples, 16-bit little-endian, at SAMPLE_RATE_HZ, of at most MAX_SOUND_S.
        language: A BCP 47 language tag, or AUTO_LANGUAGE.
    """

    samples: bytes
    language: str = AUTO_LANGUAGE


@dataclass(frozen=True, slots=True)
class RecognizedWord:
    """A word with its punctuation.

    Attributes:
        start_s, end_s: Its time within the sound, in seconds.
        confidence: From 0 to 1, or None when the service states none.
        speaker: A label of the speaker within the request, "" when the service states none.
    """

    text: str
    start_s: float
    end_s: float
    confidence: float | None = None
    speaker: str = ""


@dataclass(frozen=True, slots=True)
class Recognition:
    """The words of a sound in the order of time. `language` is the BCP 47 tag of the recognized
    language, "" for a sound without words."""

    words: tuple[RecognizedWord, ...]
    language: str


class SpeechRecognizer(Protocol):
    """Recognizes speech."""

    @property
    def engine(self) -> str:
        """A name that changes when another model would recognize the same sound."""
        ...

    def recognize(self, request: RecognitionRequest) -> Recognition:
        """Recognizes the words of a sound. Raises LanguageNotRecognized or QuotaExhausted
        (permanent), RecognitionOverloaded or RecognitionUnavailable (transient)."""
        ...
