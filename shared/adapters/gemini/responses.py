"""Interprets Gemini's responses and errors, for both client libraries."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.adapters.availability import status_outage
from shared.errors import MoodreelError, OverloadedError, PermanentError, TransientError
from shared.ports.models import (
    EMULATOR_PREFIX,
    MAX_PICTURE_BYTES,
    AnswerUnusable,
    ModelOverloaded,
    ModelUnavailable,
    PictureModelOverloaded,
    PictureModelUnavailable,
    PictureRefused,
    PictureUnusable,
    PromptRefused,
)

# https://ai.google.dev/api/generate-content#FinishReason: the model stopped because of the prompt
# or because of its own output.
_DECLINED = frozenset(
    {
        "SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII",
        "ESCALATION", "MODEL_ARMOR", "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION",
    }
)  # fmt: skip
_NOT_BLOCKED = frozenset({"", "BLOCK_REASON_UNSPECIFIED", "BLOCKED_REASON_UNSPECIFIED"})
"""The Developer API and Vertex AI name the unspecified reason differently."""
_PICTURE_TYPES = frozenset({"image/jpeg", "image/png", "image/webp"})

MAX_MESSAGE_CHARS = 1000
"""The rest of a message is not searched for addresses, and not shown."""
_REQUEST_LINE = re.compile(r"^\d{3} [A-Z]+ \S+: ")
"""What google.api_core puts before the message of the service."""
_ADDRESS = re.compile(
    r"\S*(?://|\.googleapis\.com|\.internal\b|\[[0-9a-f:]+\]|\b\d+\.\d+\.\d+\.\d+\b|\blocalhost\b)\S*"
)
"""A word with an address of a service, which users must not see."""


@dataclass(frozen=True, slots=True)
class ErrorClasses:
    """The errors of a model, and how messages name the model."""

    name: str
    refused: type[PermanentError]
    overloaded: type[OverloadedError]
    unavailable: type[TransientError]
    unusable: type[TransientError]


TEXT_ERRORS = ErrorClasses(
    "The model", PromptRefused, ModelOverloaded, ModelUnavailable, AnswerUnusable
)
PICTURE_ERRORS = ErrorClasses(
    "The picture model",
    PictureRefused,
    PictureModelOverloaded,
    PictureModelUnavailable,
    PictureUnusable,
)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture in a response. `thought` marks a sketch that precedes the result."""

    mime_type: str
    data: bytes
    thought: bool = False


def response_text(block_reason: str, finish_reason: str, parts: Sequence[str]) -> str:
    """Returns the text of a complete response.

    The finish reason is checked first, because a truncated response has text as well.

    Args:
        block_reason: The name of the prompt's block reason, or "".
        finish_reason: The name of the first candidate's finish reason, or "".
        parts: The parts of the first candidate.

    Raises:
        PromptRefused: When the model declines.
        AnswerUnusable: When the response is truncated or empty.
    """
    _check_complete(block_reason, finish_reason, TEXT_ERRORS, "write about this")
    text = "".join(parts)
    if not text.strip():
        raise AnswerUnusable("The model's answer is empty.")
    return text


def response_picture(block_reason: str, finish_reason: str, pictures: Sequence[Picture]) -> bytes:
    """Returns the file of the last picture of a response that is not a sketch.

    A response in which all pictures are marked as sketches has its result last: some models mark
    that too.

    Args:
        block_reason, finish_reason: See `response_text`.
        pictures: The pictures of the first candidate.

    Raises:
        PictureRefused: When the model declines.
        PictureUnusable: When there is no picture, or one of another type or size.
    """
    _check_complete(block_reason, finish_reason, PICTURE_ERRORS, "draw this")
    results = [picture for picture in pictures if not picture.thought] or pictures
    if not results or not results[-1].data:
        raise PictureUnusable("The picture model returned no picture.")
    picture = results[-1]
    if picture.mime_type not in _PICTURE_TYPES:
        raise PictureUnusable(f"The picture model returned {picture.mime_type[:40]!r}.")
    if len(picture.data) > MAX_PICTURE_BYTES:
        size = len(picture.data) >> 20
        raise PictureUnusable(f"The picture model returned a file of {size} MiB.")
    return picture.data


def _check_complete(
    block_reason: str, finish_reason: str, classes: ErrorClasses, action: str
) -> None:
    """Raises the error of a response that was declined or is not complete."""
    if block_reason not in _NOT_BLOCKED:
        text = f"{classes.name} declines to {action} ({_readable(block_reason)})."
        raise classes.refused(text)
    if finish_reason in _DECLINED:
        text = f"{classes.name} stopped and declines to {action} ({_readable(finish_reason)})."
        raise classes.refused(text)
    if finish_reason != "STOP":
        raise classes.unusable(
            f"{classes.name}'s answer is not complete ({_readable(finish_reason) or 'no end'})."
        )


def to_error(
    status: int,
    message: str,
    headers: Mapping[str, str] | None = None,
    details: Sequence[Any] = (),
    classes: ErrorClasses = TEXT_ERRORS,
) -> MoodreelError:
    """Converts an error of the service: its HTTP status, its message, the headers of the response
    and the details of google.rpc.Status."""
    outage = status_outage(status, headers or {}, details, classes.overloaded, classes.name)
    if outage is not None:
        return outage
    message = _REQUEST_LINE.sub("", message[:MAX_MESSAGE_CHARS])
    text = _ADDRESS.sub("…", message)[:200]
    return classes.unavailable(f"{classes.name} refuses the request ({status}): {text}")


def engine_name(model: str, endpoint: str) -> str:
    """Returns the name of the engine; decks of the emulator never count as the model's."""
    return f"{EMULATOR_PREFIX}{model}" if endpoint else model


def _readable(reason: str) -> str:
    return reason.lower().replace("_", " ")
