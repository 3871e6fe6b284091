"""Interprets Gemini's responses and errors, for both client libraries."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from shared.adapters.availability import status_outage
from shared.errors import MoodreelError
from shared.ports.models import AnswerUnusable, ModelOverloaded, ModelUnavailable, PromptRefused

# https://ai.google.dev/api/generate-content#FinishReason: the model stopped because of the prompt
# or because of its own output.
_DECLINED = frozenset(
    {"SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII"}
)

MAX_MESSAGE_CHARS = 1000
"""The rest of a message is not searched for addresses, and not shown."""
_ADDRESS = re.compile(
    r"\S*(?://|\.googleapis\.com|\.internal\b|\[[0-9a-f:]+\]|\b\d+\.\d+\.\d+\.\d+\b|\blocalhost\b)\S*"
)
"""A word with an address of a service, which users must not see."""


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
    if block_reason and block_reason != "BLOCK_REASON_UNSPECIFIED":
        raise PromptRefused(f"The model declines to write about this ({_readable(block_reason)}).")
    if finish_reason in _DECLINED:
        raise PromptRefused(f"The model stopped writing about this ({_readable(finish_reason)}).")
    if finish_reason != "STOP":
        raise AnswerUnusable(
            f"The model's answer is not complete ({_readable(finish_reason) or 'no end'})."
        )
    text = "".join(parts)
    if not text.strip():
        raise AnswerUnusable("The model's answer is empty.")
    return text


def to_error(
    status: int,
    message: str,
    headers: Mapping[str, str] | None = None,
    details: Sequence[Any] = (),
) -> MoodreelError:
    """Converts an error of the service: its HTTP status, its message, the headers of the response
    and the details of google.rpc.Status."""
    outage = status_outage(status, headers or {}, details, ModelOverloaded, "The model")
    if outage is not None:
        return outage
    # google.api_core puts the URL before the message of the service.
    text = _ADDRESS.sub("…", message.rpartition(": ")[2][:MAX_MESSAGE_CHARS])[:200]
    return ModelUnavailable(f"The model refuses the request ({status}): {text}")


def engine_name(model: str, endpoint: str) -> str:
    """Returns the name of the engine; decks of the emulator never count as the model's."""
    return f"stand-in:{model}" if endpoint else model


def _readable(reason: str) -> str:
    return reason.lower().replace("_", " ")
