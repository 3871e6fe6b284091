"""Removes HTML tags from a text. A tag of another name, or one without its pair, is plain text."""

from __future__ import annotations

import re
from collections.abc import Iterable

_TAG = re.compile(
    r"<(?P<end>/?)(?P<name>[a-zA-Z][a-zA-Z0-9]*)(?:\s+[a-zA-Z-]+\s*=\s*[^\s>]+[^>]*)?\s*/?>"
)
_BLOCK = re.compile(
    r"article|blockquote|dd|div|dl|dt|footer|h[1-6]|header|li|main|ol|p|pre|section|table|tbody|td"
    r"|th|thead|tr|ul"
)
_PHRASING = re.compile(
    r"a|abbr|b|big|cite|code|del|em|font|i|ins|kbd|mark|q|s|samp|small|span|strike|strong|sub|sup"
    r"|tt|u|var"
)
_VOID = {"br": "\n", "hr": "\n", "img": "", "wbr": ""}
_SUPERSCRIPTS = str.maketrans("0123456789+-−=()", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾")


def remove_tags(parts: Iterable[tuple[str, bool]]) -> str:
    """Returns the text without its tags. Blocks and breaks become line breaks.

    Args:
        parts: the text in parts, and whether each is an HTML tag or comment.
    """
    texts: list[str] = []
    opened: list[tuple[str, int]] = []
    for part, is_html in parts:
        texts.append("" if is_html and part.startswith("<!--") else part)
        tag = _TAG.fullmatch(part) if is_html else None
        if tag is None:
            continue
        name = tag["name"].lower()
        if name in _VOID:
            texts[-1] = _VOID[name]
        elif not tag["end"]:
            if _BLOCK.fullmatch(name) or _PHRASING.fullmatch(name):
                opened.append((name, len(texts) - 1))
        elif name in (opened_name for opened_name, _ in opened):
            while opened:
                opened_name, start = opened.pop()
                if opened_name == name:
                    break
            _remove_pair(texts, name, start)
    return "".join(texts)


def _remove_pair(texts: list[str], name: str, start: int) -> None:
    """Removes the tags at `start` and at the end."""
    texts[start] = texts[-1] = "\n" if _BLOCK.fullmatch(name) else ""
    if name == "sup":
        content = "".join(texts[start:])
        raised = content.translate(_SUPERSCRIPTS)
        # `10<sup>6</sup>` is another number without it; `1<sup>st</sup>` is not.
        if raised != content and not any(c.isalpha() for c in content):
            texts[start:] = [raised]
