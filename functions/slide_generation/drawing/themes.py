"""The themes of decks.

Each text colour has a contrast of at least 4.5 to 1 against all colours of its background (WCAG
2.2, 1.4.3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Colour = tuple[int, int, int]
Decor = Literal["glow", "arc", "discs", "band", "rays", "grid", "block", "waves"]
Marker = Literal["disc", "dash", "ring", "square", "number"]
Rule = Literal["short", "long", "side", "none"]
Card = Literal["fill", "outline", "rule"]


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours, the typography and the decorations of a deck.

    Attributes:
        background: Colours of the gradient at the top and at the bottom.
        shapes: Colours of the shapes drawn on the background.
        accent: For markers, numbers and strong shapes.
        second: For lines and for bars other than the strongest.
        panel: The colour of filled cards.
        marker: The kind of marker before a bullet.
        weight: The weight of headings, 100 to 900.
        scale: The size of headings, relative to the others of the same layout.
        align: Where the lines of headings and strong texts are; bullets are always at the start.
        rule: The line of a heading: below it, short or in the page's width, beside it, or none.
        card: How groups of texts are separated from the background.
        radius: The radius of the corners of cards, in hundredths of the picture's short side.
    """

    name: str
    background: tuple[Colour, Colour]
    shapes: tuple[Colour, Colour]
    heading: Colour
    body: Colour
    muted: Colour
    accent: Colour
    second: Colour
    panel: Colour
    decor: Decor
    marker: Marker
    serif: bool = False
    weight: int = 700
    scale: float = 1.0
    align: Literal["start", "middle"] = "start"
    rule: Rule = "short"
    card: Card = "fill"
    radius: float = 0.0

    @property
    def text_colours(self) -> dict[str, Colour]:
        """The colour of each role of text."""
        return {
            "heading": self.heading,
            "body": self.body,
            "muted": self.muted,
            "accent": self.accent,
            "on_accent": self.on_accent,
        }

    @property
    def on_accent(self) -> Colour:
        """The colour of text and icons on the accent: of black, white and the background, the one
        with the highest contrast."""
        candidates = (self.background[0], (255, 255, 255), (16, 16, 16))
        return max(candidates, key=lambda colour: contrast_ratio(colour, self.accent))


def _hex(text: str) -> Colour:
    return (int(text[:2], 16), int(text[2:4], 16), int(text[4:], 16))


def _pair(text: str) -> tuple[Colour, Colour]:
    first, second = text.split()
    return _hex(first), _hex(second)


def _theme(
    name: str, background: str, shapes: str, text: str, accents: str, decor: Decor, marker: Marker,
    **style: Any,
) -> Theme:  # fmt: skip
    heading, body, muted = (_hex(colour) for colour in text.split())
    accent, second, panel = (_hex(colour) for colour in accents.split())
    return Theme(
        name,
        _pair(background),
        _pair(shapes),
        heading,
        body,
        muted,
        accent,
        second,
        panel,
        decor,
        marker,
        **style,
    )


THEMES: dict[str, Theme] = {
    theme.name: theme
    for theme in (
        _theme("midnight", "0a0f24 161d42", "2b3a9c 0c5f6b", "ffffff d8e0ff a9b6e8",
               "5eead4 7c8cf0 1d2650", "glow", "disc", radius=2.4),
        _theme("paper", "fcf8f0 f6eede", "efe0c6 e8d3b0", "2a201a 43372d 6b5847",
               "96361e 9a7b4f fffdf8", "arc", "dash", serif=True, weight=600, scale=0.94,
               align="middle", rule="long", card="rule"),
        _theme("meadow", "f4fbf5 e0f3e7", "c3e8d2 a9dfc1", "0e3b2c 1c4a3a 2c5646",
               "09623f 3f8f6c ffffff", "discs", "ring", weight=800, rule="none", radius=4.4),
        _theme("ember", "190e12 351320", "7a2418 4d1530", "fff5ee f5ddd2 dcb3a6",
               "ffa564 e0607e 3a1722", "rays", "disc", weight=800, scale=1.12, rule="side",
               card="outline"),
        _theme("slate", "ffffff f2f5f9", "1f3a5f dfe7f1", "13263e 30445c 51637a",
               "1a5ec8 6d86a6 e8eef6", "band", "square", weight=600, scale=0.86, rule="long",
               radius=0.8),
        _theme("chalk", "223530 192723", "2d453f 38544c", "f7f4e6 dfe7de b4c5ba",
               "f3c653 86b8a4 1d2e29", "grid", "number", serif=True, weight=500, card="outline",
               radius=2.0),
        _theme("studio", "f7f6f2 f2f0ea", "e8e4db e8e4db", "111111 2a2a2a 57534c",
               "c4122f 8a857b ffffff", "block", "dash", weight=900, scale=1.24, rule="none",
               card="rule"),
        _theme("coral", "fff6f0 ffe9dd", "ffd3c2 ffdfae", "4a1526 5c2b38 7a4450",
               "a8243f 177a83 fffdfb", "waves", "disc", weight=700, scale=1.04, align="middle",
               radius=5.0),
    )
}  # fmt: skip


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """Returns a colour between two: `share` 0 is the first, 1 the second."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


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
