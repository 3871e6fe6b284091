"""The themes of decks.

Each text colour has a contrast of at least 4.5 to 1 against all colours of its background (WCAG
2.2, 1.4.3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Colour = tuple[int, int, int]
Decor = Literal["glow", "arc", "discs", "band", "rays", "grid"]
Marker = Literal["disc", "dash", "ring", "square", "number"]


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours and decorations of a deck.

    Attributes:
        background: Colours of the gradient at the top and at the bottom.
        shapes: Colours of the shapes drawn on the background.
        marker: The kind of marker before a bullet.
    """

    name: str
    background: tuple[Colour, Colour]
    shapes: tuple[Colour, Colour]
    heading: Colour
    body: Colour
    muted: Colour
    accent: Colour
    decor: Decor
    marker: Marker
    serif: bool = False


def _hex(text: str) -> Colour:
    return (int(text[:2], 16), int(text[2:4], 16), int(text[4:], 16))


def _pair(text: str) -> tuple[Colour, Colour]:
    first, second = text.split()
    return _hex(first), _hex(second)


def _theme(
    name: str, background: str, shapes: str, text: str, accent: str, decor: Decor, marker: Marker,
    *, serif: bool = False,
) -> Theme:  # fmt: skip
    heading, body, muted = (_hex(colour) for colour in text.split())
    return Theme(
        name,
        _pair(background),
        _pair(shapes),
        heading,
        body,
        muted,
        _hex(accent),
        decor,
        marker,
        serif,
    )


THEMES: dict[str, Theme] = {
    theme.name: theme
    for theme in (
        _theme("midnight", "0a0f24 161d42", "2b3a9c 0c5f6b", "ffffff d8e0ff a9b6e8", "5eead4",
               "glow", "disc"),
        _theme("paper", "fcf8f0 f6eede", "efe0c6 e8d3b0", "2a201a 43372d 6b5847", "96361e",
               "arc", "dash", serif=True),
        _theme("meadow", "f4fbf5 e0f3e7", "c3e8d2 a9dfc1", "0e3b2c 1c4a3a 2c5646", "09623f",
               "discs", "ring"),
        _theme("ember", "190e12 351320", "7a2418 4d1530", "fff5ee f5ddd2 dcb3a6", "ffa564",
               "rays", "disc"),
        _theme("slate", "ffffff f2f5f9", "1f3a5f dfe7f1", "13263e 30445c 51637a", "1a5ec8",
               "band", "square"),
        _theme("chalk", "223530 192723", "2d453f 38544c", "f7f4e6 dfe7de b4c5ba", "f3c653",
               "grid", "number", serif=True),
    )
}  # fmt: skip


def contrast_ratio(colour_a: Colour, colour_b: Colour) -> float:
    """Returns the contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    first, second = sorted((_luminance(colour_a), _luminance(colour_b)), reverse=True)
    return (first + 0.05) / (second + 0.05)


def _luminance(colour: Colour) -> float:
    def linear(value: int) -> float:
        share = value / 255
        return float(share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4)

    red, green, blue = (linear(value) for value in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
