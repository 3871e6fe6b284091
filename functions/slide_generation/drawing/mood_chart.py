"""Draws the mood chart of a slide: the emotions over time as stacked areas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from PIL import Image, ImageDraw

from functions.slide_generation.drawing.themes import Colour, Theme, contrast_ratio
from functions.slide_generation.recap.phrases import format_time
from shared.recipes.emotions.results import MoodPoint
from shared.typography.drawing import Align, draw_at_baseline, draw_at_middle
from shared.typography.faces import title_style
from shared.typography.single_line import lay_out_line, line_width
from shared.typography.typesetting import Block

_OVERSAMPLING = 3
"""Factor of supersampling: Pillow draws shapes without anti-aliasing."""
_MIN_CONTRAST = 3.0
"""Minimum contrast of graphics against their background (WCAG 2.2, 1.4.11)."""
# From pleasant to unpleasant, bottom to top. The colours differ in lightness as well as in hue.
_COLOURS: dict[str, Colour] = {
    "happy": (244, 178, 50),
    "surprise": (53, 178, 164),
    "neutral": (150, 158, 170),
    "sad": (70, 130, 206),
    "fear": (142, 106, 186),
    "disgust": (120, 148, 58),
    "angry": (214, 72, 86),
}
_SPARE_COLOURS: Sequence[Colour] = ((140, 92, 60), (232, 140, 176), (30, 140, 90))
_SWATCH = 3.4
"""The side of a colour swatch in the legend, in units."""


def draw_mood_chart(mood: Sequence[MoodPoint], size: tuple[int, int], theme: Theme) -> Image.Image:
    """Returns an RGBA picture of `size` with a transparent background."""
    names = _visible_emotions(mood)
    colours = _colours(names, theme)
    unit = min(size[0] / 12, size[1] / 7) / 10
    legend = _legend(names, size[0], unit)
    lowest = legend[-1][2] if legend else 4 * unit
    top, bottom = round(lowest + 5 * unit), size[1] - round(8 * unit)
    large = Image.new("RGBA", (size[0] * _OVERSAMPLING, size[1] * _OVERSAMPLING), (0, 0, 0, 0))
    draw = ImageDraw.Draw(large)
    draw.rectangle(_enlarge((0, top, size[0], bottom)), fill=(*theme.muted, 36))
    for run in _runs(mood):
        _draw_areas(draw, run, names, colours, (size[0], top, bottom, len(mood)))
    image = large.resize(size, Image.Resampling.BOX)
    _draw_labels(ImageDraw.Draw(image), mood, legend, colours, theme, (size[0], size[1], unit))
    return image


def _label(text: str, unit: float) -> Block:
    return lay_out_line(text, max(8, round(4.6 * unit)), title_style(text, 500))


def _legend(names: Sequence[str], width: int, unit: float) -> list[tuple[str, float, float]]:
    """Returns (name, left edge, middle of the line) in px for each emotion.

    The legend takes as many lines as it needs, because a colour without a name has no meaning.
    """
    x, y = 0.0, 4 * unit
    entries = []
    for name in names:
        entry_width = _SWATCH * 1.5 * unit + line_width(_label(name, unit))
        if x and x + entry_width > width:
            x, y = 0.0, y + 6.5 * unit
        entries.append((name, x, y))
        x += entry_width + 4 * unit
    return entries


def _draw_areas(
    draw: ImageDraw.ImageDraw,
    run: Sequence[tuple[int, Mapping[str, float]]],
    names: Sequence[str],
    colours: Mapping[str, Colour],
    frame: tuple[int, int, int, int],
) -> None:
    """Draws the areas of a run of points with faces, from the lowest area to the highest."""
    width, top, bottom, count = frame
    xs = [width * run[0][0] / count]
    xs += [width * (n + 0.5) / count for n, _ in run]
    xs += [width * (run[-1][0] + 1) / count]
    below = [0.0] * len(run)
    for name in names:
        above = [low + share.get(name, 0.0) for low, (_, share) in zip(below, run, strict=True)]
        edges = []
        for heights in (below, above):
            ys = [bottom - (bottom - top) * min(1.0, height) for height in heights]
            edges.append(list(zip(xs, [ys[0], *ys, ys[-1]], strict=True)))
        outline = [*edges[1], *reversed(edges[0])]
        draw.polygon(
            [(x * _OVERSAMPLING, y * _OVERSAMPLING) for x, y in outline], fill=(*colours[name], 255)
        )
        below = above


def _draw_labels(
    draw: ImageDraw.ImageDraw,
    mood: Sequence[MoodPoint],
    legend: Sequence[tuple[str, float, float]],
    colours: Mapping[str, Colour],
    theme: Theme,
    frame: tuple[int, int, float],
) -> None:
    """Draws the legend, and the times at both ends and in the middle."""
    width, height, unit = frame
    side = _SWATCH * unit
    for name, x, middle in legend:
        draw.rounded_rectangle(
            (x, middle - side / 2, x + side, middle + side / 2), side / 4, fill=colours[name]
        )
        draw_at_middle(draw, _label(name, unit), (x + side * 1.5, middle), theme.body)
    step = float(mood[1].time_s) - float(mood[0].time_s) if len(mood) > 1 else 1.0
    begin, end = float(mood[0].time_s), float(mood[-1].time_s) + step
    aligned: tuple[tuple[float, Align], ...] = ((0.0, "left"), (0.5, "middle"), (1.0, "right"))
    for share, align in aligned:
        time = format_time(begin + (end - begin) * share)
        at = width * share, height - 1.6 * unit
        draw_at_baseline(draw, _label(time, unit), at, theme.muted, align)


def _visible_emotions(mood: Sequence[MoodPoint]) -> list[str]:
    """Returns the emotions that were scored, in the order in which they are stacked."""
    scored = {name for point in mood for name in point.share or ()}
    return [name for name in _COLOURS if name in scored] + sorted(scored - _COLOURS.keys())


def _colours(names: Sequence[str], theme: Theme) -> dict[str, Colour]:
    """Returns the colour of each emotion, with enough contrast to the theme's background."""
    spare = [name for name in names if name not in _COLOURS]
    plain = {name: _COLOURS.get(name) or _SPARE_COLOURS[spare.index(name) % 3] for name in names}
    return {name: _ensure_contrast(colour, theme.background) for name, colour in plain.items()}


def _ensure_contrast(colour: Colour, backgrounds: Sequence[Colour]) -> Colour:
    """Returns the colour, lightened or darkened until its contrast is at least _MIN_CONTRAST.

    The colour changes by at most 45 %, even if the contrast stays lower.
    """
    target = 255 if sum(sum(background) for background in backgrounds) < 3 * 255 else 0
    for share in (0.0, 0.15, 0.3, 0.45):
        red, green, blue = (round(value + (target - value) * share) for value in colour)
        if all(
            contrast_ratio((red, green, blue), background) >= _MIN_CONTRAST
            for background in backgrounds
        ):
            break
    return red, green, blue


def _runs(
    mood: Sequence[MoodPoint],
) -> list[list[tuple[int, Mapping[str, float]]]]:
    """Returns the runs of consecutive points with a face, as (index, shares)."""
    points = [(n, point.share) for n, point in enumerate(mood) if point.share is not None]
    cuts = [n + 1 for n, (a, b) in enumerate(pairwise(points)) if b[0] != a[0] + 1]
    return [points[start:end] for start, end in pairwise([0, *cuts, len(points)]) if end > start]


def _enlarge(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    left, top, right, bottom = (value * _OVERSAMPLING for value in box)
    return left, top, right - 1, bottom - 1
