"""How a video's mood moved, as areas that are stacked to the whole: a picture for a slide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from PIL import Image, ImageDraw, ImageFont

from functions.slide_generation.deck.recap import format_time
from functions.slide_generation.drawing.themes import Colour, Theme, contrast_ratio
from shared.recipes.emotions.results import MoodPoint
from shared.typography.fonts import INTER, load_font

_FINE = 3
"""Shapes are drawn so many times larger and then made small: Pillow's own have jagged edges."""
_NON_TEXT = 3.0
"""WCAG 2.2, 1.4.11: graphics against what lies behind them."""
# From pleasant to unpleasant, bottom to top; told apart by lightness as well as by hue.
_COLOURS: dict[str, Colour] = {
    "happy": (244, 178, 50),
    "surprise": (53, 178, 164),
    "neutral": (150, 158, 170),
    "sad": (70, 130, 206),
    "fear": (142, 106, 186),
    "disgust": (120, 148, 58),
    "angry": (214, 72, 86),
}
_OTHERS: Sequence[Colour] = ((140, 92, 60), (232, 140, 176), (30, 140, 90))
_LEAST_NAMED = 0.03
_MARK = 3.4
"""The side of a legend's mark, in units."""


def draw_mood_chart(mood: Sequence[MoodPoint], size: tuple[int, int], theme: Theme) -> Image.Image:
    """RGBA, transparent where nothing is drawn."""
    names = _stacked(mood)
    colours = _colours(names, theme)
    unit = min(size[0] / 12, size[1] / 7) / 10
    legend = _legend(names, size[0], unit)
    lowest = legend[-1][2] if legend else 4 * unit
    top, bottom = round(lowest + 5 * unit), size[1] - round(8 * unit)
    large = Image.new("RGBA", (size[0] * _FINE, size[1] * _FINE), (0, 0, 0, 0))
    draw = ImageDraw.Draw(large)
    draw.rectangle(_large((0, top, size[0], bottom)), fill=(*theme.muted, 36))
    for run in _runs(mood):
        _stack(draw, run, names, colours, (size[0], top, bottom, len(mood)))
    image = large.resize(size, Image.Resampling.BOX)
    _label(ImageDraw.Draw(image), mood, legend, colours, theme, (size[0], size[1], unit))
    return image


def _face(unit: float) -> ImageFont.FreeTypeFont:
    return load_font(INTER, max(8, round(4.6 * unit)), 500)


def _legend(names: Sequence[str], width: int, unit: float) -> list[tuple[str, float, float]]:
    """Where each name's mark begins, and the middle of its line, in px: in as many lines as they
    need, since a colour without a name tells nothing."""
    face, x, y = _face(unit), 0.0, 4 * unit
    placed = []
    for name in names:
        wide = _MARK * 1.5 * unit + face.getlength(name)
        if x and x + wide > width:
            x, y = 0.0, y + 6.5 * unit
        placed.append((name, x, y))
        x += wide + 4 * unit
    return placed


def _stack(
    draw: ImageDraw.ImageDraw,
    run: Sequence[tuple[int, Mapping[str, float]]],
    names: Sequence[str],
    colours: Mapping[str, Colour],
    frame: tuple[int, int, int, int],
) -> None:
    """One stretch of rows with faces, from the lowest area to the highest."""
    width, top, bottom, count = frame
    xs = [width * run[0][0] / count]
    xs += [width * (n + 0.5) / count for n, _ in run]
    xs += [width * (run[-1][0] + 1) / count]
    below = [0.0] * len(run)
    for name in names:
        above = [low + share.get(name, 0.0) for low, (_, share) in zip(below, run, strict=True)]
        edges = []
        for heights in (below, above):
            ys = [bottom - (bottom - top) * min(1.0, one) for one in heights]
            edges.append(list(zip(xs, [ys[0], *ys, ys[-1]], strict=True)))
        outline = [*edges[1], *reversed(edges[0])]
        draw.polygon([(x * _FINE, y * _FINE) for x, y in outline], fill=(*colours[name], 255))
        below = above


def _label(
    draw: ImageDraw.ImageDraw,
    mood: Sequence[MoodPoint],
    legend: Sequence[tuple[str, float, float]],
    colours: Mapping[str, Colour],
    theme: Theme,
    frame: tuple[int, int, float],
) -> None:
    """Which colour is which emotion, and times at both ends and in the middle."""
    width, height, unit = frame
    face, side = _face(unit), _MARK * unit
    for name, x, middle in legend:
        draw.rounded_rectangle(
            (x, middle - side / 2, x + side, middle + side / 2), side / 4, fill=colours[name]
        )
        draw.text((x + side * 1.5, middle), name, theme.body, face, anchor="lm")
    step = float(mood[1].time_s) - float(mood[0].time_s) if len(mood) > 1 else 1.0
    begin, end = float(mood[0].time_s), float(mood[-1].time_s) + step
    for share, anchor in ((0.0, "ls"), (0.5, "ms"), (1.0, "rs")):
        time = format_time(begin + (end - begin) * share)
        draw.text((width * share, height - 1.6 * unit), time, theme.muted, face, anchor=anchor)


def _stacked(mood: Sequence[MoodPoint]) -> list[str]:
    """The emotions that show at all, in the order in which they are stacked."""
    sums: dict[str, float] = {}
    seen = [row.share for row in mood if row.share is not None]
    for share in seen:
        for name, one in share.items():
            sums[name] = sums.get(name, 0.0) + one
    order = [name for name in _COLOURS if name in sums]
    order += [name for name in sums if name not in _COLOURS]
    return [name for name in order if sums[name] / max(1, len(seen)) >= _LEAST_NAMED]


def _colours(names: Sequence[str], theme: Theme) -> dict[str, Colour]:
    """Each emotion's colour, lighter or darker where the theme's ground is too like it."""
    spare = [name for name in names if name not in _COLOURS]
    plain = {name: _COLOURS.get(name) or _OTHERS[spare.index(name) % 3] for name in names}
    return {name: _apart(colour, theme.background) for name, colour in plain.items()}


def _apart(colour: Colour, grounds: Sequence[Colour]) -> Colour:
    towards = 255 if sum(sum(one) for one in grounds) < 3 * 255 else 0
    for share in (0.0, 0.15, 0.3, 0.45):
        red, green, blue = (round(one + (towards - one) * share) for one in colour)
        if all(contrast_ratio((red, green, blue), ground) >= _NON_TEXT for ground in grounds):
            break
    return red, green, blue


def _runs(
    mood: Sequence[MoodPoint],
) -> list[list[tuple[int, Mapping[str, float]]]]:
    """Stretches of rows in which somebody was seen."""
    there = [(n, row.share) for n, row in enumerate(mood) if row.share is not None]
    cuts = [n + 1 for n, (one, other) in enumerate(pairwise(there)) if other[0] != one[0] + 1]
    return [there[start:end] for start, end in pairwise([0, *cuts, len(there)]) if end > start]


def _large(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    left, top, right, bottom = (one * _FINE for one in box)
    return left, top, right - 1, bottom - 1
