"""Backgrounds of slides, drawn once per theme, size and kind, then cached."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from PIL import Image, ImageDraw

from functions.slide_generation.drawing.themes import THEMES, Colour, Theme

OVERSAMPLING = 3
"""Factor of supersampling, for smooth edges."""

Draw = ImageDraw.ImageDraw


@lru_cache(maxsize=8)
def draw_background(
    theme_name: str, size: tuple[int, int], *, bold: bool, rtl: bool
) -> Image.Image:
    """Returns an RGB picture from the cache. Callers must copy it before they draw on it.

    Args:
        bold: larger shapes, for opening and closing slides.
        rtl: mirror the background for right-to-left scripts.
    """
    theme = THEMES[theme_name]
    image = _gradient(size, *theme.background)
    _DECORS[theme.decor](image, theme, bold)
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rtl else image


def _gradient(size: tuple[int, int], top: Colour, bottom: Colour) -> Image.Image:
    mask = Image.linear_gradient("L").resize(size, Image.Resampling.BICUBIC)
    return Image.composite(Image.new("RGB", size, bottom), Image.new("RGB", size, top), mask)


def _shape(image: Image.Image, colour: Colour, paint: Callable[[Draw, float], None]) -> None:
    """Pastes `colour` through a mask that `paint` draws.

    Args:
        paint: draws white on the mask; its second argument is the unit in px, a hundredth of the
            short side.
    """
    width, height = image.size
    large = Image.new("L", (width * OVERSAMPLING, height * OVERSAMPLING))
    paint(ImageDraw.Draw(large), min(width, height) * OVERSAMPLING / 100)
    mask = large.resize(image.size, Image.Resampling.BOX)
    image.paste(colour, (0, 0), mask)


def _disc(draw: Draw, x: float, y: float, radius: float) -> None:
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)


def _glow(image: Image.Image, theme: Theme, bold: bool) -> None:
    """Draws two soft lights in opposite corners."""
    width, height = image.size
    short = min(width, height)
    for colour, x, y, radius, share in (
        (theme.shapes[0], width * 0.98, height * 0.02, short * (1.35 if bold else 1.0), 0.85),
        (theme.shapes[1], width * 0.02, height * 1.02, short * (1.1 if bold else 0.7), 0.7),
    ):
        side = round(radius * 2)
        light = Image.radial_gradient("L").point(_falloff(share))
        light = light.resize((side, side), Image.Resampling.BICUBIC)
        image.paste(colour, (round(x - radius), round(y - radius)), light)


def _falloff(share: float) -> list[int]:
    """Returns a lookup table that turns Pillow's radial gradient into a soft light.

    The gradient is 0 in the middle and 181 at the edges. The light falls smoothly from `share` (of
    255) in the middle to 0 at the edges.
    """
    levels = (max(0.0, 1 - value / 181) for value in range(256))
    return [round(255 * share * level * level * (3 - 2 * level)) for level in levels]


def _arc(image: Image.Image, theme: Theme, bold: bool) -> None:
    """Draws concentric circles around a corner."""
    width, height = image.size

    def paint(draw: Draw, u: float) -> None:
        x, y = width * OVERSAMPLING, height * OVERSAMPLING
        for radius in (66, 54, 42, 30, 18) if bold else (34, 26, 18, 10):
            r = radius * u
            draw.ellipse((x - r, y - r, x + r, y + r), outline=255, width=round(0.5 * u))

    _shape(image, theme.shapes[1], paint)


def _discs(image: Image.Image, theme: Theme, bold: bool) -> None:
    """Draws hills at the lower edge."""
    width, height = image.size
    lift = 1.0 if bold else 0.45
    for colour, x, radius, above in (
        (theme.shapes[0], 0.72, 120.0, 34.0),
        (theme.shapes[1], 1.0, 90.0, 26.0),
    ):

        def paint(draw: Draw, u: float, x: float = x, r: float = radius, a: float = above) -> None:
            _disc(draw, width * OVERSAMPLING * x, height * OVERSAMPLING + (r - a * lift) * u, r * u)

        _shape(image, colour, paint)


def _band(image: Image.Image, theme: Theme, bold: bool) -> None:
    """Draws a dark band at the edge where text begins and a light triangle opposite to it."""
    width, height = image.size

    def field(draw: Draw, u: float) -> None:
        x = width * OVERSAMPLING
        reach = (70 if bold else 30) * u
        draw.polygon(((x, height * OVERSAMPLING), (x - reach, height * OVERSAMPLING), (x,
        height * OVERSAMPLING - reach)),
                     fill=255)  # fmt: skip

    def edge(draw: Draw, u: float) -> None:
        draw.rectangle((0, 0, (4.4 if bold else 2.2) * u, height * OVERSAMPLING), fill=255)

    _shape(image, theme.shapes[1], field)
    _shape(image, theme.shapes[0], edge)


def _rays(image: Image.Image, theme: Theme, bold: bool) -> None:
    """Draws soft lights and diagonal stripes at a corner."""
    _glow(image, theme, bold)
    width, _ = image.size

    def paint(draw: Draw, u: float) -> None:
        for n in range(5 if bold else 3):
            x = width * OVERSAMPLING - (4 + 7 * n) * u
            draw.line((x, -2 * u, x + 30 * u, 30 * u), fill=40 - 6 * n, width=round(1.6 * u))

    _shape(image, theme.accent, paint)


def _grid(image: Image.Image, theme: Theme, bold: bool) -> None:
    """Draws a grid of points, denser on opening and closing slides."""
    width, height = image.size
    step = 6.0 if bold else 9.0

    def paint(draw: Draw, u: float) -> None:
        x = step * u / 2
        while x < width * OVERSAMPLING:
            y = step * u / 2
            while y < height * OVERSAMPLING:
                _disc(draw, x, y, 0.22 * u)
                y += step * u
            x += step * u

    _shape(image, theme.shapes[1], paint)


def _block(image: Image.Image, theme: Theme, bold: bool) -> None:
    """Draws a bar in the accent colour at the upper edge and a large ring at a lower corner."""
    width, height = image.size

    def bar(draw: Draw, u: float) -> None:
        x = 9 * u
        draw.rectangle((x, 0, x + (26 if bold else 12) * u, (3.4 if bold else 2) * u), fill=255)

    def ring(draw: Draw, u: float) -> None:
        x, y = width * OVERSAMPLING, height * OVERSAMPLING
        radius = (62 if bold else 30) * u
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), outline=255,
                     width=round((16 if bold else 8) * u))  # fmt: skip

    _shape(image, theme.shapes[0], ring)
    _shape(image, theme.accent, bar)


def _waves(image: Image.Image, theme: Theme, bold: bool) -> None:
    """Draws round fields in opposite corners."""
    width, height = image.size
    reach = 1.0 if bold else 0.62

    def upper(draw: Draw, u: float) -> None:
        _disc(draw, width * OVERSAMPLING * 0.04, -6 * u, 40 * u * reach)
        _disc(draw, width * OVERSAMPLING * 0.04 + 34 * u * reach, -16 * u, 30 * u * reach)

    def lower(draw: Draw, u: float) -> None:
        x, y = width * OVERSAMPLING, height * OVERSAMPLING
        _disc(draw, x - 4 * u, y + 4 * u, 46 * u * reach)
        _disc(draw, x - 44 * u * reach, y + 16 * u, 34 * u * reach)

    _shape(image, theme.shapes[0], upper)
    _shape(image, theme.shapes[1], lower)


_DECORS: dict[str, Callable[[Image.Image, Theme, bool], None]] = {
    "glow": _glow,
    "arc": _arc,
    "discs": _discs,
    "band": _band,
    "rays": _rays,
    "grid": _grid,
    "block": _block,
    "waves": _waves,
}
