"""What a film of slides is to be about: a prompt, and text to draw on if there is any.

Both come as one object of plain text in UTF-8. The first form feed (U+000C, "next page") ends the
prompt; what follows it is the source text. Without one, all of it is the prompt.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from shared.errors import PermanentError

MAX_PROMPT_BYTES = 1_000_000
MAX_TEXT_CHARS = 100_000
"""Prompt and source together."""
SOURCE_SEPARATOR = "\f"
_UNSEEN = ("Cc", "Cs", "Co", "Cn")
# Marks that turn the order of what follows: they could make a text read otherwise than it is.
_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class PromptEmpty(PermanentError):
    """The prompt says nothing; write what the film shall be about."""

    code = "prompt-empty"


class PromptTooLong(PermanentError):
    """The prompt is too long."""

    code = "prompt-too-long"


class PromptNotText(PermanentError):
    """The prompt is not plain text in UTF-8."""

    code = "prompt-not-text"


@dataclass(frozen=True, slots=True)
class Prompt:
    """`text` is what was asked for; `source`, "" for none, is what to draw on."""

    text: str
    source: str = ""

    @classmethod
    def from_bytes(cls, data: bytes) -> Prompt:
        """Read an uploaded prompt: NFC, without what cannot be seen, lines kept.

        Raises PromptEmpty, PromptTooLong or PromptNotText.
        """
        if len(data) > MAX_PROMPT_BYTES:
            raise PromptTooLong(f"The prompt has more than {MAX_PROMPT_BYTES // 1000} kB.")
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as wrong:
            raise PromptNotText from wrong
        if "\0" in text:
            raise PromptNotText("The prompt contains binary data; send plain text in UTF-8.")
        asked, _, rest = text.partition(SOURCE_SEPARATOR)
        prompt = cls(_clean(asked), _clean(rest))
        if not any(one.isalnum() for one in prompt.text):
            raise PromptEmpty
        length = len(prompt.text) + len(prompt.source)
        if length > MAX_TEXT_CHARS:
            raise PromptTooLong(
                f"The prompt has {length} characters with its source; at most {MAX_TEXT_CHARS} are "
                "taken."
            )
        return prompt

    def to_bytes(self) -> bytes:
        """As it is uploaded; `from_bytes` reads it back."""
        return (self.text + (SOURCE_SEPARATOR + self.source if self.source else "")).encode()


def _clean(text: str) -> str:
    """Lines without surplus white space, and nothing in them that cannot be seen."""
    seen = "".join(
        one if one.isspace() or not _unseen(one) else " "
        for one in unicodedata.normalize("NFC", text)
    )
    lines = [" ".join(line.split()) for line in seen.splitlines()]
    kept = [line for n, line in enumerate(lines) if line or (n and lines[n - 1])]
    return "\n".join(kept).strip()


def _unseen(one: str) -> bool:
    return one in _TURNS or unicodedata.category(one) in _UNSEEN
