"""Removes Markdown and code fences from a model's answer.

The parsers are imported on first use: most units of work read no answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from functions.slide_generation.markup.html_tags import remove_tags

if TYPE_CHECKING:
    from markdown_it.token import Token

MAX_MARKDOWN_CHARS = 8_000
"""Longer texts are not parsed, whose time can be quadratic. They are above the limits of a deck."""
_TYPED_BULLET = re.compile(r"^[ \t]*(?:[•‣◦▪●]|–(?!\s*[$€£¥.,]?\s*[\d½¼¾]))[ \t]+", re.MULTILINE)
"""Marks of lists that are no Markdown. A dash before a number is a sign."""


def to_plain_text(text: str) -> str:
    """Returns the text without Markdown and HTML, in one line for each line or block of it."""
    if len(text) > MAX_MARKDOWN_CHARS:
        return text
    from functions.slide_generation.markup.parsers import PLAIN_TEXT

    source = _TYPED_BULLET.sub("", text.replace("\r\n", "\n"))
    return "\n".join(filter(None, map(_block_text, PLAIN_TEXT.parse(source))))


def parse_json_answer(answer: str) -> Any:
    """Returns the JSON value of an answer, which may be in a fenced code block, or the first object
    in an answer with prose around it.

    Raises ValueError or RecursionError, as `json.loads` does.
    """
    text = answer.removeprefix("\ufeff")
    try:
        return json.loads(text)
    except ValueError:
        from functions.slide_generation.markup.parsers import FENCES

        blocks = [token.content for token in FENCES.parse(text) if token.type == "fence"]
        if len(blocks) == 1:
            return json.loads(blocks[0])
        if blocks or "{" not in text:
            raise
        return json.JSONDecoder().raw_decode(text, text.index("{"))[0]


def _block_text(token: Token) -> str:
    if token.type == "fence":
        return token.content.strip("\n")
    return remove_tags(_inline_parts(token.children or ())) if token.type == "inline" else ""


def _inline_parts(tokens: Sequence[Token]) -> Iterable[tuple[str, bool]]:
    """Yields the texts of inline tokens, and whether each is an HTML tag."""
    for token in tokens:
        if token.type == "image":
            yield from _inline_parts(token.children or ())
        elif token.type in ("softbreak", "hardbreak"):
            yield "\n", False
        else:
            # Empty for the tokens of emphasis and links.
            yield token.content, token.type == "html_inline"
