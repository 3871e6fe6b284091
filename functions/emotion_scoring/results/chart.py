"""timeline.png: one panel a face, the emotions stacked to 100 %, the strongest moments marked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from functions.emotion_scoring.results.canvas import (
    Canvas,
    Colour,
    text_width,
    truncate_text,
    wrap_text,
)
from functions.emotion_scoring.results.series import Curve, Series
from functions.emotion_scoring.results.summary import Peak
from functions.emotion_scoring.results.timeline import UNCERTAIN_MARGIN

WIDTH_PX = 1600
MAX_PANELS = 4
_LEFT, _RIGHT, _TOP = 96, 56, 56
_LABELS = 68
"""Above a panel: the face's name and what its peaks are."""
_STRIP = 10
_PANEL_HEIGHTS = {1: 340, 2: 240, 3: 190, 4: 160}

_GROUND: Colour = (255, 255, 255)
_INK: Colour = (28, 32, 38)
_QUIET: Colour = (98, 106, 118)
_GRID: Colour = (214, 218, 224)
_ABSENT: Colour = (240, 241, 244)
_HATCH: Colour = (222, 225, 230)

# From pleasant to unpleasant, bottom to top; told apart by lightness as well as by hue.
_COLOURS: dict[str, Colour] = {
    "happy": (244, 178, 50),
    "surprise": (53, 178, 164),
    "neutral": (196, 202, 210),
    "sad": (58, 118, 196),
    "fear": (126, 92, 168),
    "disgust": (120, 148, 58),
    "angry": (204, 62, 76),
}
_MORE: tuple[Colour, ...] = ((140, 92, 60), (232, 140, 176), (90, 90, 90), (30, 140, 90))


@dataclass(frozen=True)
class Legend:
    """The words around a chart. `shares`: of the scored time, by emotion."""

    title: str
    subtitle: str
    note: str
    shares: Mapping[str, float]


def assign_colours(classes: Sequence[str]) -> dict[str, Colour]:
    """Each class with its colour, in the order in which they are stacked."""
    known = [name for name in _COLOURS if name in classes]
    others = [name for name in classes if name not in _COLOURS]
    spare = {name: _MORE[n % len(_MORE)] for n, name in enumerate(others)}
    return {name: _COLOURS[name] for name in known} | spare


def render_timeline_chart(
    series: Series,
    classes: Sequence[str],
    peaks: Sequence[Peak],
    legend: Legend,
    *,
    start: Fraction,
    every: Fraction,
) -> bytes:
    """A PNG, WIDTH pixels wide. `start` and `every`: time and distance of the targets in s."""
    marked = {peak.face_id for peak in peaks}
    curves = sorted(series.select_longest(MAX_PANELS, marked), key=lambda one: one.face_id)
    height = _PANEL_HEIGHTS[max(1, len(curves))]
    note = wrap_text(legend.note, 16, WIDTH_PX - _LEFT - _RIGHT)
    panels_top = _TOP + 144
    step = _LABELS + height + _STRIP + 14
    axis = panels_top + max(1, len(curves)) * step - 6
    canvas = Canvas(WIDTH_PX, axis + 104 + 24 * len(note), _GROUND)
    plot = _Plot(canvas, series, classes, start, every, height)
    _words(canvas, plot.colours, legend)
    for n, curve in enumerate(curves):
        mine = [peak for peak in peaks if peak.face_id == curve.face_id]
        plot.panel(panels_top + n * step + _LABELS, curve, mine)
    if not curves:
        plot.nobody(panels_top + _LABELS)
    plot.time_axis(axis)
    for n, line in enumerate(note):
        canvas.text((_LEFT, axis + 92 + 24 * n), line, 16, _QUIET)
    return canvas.render_png()


def _words(canvas: Canvas, colours: Mapping[str, Colour], legend: Legend) -> None:
    room = WIDTH_PX - _LEFT - _RIGHT
    title = truncate_text(legend.title, 34, room, bold=True)
    canvas.text((_LEFT, _TOP + 28), title, 34, _INK, bold=True)
    canvas.text((_LEFT, _TOP + 66), truncate_text(legend.subtitle, 19, room), 19, _QUIET)
    x = float(_LEFT)
    for name, colour in colours.items():
        share = legend.shares.get(name, 0)
        word = f"{name} {share:.0%}"
        canvas.rectangle(x, _TOP + 98, x + 18, _TOP + 116, colour)
        canvas.text((x + 26, _TOP + 114), word, 18, _INK)
        x += 26 + text_width(word, 18) + 30
    canvas.rectangle(x, _TOP + 98, x + 18, _TOP + 116, _ABSENT)
    _hatch(canvas, x, _TOP + 98, x + 18, _TOP + 116)
    canvas.text((x + 26, _TOP + 114), "not seen", 18, _INK)


class _Plot:
    """The panels, which share one axis of time."""

    def __init__(
        self,
        canvas: Canvas,
        series: Series,
        classes: Sequence[str],
        start: Fraction,
        every: Fraction,
        height: int,
    ) -> None:
        self.colours = assign_colours(classes)
        self._canvas = canvas
        self._places = [list(classes).index(name) for name in self.colours]
        self._start = float(start)
        self._bin_s = float(every) * series.frames_per_bin
        self._bins = series.last_bin + 1
        self._height = height
        self._every = float(every)

    def x(self, number: float) -> float:
        """Where a bin begins."""
        return _LEFT + (WIDTH_PX - _LEFT - _RIGHT) * number / self._bins

    def panel(self, top: float, curve: Curve, peaks: Sequence[Peak]) -> None:
        """One face. Where it was not seen the ground is hatched."""
        canvas, bottom, right = self._canvas, top + self._height, WIDTH_PX - _RIGHT
        canvas.rectangle(_LEFT, top, right, bottom, _ABSENT)
        _hatch(canvas, _LEFT, top, right, bottom)
        for run in _runs(curve):
            self._stack(run, top)
            self._strip(run, bottom + 4)
        for share in (0.25, 0.5, 0.75):
            y = bottom - share * self._height
            canvas.line([(_LEFT, y), (right, y)], _mixed(_GRID, _GROUND, 0.5), 0.7)
        for share in (0, 0.5, 1):
            y = bottom - share * self._height
            canvas.text((_LEFT - 12, y), f"{share:.0%}", 16, _QUIET, anchor="rm")
        canvas.line([(_LEFT, top), (_LEFT, bottom), (right, bottom)], _QUIET, 1)
        seen = f"Face {curve.face_id}"
        canvas.text((_LEFT, top - 42), seen, 20, _INK, bold=True)
        x = _LEFT + text_width(seen, 20, bold=True) + 14
        about = f"seen for {_span(curve.frame_count * self._every)} · probability of each emotion"
        canvas.text((x, top - 42), about, 17, _QUIET)
        self._mark(top, peaks)

    def nobody(self, top: float) -> None:
        """Instead of panels when no face was found."""
        canvas, right = self._canvas, WIDTH_PX - _RIGHT
        canvas.rectangle(_LEFT, top, right, top + self._height, _ABSENT)
        _hatch(canvas, _LEFT, top, right, top + self._height)
        middle = (_LEFT + right) / 2, top + self._height / 2
        word = "No face that could be scored was found"
        half = text_width(word, 24) / 2 + 24
        canvas.rectangle(
            middle[0] - half, middle[1] - 28, middle[0] + half, middle[1] + 28, _GROUND
        )
        canvas.text(middle, word, 24, _QUIET, anchor="mm")

    def time_axis(self, y: float) -> None:
        """Ticks at round times."""
        span = self._bins * self._bin_s
        step = _round_step(span, (WIDTH_PX - _LEFT - _RIGHT) / 110)
        first = -(-self._start // step)
        number = 0
        while (time := (first + number) * step) <= self._start + span * 1.0001:
            x = self.x((time - self._start) / self._bin_s)
            self._canvas.line([(x, y - 6), (x, y + 2)], _QUIET, 1)
            self._canvas.text((x, y + 24), _reading(time), 16, _QUIET, anchor="ms")
            number += 1
        middle = (_LEFT + WIDTH_PX - _RIGHT) / 2
        about = (
            "time in the video · the bar shows the strongest emotion, pale where it is uncertain"
        )
        self._canvas.text((middle, y + 52), about, 16, _QUIET, anchor="ms")

    def _stack(self, run: Sequence[tuple[int, tuple[float, ...]]], top: float) -> None:
        """The stretch's areas, from the lowest to the highest."""
        bottom = top + self._height
        xs = [self.x(run[0][0]), *(self.x(n + 0.5) for n, _ in run), self.x(run[-1][0] + 1)]
        below = [0.0] * len(run)
        for place, colour in zip(self._places, self.colours.values(), strict=True):
            above = [b + told[place] for b, (_, told) in zip(below, run, strict=True)]
            edges = [
                [bottom - self._height * min(1.0, one) for one in (ys[0], *ys, ys[-1])]
                for ys in (below, above)
            ]
            upper = list(zip(xs, edges[1], strict=True))
            lower = list(zip(xs, edges[0], strict=True))
            self._canvas.polygon([*upper, *reversed(lower)], colour)
            below = above

    def _strip(self, run: Sequence[tuple[int, tuple[float, ...]]], top: float) -> None:
        """Under the panel the dominant emotion; paler where the two strongest are close."""
        names = list(self.colours)
        for number, told in run:
            order = sorted(range(len(names)), key=lambda n: -told[self._places[n]])
            first, second = (told[self._places[n]] for n in order[:2])
            colour = self.colours[names[order[0]]]
            if first - second < UNCERTAIN_MARGIN:
                colour = _mixed(colour, _GROUND, 0.3)
            self._canvas.rectangle(self.x(number), top, self.x(number + 1), top + _STRIP, colour)

    def _mark(self, top: float, peaks: Sequence[Peak]) -> None:
        """A pointer at each peak and beside it what it is, as long as there is room."""
        free = 0.0
        for peak in peaks:
            bin_at = (float(peak.time) - self._start) / self._bin_s
            x = min(self.x(bin_at + 0.5 * self._every / self._bin_s), WIDTH_PX - _RIGHT)
            colour = self.colours[peak.emotion]
            dark = _mixed(colour, _INK, 0.72)
            self._canvas.polygon([(x - 7, top - 13), (x + 7, top - 13), (x, top - 1)], dark)
            word = f"{peak.emotion} {int(100 * peak.score)}%"
            half = text_width(word, 16) / 2
            middle = min(max(x, _LEFT + half), WIDTH_PX - _RIGHT - half)
            if middle - half > free:
                self._canvas.text((middle, top - 17), word, 16, dark, anchor="ms")
                free = middle + half + 10


def _runs(curve: Curve) -> Iterator[list[tuple[int, tuple[float, ...]]]]:
    """Stretches of bins without a gap."""
    numbers = sorted(curve.bins)
    cuts = [n + 1 for n, (one, other) in enumerate(pairwise(numbers)) if other != one + 1]
    for begin, end in pairwise([0, *cuts, len(numbers)]):
        means = ((number, curve.mean(number)) for number in numbers[begin:end])
        run = [(number, mean) for number, mean in means if mean is not None]
        if run:
            yield run


def _hatch(canvas: Canvas, left: float, top: float, right: float, bottom: float) -> None:
    """Slanting lines within a rectangle."""
    height, step = bottom - top, 9.0
    x = left - height
    while x < right:
        begin, end = max(x, left), min(x + height, right)
        if end > begin:
            canvas.line([(begin, bottom - (begin - x)), (end, bottom - (end - x))], _HATCH, 1)
        x += step


def _mixed(one: Colour, other: Colour, share: float) -> Colour:
    """`share` of the first colour, the rest of the second."""
    r, g, b = (round(a * share + c * (1 - share)) for a, c in zip(one, other, strict=True))
    return r, g, b


def _round_step(span: float, most: float) -> float:
    """The smallest round number of seconds of which at most so many fit into the span."""
    steps = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600)
    return next((one for one in steps if span / one <= most), 86400)


def _reading(time: float) -> str:
    """`0:05`, `0:00.5`, from an hour on `1:00:05`."""
    tenths = round(time * 10)
    minutes, rest = divmod(tenths, 600)
    seconds = f"{rest // 10:02d}" + (f".{rest % 10}" if rest % 10 else "")
    if minutes < 60:
        return f"{minutes}:{seconds}"
    return f"{minutes // 60}:{minutes % 60:02d}:{seconds}"


def _span(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 90 else f"{seconds / 60:.1f} min"
