"""What a model may choose for a slide: its layout, and what the layout shows.

An invalid choice is replaced by bullets, which keep its numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from functions.slide_generation.markup.markdown import to_plain_text
from shared.recipes.films.deck_fields import DeckRejected, check_line
from shared.recipes.films.slides.chart import MAX_LABEL_CHARS, SlideChart
from shared.recipes.films.slides.icons import ICONS
from shared.recipes.films.slides.layouts import select_drawn_layout, to_bullets
from shared.recipes.films.slides.slide import (
    MAX_BULLET_CHARS,
    MAX_BULLETS,
    MAX_NUMBER_CHARS,
    Layout,
    Slide,
)

MODEL_LAYOUTS: tuple[Layout, ...] = (
    "title", "bullets", "statement", "closing", "columns", "number", "quote", "comparison",
    "timeline", "process", "chart",
)  # fmt: skip

_RULES = """\
- Every other slide has the layout that shows its content best; most have "bullets" with 2 to 5 \
bullets. "statement": one strong sentence as the heading and at most one bullet, which stands \
below it. "number": one striking number in "number" with its unit, the heading says of what, at \
most 2 bullets. "quote": a real quotation as the heading, its author as the only bullet. \
"columns": 4 to 6 bullets in two halves, whose names may stand in "labels". "comparison": 4 or 6 \
bullets, the first half about the first of two "labels", the other about the second. "timeline": 3 \
to 5 bullets with their times in "labels". "process": 3 to 5 steps in order. "chart": 3 to 8 \
numbers in one unit in "chart", as a "donut" only for shares of a whole, as a "line" for a course \
over time; at most 1 bullet.
- Numbers come from the source or are well established; never invent one to fill a layout.
- "icons": one for each bullet, or one for the slide, or none. Only these: """
LAYOUT_RULES = _RULES + " ".join(ICONS)
"""The rules for layouts in the instructions of a model."""


def layout_schema() -> dict[str, Any]:
    """Returns the properties of a slide in the schema of an answer."""
    text = {"type": "STRING"}
    texts = {"type": "ARRAY", "items": text, "max_items": MAX_BULLETS}
    point = {
        "type": "OBJECT",
        "properties": {"label": text, "value": {"type": "NUMBER"}},
        "required": ["label", "value"],
    }
    chart = {
        "type": "OBJECT",
        "properties": {
            "kind": {**text, "enum": ["bar", "line", "donut"]},
            "points": {"type": "ARRAY", "items": point, "max_items": 8},
            "unit": text,
        },
        "required": ["kind", "points"],
    }
    return {
        "layout": {**text, "enum": [*MODEL_LAYOUTS]},
        "labels": texts,
        "number": text,
        "chart": chart,
        "icons": texts,
    }


def apply_layout(slide: Slide, row: Mapping[str, Any], layout: Any, language: str) -> Slide:
    """Returns the slide with what a model's answer shows in a layout.

    Args:
        slide: the slide with its heading, bullets and notes.
        row: the slide in the answer, untrusted.
        layout: the layout of the answer, or `title` or `closing` for the first and the last slide.
    """
    chart, figures = _read_chart(row.get("chart"))
    number = _read_line(row.get("number"))
    if len(number) > MAX_NUMBER_CHARS or not any(map(str.isdigit, number)):
        figures += [number] if any(map(str.isdigit, number)) else []
        number = ""
    labels = row.get("labels")
    texts = [_read_line(label) for label in labels] if isinstance(labels, list) else []
    free = MAX_BULLETS - len(slide.bullets)
    shown = replace(
        slide,
        bullets=(*slide.bullets, *figures[:free]),
        layout=cast("Layout", layout) if layout in MODEL_LAYOUTS else "bullets",
        labels=tuple(texts) if _are_labels(texts) else (),
        number=number,
        chart=chart,
        icons=_read_icons(row.get("icons"), len(slide.bullets)),
    )
    if shown.layout in ("title", "closing", "statement"):
        plain = to_bullets(shown, language)
        is_list = shown.layout == "statement" and len(plain.bullets) > 1
        return replace(plain, layout="bullets" if is_list else shown.layout)
    parts = {"number": bool(number), "chart": chart is not None}
    hidden = any(present for name, present in parts.items() if name != shown.layout)
    drawable = select_drawn_layout(shown) == shown.layout != "bullets"
    return shown if drawable and not hidden else to_bullets(shown, language)


def _read_chart(data: Any) -> tuple[SlideChart | None, list[str]]:
    """Returns a chart, or the texts of the points of an invalid one."""
    if not isinstance(data, Mapping):
        return None, []
    points = data.get("points")
    rows = [row for row in points if isinstance(row, Mapping)] if isinstance(points, list) else []
    unit = _read_line(data.get("unit"))
    fields = {
        "kind": data.get("kind"),
        "points": [{"label": _read_line(r.get("label")), "value": r.get("value")} for r in rows],
        "unit": unit,
    }
    try:
        return SlideChart.from_dict(fields), []
    except DeckRejected:
        texts = [f"{_read_line(row.get('label'))}: {row.get('value')} {unit}" for row in rows]
        return None, [text.strip(": ") for text in texts if any(map(str.isdigit, text))]


def _read_icons(names: Any, bullets: int) -> tuple[str, ...]:
    """Returns one icon for each bullet, or the first known one for the slide."""
    rows = names if isinstance(names, list) else []
    known = [name for name in rows if name in ICONS]
    if len(rows) == len(known) == bullets:
        return tuple(known)
    return tuple(known[:1])


def _are_labels(texts: list[str]) -> bool:
    return len(texts) <= MAX_BULLETS and all(0 < len(text) <= MAX_LABEL_CHARS for text in texts)


def _read_line(value: Any) -> str:
    """Returns a text of one line without markup; "" for anything else."""
    if not isinstance(value, str):
        return ""
    try:
        return check_line(to_plain_text(value).strip(), "", MAX_BULLET_CHARS)
    except DeckRejected:
        return ""
