"""Charts of numbers: horizontal bars, a line, and a donut."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from functions.slide_generation.drawing.layouts.page import MIN_TEXT_U, Draft, Page
from functions.slide_generation.drawing.layouts.parts import add_disc, add_heading
from functions.slide_generation.drawing.plan import (
    Box,
    ChartArea,
    Panel,
    PlacedText,
    Ring,
    SlidePlan,
    Stroke,
    TextAlign,
)
from functions.slide_generation.drawing.themes import Colour, Theme, mix
from shared.recipes.films.slides.chart import SlideChart
from shared.recipes.films.slides.slide import Slide
from shared.typography.typesetting import Block

_GAP_TURNS = 0.004
"""The gap between the parts of a donut, so that equal colours are two parts."""

_MIN_LINE_LABEL_U = 3.2
"""Below it, the labels of a line are too small and it is drawn as bars."""


def plan_chart(slide: Slide, chart: SlideChart, page: Page) -> SlidePlan:
    """Plans a heading, the bullets as captions, and the chart below them."""
    u, box = page.u, page.box
    draft = Draft(page)
    icon = slide.icons[0] if len(slide.icons) == 1 else ""
    top = add_heading(draft, slide.heading, icon, share=0.24)
    if slide.bullets:
        blocks, gap = page.fit_stack(
            slide.bullets, (4.0, MIN_TEXT_U), box.width, box.height * 0.22, 1.2
        )
        x = box.x + box.width / 2 if page.centred else box.x
        align: TextAlign = "middle" if page.centred else "start"
        top = draft.stack(blocks, (x, top), gap, "muted", align) + 4 * u
    area = Box(box.x, top, box.width, box.y + box.height - top)
    if area.height < 24 * u:
        draft.fits = False
    draft.chart = ChartArea(area, len(draft.texts), len(draft.shapes))
    labels = [point.label for point in chart.points]
    values = [chart.describe(point, page.language) for point in chart.points]
    if chart.kind == "donut":
        _add_donut(draft, chart, labels, values, area)
    elif chart.kind == "line" and _line_fits(draft, labels, area):
        _add_line(draft, chart, labels, values, area)
    else:
        _add_bars(draft, chart, labels, values, area)
    return draft.to_plan()


def series_colours(theme: Theme, count: int) -> list[Colour]:
    """Returns colours from the accent to the second colour of the theme."""
    steps = [n / max(1, count - 1) for n in range(count)]
    return [mix(theme.accent, theme.second, step) for step in steps]


def _add_bars(
    draft: Draft, chart: SlideChart, labels: list[str], values: list[str], area: Box
) -> None:
    """Adds a bar per point, with its label before it and its value behind it."""
    page, u, theme = draft.page, draft.page.u, draft.page.theme
    count = len(labels)
    row = min(area.height / count, (17 if page.tall else 13) * u)
    names, _ = page.fit_columns(
        [[text] for text in labels], (4.4, MIN_TEXT_U), area.width * 0.3, [row * 0.96] * count, 0
    )
    figures, _ = page.fit_columns(
        [[text] for text in values], (4.4, MIN_TEXT_U), area.width * 0.26, [row * 0.96] * count, 0,
        weight=700,
    )  # fmt: skip
    blocks = [column[0] for column in (*names, *figures)]
    draft.fits &= all(block.height <= row for block in blocks)
    name_width = max(column[0].width for column in names) + 2.4 * u
    value_width = max(column[0].width for column in figures) + 1.6 * u
    length = area.width - name_width - value_width
    numbers = [point.value for point in chart.points]
    low, high = min(0.0, *numbers), max(0.0, *numbers)
    scale = length / (high - low) if high > low else 0.0
    zero = area.x + name_width - low * scale
    top = area.y + (area.height - row * count) * 0.35
    thickness = row * 0.56
    strongest = numbers.index(max(numbers))
    for n, value in enumerate(numbers):
        middle = top + row * (n + 0.5)
        bar = Box(
            zero + min(0.0, value * scale), middle - thickness / 2, abs(value) * scale, thickness
        )
        colour = theme.accent if n == strongest else theme.second
        draft.shapes.append(Panel(bar, colour, min(thickness / 2, theme.radius * u * 0.6)))
        name, figure = names[n][0], figures[n][0]
        draft.texts.append(
            PlacedText(name, area.x + name_width - 2.4 * u, middle - name.height / 2, "body",
                       align="end")
        )  # fmt: skip
        x = zero + max(0.0, value * scale) + 1.6 * u
        draft.texts.append(PlacedText(figure, x, middle - figure.height / 2, "heading"))
    if low < 0:
        ends = (zero, top), (zero, top + row * count)
        draft.shapes.append(Stroke(ends, theme.muted, 0.25 * u))


def _line_fits(draft: Draft, labels: list[str], area: Box) -> bool:
    """Returns whether the labels fit below the points, each in two lines of a readable size."""
    blocks = _line_labels(draft.page, labels, area)
    smallest = round(_MIN_LINE_LABEL_U * draft.page.u)
    return all(len(block.lines) <= 2 and block.size_px >= smallest for block in blocks)


def _line_labels(page: Page, labels: list[str], area: Box) -> list[Block]:
    count = len(labels)
    columns, _ = page.fit_columns(
        [[text] for text in labels], (4.0, MIN_TEXT_U), area.width / count - page.u,
        [11 * page.u] * count, 0, balanced=True,
    )  # fmt: skip
    return [column[0] for column in columns]


def _add_line(
    draft: Draft, chart: SlideChart, labels: list[str], values: list[str], area: Box
) -> None:
    """Adds a line through the points, with their values above and their labels below."""
    page, u, theme = draft.page, draft.page.u, draft.page.theme
    count, slot = len(labels), area.width / len(labels)
    height = min(area.height, area.width * 0.72)
    area = Box(area.x, area.y + (area.height - height) * 0.3, area.width, height)
    names = _line_labels(page, labels, area)
    figures, _ = page.fit_columns(
        [[text] for text in values], (4.2, MIN_TEXT_U), slot - u, [7 * u] * count, 0, weight=700
    )
    base = area.y + area.height - max(block.height for block in names) - 2 * u
    high_y = area.y + max(column[0].height for column in figures) + 2.4 * u
    draft.fits &= base - high_y >= 12 * u
    numbers = [point.value for point in chart.points]
    low, high = min(0.0, *numbers), max(0.0, *numbers)
    scale = (base - high_y) / (high - low) if high > low else 0.0
    points = [
        (area.x + slot * (n + 0.5), base - (value - low) * scale) for n, value in enumerate(numbers)
    ]
    zero = base + low * scale
    draft.shapes.append(
        Stroke(((area.x, zero), (area.x + area.width, zero)), theme.muted, 0.25 * u)
    )
    draft.shapes += [Stroke(ends, theme.accent, 0.9 * u) for ends in pairwise(points)]
    for (x, y), name, figure in zip(points, names, figures, strict=True):
        add_disc(draft, x, y, 1.5 * u)
        draft.texts.append(PlacedText(name, x, base + 2 * u, "body", align="middle"))
        # Above the line in the whole width of the value, not only above its point.
        half = figure[0].width / 2 + 0.5 * u
        edges = [_height_at(points, edge) for edge in (x - half, x + half)]
        top = min(y - 2.4 * u, *(edge - 1.2 * u for edge in edges)) - figure[0].height
        draft.texts.append(PlacedText(figure[0], x, top, "heading", align="middle"))


def _height_at(points: Sequence[tuple[float, float]], x: float) -> float:
    """Returns the y of a line at `x`; that of its nearest end outside of it."""
    if x <= points[0][0]:
        return points[0][1]
    for (left, start), (right, end) in pairwise(points):
        if x <= right:
            return start + (end - start) * (x - left) / (right - left)
    return points[-1][1]


def _add_donut(
    draft: Draft, chart: SlideChart, labels: list[str], values: list[str], area: Box
) -> None:
    """Adds a ring of the shares and its legend: beside each other, or below on a high page."""
    page, u, theme = draft.page, draft.page.u, draft.page.theme
    beside = area.width > area.height
    share = (0.44 if page.wide else 0.36) if beside else 0.8
    side = min(area.width * share, area.height if beside else area.height * 0.5)
    swatch = 5.4 * u
    gap = (9 if page.wide else 6 if beside else 4) * u
    height = area.height if beside else area.height - side - gap
    width = (area.width - side - gap if beside else area.width) - swatch
    count = len(labels)
    rows = [height / count] * count
    figures, _ = page.fit_columns(
        [[text] for text in values], (4.8, MIN_TEXT_U), width * 0.4, rows, 0, weight=700
    )
    figure_width = max(column[0].width for column in figures) + 2.4 * u
    names, _ = page.fit_columns(
        [[text] for text in labels], (4.8, MIN_TEXT_U), width - figure_width, rows, 0
    )
    # Ring and legend stand in the middle of the area together.
    legend = swatch + figure_width + max(column[0].width for column in names)
    taken = side + gap + legend if beside else legend
    left = area.x + (area.width - taken) / 2
    radius = side / 2
    x = left + radius if beside else area.x + area.width / 2
    y = area.y + (area.height / 2 if beside else radius)
    colours = series_colours(theme, count)
    _add_ring(draft, chart, colours, (x, y), radius)
    tallest = max(column[0].height for column in (*names, *figures))
    draft.fits &= tallest <= rows[0]
    row = min(rows[0], max(1.25 * tallest, 9 * u))
    left += side + gap if beside else 0.0
    middle = area.y + area.height - height
    middle += (height - row * count) / (2 if beside else 6) + row / 2
    for n, colour in enumerate(colours):
        box = Box(left, middle - 1.5 * u, 3 * u, 3 * u)
        draft.shapes.append(Panel(box, colour, min(1.5, theme.radius) * u))
        figure, name = figures[n][0], names[n][0]
        at = left + swatch
        draft.texts.append(PlacedText(figure, at, middle - figure.height / 2, "heading"))
        draft.texts.append(PlacedText(name, at + figure_width, middle - name.height / 2, "body"))
        middle += row


def _add_ring(
    draft: Draft, chart: SlideChart, colours: Sequence[Colour], at: tuple[float, float],
    radius: float,
) -> None:  # fmt: skip
    """Adds a ring with a part for each share."""
    total = sum(point.value for point in chart.points)
    begin = 0.0
    for point, colour in zip(chart.points, colours, strict=True):
        share = point.value / total
        gap = min(_GAP_TURNS, share / 4) if share < 1 else 0.0
        if share:
            draft.shapes.append(
                Ring(*at, radius, radius * 0.36, colour, begin + gap / 2, share - gap)
            )
        begin += share
