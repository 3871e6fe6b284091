"""What each layout of a slide needs, and the bullets that replace a layout."""

from __future__ import annotations

from dataclasses import replace

from shared.recipes.films.slides.chart import SlideChart
from shared.recipes.films.slides.slide import (
    MAX_BULLET_CHARS,
    MAX_BULLETS,
    Layout,
    Slide,
)

SEPARATOR = " · "


def select_drawn_layout(slide: Slide, *, picture: bool = False) -> Layout:
    """Returns the layout in which a slide can be drawn: its own, or `bullets`.

    Args:
        picture: whether the slide's picture exists.
    """
    count, labels = len(slide.bullets), len(slide.labels)
    drawable = {
        "title": True,
        "closing": True,
        "picture": picture,
        "statement": count <= 1,
        "chart": slide.chart is not None or picture,
        "number": bool(slide.number),
        "quote": count <= 1,
        "columns": count >= 2 and labels in (0, 2),
        "comparison": count >= 2 and labels == 2,
        "timeline": count >= 2 and labels == count,
        "process": count >= 2,
    }
    return slide.layout if drawable.get(slide.layout) else "bullets"


def to_bullets(slide: Slide, language: str = "en") -> Slide:
    """Returns the slide with the layout `bullets`, which keeps all its words and numbers.

    Labels are put before their bullets, or before the first bullet of their column. A number and
    the values of a chart become bullets. What makes a bullet too long, or is more than the bullets
    hold, is left out; neither happens within the limits that a model is given.
    """
    bullets = list(slide.bullets)
    starts = [*range(len(bullets))]
    if len(slide.labels) == 2 and slide.layout in ("columns", "comparison"):
        starts = [0, count_first_column(len(bullets))]
    for start, label in zip(starts, slide.labels, strict=False):
        if start >= len(bullets) or bullets[start].startswith(label):
            continue
        if len(label) + 2 + len(bullets[start]) <= MAX_BULLET_CHARS:
            bullets[start] = f"{label}: {bullets[start]}"
    figures = list(_describe_points(slide.chart, language)) if slide.chart is not None else []
    if slide.number and not any(slide.number in text for text in (slide.heading, *bullets)):
        figures.insert(0, slide.number)
    if figures and len(bullets) == MAX_BULLETS:
        joined = SEPARATOR.join(bullets[-2:])
        bullets[-2:] = [joined] if len(joined) <= MAX_BULLET_CHARS else bullets[-2:]
    return replace(
        slide,
        bullets=(*_join(figures, MAX_BULLETS - len(bullets)), *bullets)[:MAX_BULLETS],
        layout="bullets",
        labels=(),
        number="",
        chart=None,
        icons=slide.icons if not figures else (),
    )


def count_first_column(bullets: int) -> int:
    """Returns how many of the bullets stand in the first of two columns."""
    return (bullets + 1) // 2


def _describe_points(chart: SlideChart, language: str) -> list[str]:
    return [f"{point.label}: {chart.describe(point, language)}" for point in chart.points]


def _join(texts: list[str], count: int) -> list[str]:
    """Returns the texts as at most `count` bullets."""
    size = max(1, -(-len(texts) // max(1, count)))
    return [SEPARATOR.join(texts[n : n + size]) for n in range(0, len(texts), size)]
