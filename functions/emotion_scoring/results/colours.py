"""Colours of charts and of emotions, as RGB."""

from __future__ import annotations

from collections.abc import Sequence

from functions.emotion_scoring.results.canvas import Colour

GROUND: Colour = (255, 255, 255)
INK: Colour = (28, 32, 38)
QUIET: Colour = (98, 106, 118)
GRID: Colour = (214, 218, 224)
ABSENT: Colour = (240, 241, 244)
HATCH: Colour = (222, 225, 230)

# From pleasant to unpleasant, bottom to top. The colours differ in lightness as well as in hue.
_COLOURS: dict[str, Colour] = {
    "happy": (244, 178, 50),
    "surprise": (53, 178, 164),
    "neutral": (196, 202, 210),
    "sad": (58, 118, 196),
    "fear": (126, 92, 168),
    "disgust": (120, 148, 58),
    "angry": (204, 62, 76),
}
_SPARE_COLOURS: tuple[Colour, ...] = ((140, 92, 60), (232, 140, 176), (90, 90, 90), (30, 140, 90))


def assign_colours(classes: Sequence[str]) -> dict[str, Colour]:
    """Returns the colour of each class, in the order in which the classes are stacked."""
    known = [name for name in _COLOURS if name in classes]
    unknown = [name for name in classes if name not in _COLOURS]
    spare = {name: _SPARE_COLOURS[n % len(_SPARE_COLOURS)] for n, name in enumerate(unknown)}
    return {name: _COLOURS[name] for name in known} | spare


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """Returns the two colours mixed with `share` of the first."""
    r, g, b = (round(a * share + c * (1 - share)) for a, c in zip(first, second, strict=True))
    return r, g, b
