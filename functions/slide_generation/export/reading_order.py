"""The texts of a page in the order in which they are read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from functions.slide_generation.drawing.plan import PlacedText
from functions.slide_generation.export.pages import Page

GroupKind = Literal["heading", "list", "text"]


def group_texts(page: Page) -> Iterator[tuple[GroupKind, Sequence[PlacedText]]]:
    """Yields the texts of a page in reading order: its `heading`, each `list`, and `text`."""
    texts = page.plan.texts
    heading = next(n for n, text in enumerate(texts) if text.role == "heading")
    yield "heading", [texts[heading]]
    rest = [text for n, text in enumerate(texts) if n != heading]
    while rest:
        bulleted = rest[0].marker is not None
        count = next(
            (n for n, text in enumerate(rest) if (text.marker is not None) != bulleted), len(rest)
        )
        yield "list" if bulleted else "text", rest[:count]
        rest = rest[count:]
