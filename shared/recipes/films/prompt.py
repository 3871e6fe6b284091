"""The prompt of a film of slides, and the source text to draw on, if there is one.

Both are uploaded as one object of plain text in UTF-8. The first form feed (U+000C) ends the
prompt; the source text follows. Without a form feed the whole text is the prompt. Nothing before
the form feed means that the film tells the source text.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from shared.errors import PermanentError

MAX_PROMPT_BYTES = 1_000_000
MAX_TEXT_CHARS = 100_000
"""The prompt and the source text together."""
SOURCE_SEPARATOR = "\f"
_INVISIBLE_CATEGORIES = ("Cc", "Cs", "Co")
# Controls that reorder the text after them: the text could read differently from its characters.
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


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
    """A prompt. `text` is the request, or "" when there is a source; `source` is the text to draw
    on, or ""."""

    text: str
    source: str = ""

    @classmethod
    def from_bytes(cls, data: bytes) -> Prompt:
        """Parses an uploaded prompt: NFC, without invisible characters, lines preserved.

        Raises:
            PromptEmpty: When the prompt has no letter or digit, unless it is blank and the source
                has one.
            PromptTooLong: When it exceeds MAX_PROMPT_BYTES or MAX_TEXT_CHARS.
            PromptNotText: When it is not plain text in UTF-8.
        """
        if len(data) > MAX_PROMPT_BYTES:
            raise PromptTooLong(f"The prompt has more than {MAX_PROMPT_BYTES // 1000} kB.")
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise PromptNotText from error
        if "\0" in text:
            raise PromptNotText("The prompt contains binary data; send plain text in UTF-8.")
        request, _, source = text.partition(SOURCE_SEPARATOR)
        prompt = cls(_clean(request), _clean(source))
        if not any(character.isalnum() for character in prompt.text or prompt.source):
            raise PromptEmpty
        length = len(prompt.text) + len(prompt.source)
        if length > MAX_TEXT_CHARS:
            raise PromptTooLong(
                f"The prompt has {length} characters with its source; at most {MAX_TEXT_CHARS} are "
                "taken."
            )
        return prompt

    def to_bytes(self) -> bytes:
        """Returns the prompt as it is uploaded; `from_bytes` reads it back."""
        return (self.text + (SOURCE_SEPARATOR + self.source if self.source else "")).encode()


def _clean(text: str) -> str:
    """Returns the lines without surplus white space and without invisible characters."""
    visible = "".join(
        character if character.isspace() or not _is_invisible(character) else " "
        for character in unicodedata.normalize("NFC", text)
    )
    lines = [" ".join(line.split()) for line in visible.splitlines()]
    # Of several empty lines in a row one is kept.
    result = [line for n, line in enumerate(lines) if line or (n and lines[n - 1])]
    return "\n".join(result).strip()


def _is_invisible(character: str) -> bool:
    return character in _BIDI_CONTROLS or unicodedata.category(character) in _INVISIBLE_CATEGORIES
