"""Draws timeline.png: one panel per face, emotions stacked to 100 %, the peaks marked."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from functions.emotion_scoring.results.canvas import Canvas, text_width, wrap_text
from functions.emotion_scoring.results.chart_text import (
    LEFT_PX,
    RIGHT_PX,
    TOP_PX,
    WIDTH_PX,
    Legend,
    draw_legend,
    draw_sentences,
    format_time,
    sentences_height,
)
from functions.emotion_scoring.results.colours import (
    ABSENT,
    GRID,
    GROUND,
    HATCH,
    INK,
    QUIET,
    assign_colours,
    mix,
)
from functions.emotion_scoring.results.series import Curve, Series
from functions.emotion_scoring.results.summary import Peak
from functions.emotion_scoring.results.timeline import UNCERTAIN_MARGIN
from shared.recipes.captions.transcript import Sentence

MAX_PANELS = 4
_LABELS = 68
"""Height above a panel for the name of the face and the labels of its peaks."""
_STRIP = 10
_PANEL_HEIGHTS = {1: 340, 2: 240, 3: 190, 4: 160}


def render_timeline_chart(
    series: Series,
    classes: Sequence[str],
    peaks: Sequence[Peak],
    legend: Legend,
    *,
    start: Fraction,
    every: Fraction,
    sentences: Sequence[Sentence | None] | None = None,
) -> bytes:
    """Returns a PNG that is WIDTH_PX wide.

    Args:
        sentences: of each peak, to be listed below the axis; None without a transcript.
        start: time of the first target in seconds.
        every: distance of the targets in seconds.
    """
    peak_faces = {peak.face_id for peak in peaks}
    curves = sorted(series.select_longest(MAX_PANELS, peak_faces), key=lambda curve: curve.face_id)
    height = _PANEL_HEIGHTS[max(1, len(curves))]
    note = wrap_text(legend.note, 16, WIDTH_PX - LEFT_PX - RIGHT_PX)
    panels_top = TOP_PX + 144
    step = _LABELS + height + _STRIP + 14
    axis = panels_top + max(1, len(curves)) * step - 6
    list_top = axis + 76
    rows = [] if sentences is None else list(zip(peaks, sentences, strict=True))
    bottom = list_top + sentences_height(len(rows))
    canvas = Canvas(WIDTH_PX, bottom + 28 + 24 * len(note), GROUND)
    plot = _Plot(canvas, series, classes, start, every, height)
    draw_legend(canvas, plot.colours, legend)
    numbers = {peak: f"{n} · " if rows else "" for n, peak in enumerate(peaks, 1)}
    for n, curve in enumerate(curves):
        face_peaks = [(numbers[peak], peak) for peak in peaks if peak.face_id == curve.face_id]
        plot.draw_panel(panels_top + n * step + _LABELS, curve, face_peaks)
    if not curves:
        plot.draw_empty_panel(panels_top + _LABELS)
    plot.draw_time_axis(axis)
    draw_sentences(canvas, list_top, plot.colours, rows)
    for n, line in enumerate(note):
        canvas.text((LEFT_PX, bottom + 16 + 24 * n), line, 16, QUIET)
    return canvas.render_png()


class _Plot:
    """The panels of a chart, which share one time axis."""

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
        self._indices = [list(classes).index(name) for name in self.colours]
        self._start = float(start)
        self._bin_s = float(every) * series.frames_per_bin
        self._bins = series.last_bin + 1
        self._height = height
        self._every = float(every)

    def x(self, number: float) -> float:
        """Returns the x coordinate at which a bin begins."""
        return LEFT_PX + (WIDTH_PX - LEFT_PX - RIGHT_PX) * number / self._bins

    def draw_panel(self, top: float, curve: Curve, peaks: Sequence[tuple[str, Peak]]) -> None:
        """Draws the panel of one face. Times at which it was not seen are hatched. The label of a
        peak begins with its text."""
        canvas, bottom, right = self._canvas, top + self._height, WIDTH_PX - RIGHT_PX
        canvas.rectangle(LEFT_PX, top, right, bottom, ABSENT)
        canvas.hatch(LEFT_PX, top, right, bottom, HATCH)
        for run in curve.runs():
            self._draw_areas(run, top)
            self._draw_strip(run, bottom + 4)
        for share in (0.25, 0.5, 0.75):
            y = bottom - share * self._height
            canvas.line([(LEFT_PX, y), (right, y)], mix(GRID, GROUND, 0.5), 0.7)
        for share in (0, 0.5, 1):
            y = bottom - share * self._height
            canvas.text((LEFT_PX - 12, y), f"{share:.0%}", 16, QUIET, align="right", centred=True)
        canvas.line([(LEFT_PX, top), (LEFT_PX, bottom), (right, bottom)], QUIET, 1)
        name = f"Face {curve.face_id}"
        canvas.text((LEFT_PX, top - 42), name, 20, INK, bold=True)
        x = LEFT_PX + text_width(name, 20, bold=True) + 14
        span = _format_span(curve.frame_count * self._every)
        details = f"seen for {span} · probability of each emotion"
        canvas.text((x, top - 42), details, 17, QUIET)
        self._draw_peaks(top, peaks)

    def draw_empty_panel(self, top: float) -> None:
        """Draws the panel that replaces the others if no face was scored."""
        canvas, right = self._canvas, WIDTH_PX - RIGHT_PX
        canvas.rectangle(LEFT_PX, top, right, top + self._height, ABSENT)
        canvas.hatch(LEFT_PX, top, right, top + self._height, HATCH)
        middle = (LEFT_PX + right) / 2, top + self._height / 2
        text = "No face that could be scored was found"
        half = text_width(text, 24) / 2 + 24
        canvas.rectangle(middle[0] - half, middle[1] - 28, middle[0] + half, middle[1] + 28, GROUND)
        canvas.text(middle, text, 24, QUIET, align="middle", centred=True)

    def draw_time_axis(self, y: float) -> None:
        """Draws ticks at round times."""
        span = self._bins * self._bin_s
        step = _round_step(span, (WIDTH_PX - LEFT_PX - RIGHT_PX) / 110)
        first = -(-self._start // step)
        number = 0
        while (time := (first + number) * step) <= self._start + span * 1.0001:
            x = self.x((time - self._start) / self._bin_s)
            self._canvas.line([(x, y - 6), (x, y + 2)], QUIET, 1)
            self._canvas.text((x, y + 24), format_time(time), 16, QUIET, align="middle")
            number += 1
        middle = (LEFT_PX + WIDTH_PX - RIGHT_PX) / 2
        caption = (
            "time in the video · the bar shows the strongest emotion, pale where it is uncertain"
        )
        self._canvas.text((middle, y + 52), caption, 16, QUIET, align="middle")

    def _draw_areas(self, run: Sequence[tuple[int, tuple[float, ...]]], top: float) -> None:
        """Draws the areas of a run of bins, from the lowest to the highest."""
        bottom = top + self._height
        xs = [self.x(run[0][0]), *(self.x(n + 0.5) for n, _ in run), self.x(run[-1][0] + 1)]
        below = [0.0] * len(run)
        for index, colour in zip(self._indices, self.colours.values(), strict=True):
            above = [low + means[index] for low, (_, means) in zip(below, run, strict=True)]
            edges = [
                [bottom - self._height * min(1.0, y) for y in (ys[0], *ys, ys[-1])]
                for ys in (below, above)
            ]
            upper = list(zip(xs, edges[1], strict=True))
            lower = list(zip(xs, edges[0], strict=True))
            self._canvas.polygon([*upper, *reversed(lower)], colour)
            below = above

    def _draw_strip(self, run: Sequence[tuple[int, tuple[float, ...]]], top: float) -> None:
        """Draws the dominant emotion below the panel, paler where the two strongest are close."""
        names = list(self.colours)
        for number, means in run:
            order = sorted(range(len(names)), key=lambda n: -means[self._indices[n]])
            first, second = (means[self._indices[n]] for n in order[:2])
            colour = self.colours[names[order[0]]]
            if first - second < UNCERTAIN_MARGIN:
                colour = mix(colour, GROUND, 0.3)
            self._canvas.rectangle(self.x(number), top, self.x(number + 1), top + _STRIP, colour)

    def _draw_peaks(self, top: float, peaks: Sequence[tuple[str, Peak]]) -> None:
        """Draws a marker at each peak, and a label unless it would overlap the previous one."""
        free_from = 0.0
        for number, peak in peaks:
            bin_at = (float(peak.time) - self._start) / self._bin_s
            x = min(self.x(bin_at + 0.5 * self._every / self._bin_s), WIDTH_PX - RIGHT_PX)
            dark = mix(self.colours[peak.emotion], INK, 0.72)
            self._canvas.polygon([(x - 7, top - 13), (x + 7, top - 13), (x, top - 1)], dark)
            full = f"{number}{peak.emotion} {int(100 * peak.score)}%"
            for label in filter(None, (full, number.rstrip(" ·"))):
                half = text_width(label, 16) / 2
                middle = min(max(x, LEFT_PX + half), WIDTH_PX - RIGHT_PX - half)
                if middle - half > free_from:
                    self._canvas.text((middle, top - 17), label, 16, dark, align="middle")
                    free_from = middle + half + 10
                    break


def _round_step(span: float, max_ticks: float) -> float:
    """Returns the smallest round step in seconds with at most `max_ticks` steps in the span."""
    steps = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600)
    return next((step for step in steps if span / step <= max_ticks), 86400)


def _format_span(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 90 else f"{seconds / 60:.1f} min"
