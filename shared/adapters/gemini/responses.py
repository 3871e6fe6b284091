"""What Gemini's answers and refusals mean, whichever library brings them."""

from __future__ import annotations

from collections.abc import Sequence

from shared.errors import (
    AnswerUnusable,
    ModelOverloaded,
    ModelUnavailable,
    MoodreelError,
    PromptRefused,
)

# https://ai.google.dev/api/generate-content#FinishReason: the model stopped because of what was
# asked or what it was about to say.
_DECLINED = frozenset(
    {"SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII"}
)


def response_text(block_reason: str, finish_reason: str, parts: Sequence[str]) -> str:
    """The text of a complete answer. `blocked` and `finish` are the names of the prompt's block
    reason and of the first candidate's finish reason, "" for none.

    The finish reason comes first: a cut answer has text as well. Raises PromptRefused or
    AnswerUnusable.
    """
    if block_reason and block_reason != "BLOCK_REASON_UNSPECIFIED":
        raise PromptRefused(f"The model declines to write about this ({_said(block_reason)}).")
    if finish_reason in _DECLINED:
        raise PromptRefused(f"The model stopped writing about this ({_said(finish_reason)}).")
    if finish_reason != "STOP":
        raise AnswerUnusable(
            f"The model's answer is not complete ({_said(finish_reason) or 'no end'})."
        )
    text = "".join(parts)
    if not text.strip():
        raise AnswerUnusable("The model's answer is empty.")
    return text


def to_error(status: int, message: str) -> MoodreelError:
    """An HTTP status of the service in our words."""
    if status in (408, 429) or status >= 500:
        return ModelOverloaded(f"The model cannot answer for now ({status}).")
    # google.api_core puts the address before what the service said.
    said = message.rpartition(": ")[2][:200]
    return ModelUnavailable(f"The model refuses the request ({status}): {said}")


def engine_name(model: str, endpoint: str) -> str:
    """Decks of the stand-in are never taken for the model's."""
    return f"stand-in:{model}" if endpoint else model


def _said(reason: str) -> str:
    return reason.lower().replace("_", " ")
