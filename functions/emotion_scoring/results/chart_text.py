"""The text around the chart of a timeline: its legend, and the sentences of its peaks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from functions.emotion_scoring.results.canvas import Canvas, Colour, text_width, truncate_text
from functions.emotion_scoring.results.colours import ABSENT, HATCH, INK, QUIET, mix
from functions.emotion_scoring.results.summary import Peak
from shared.recipes.captions.transcript import Sentence
from shared.typography.faces import describe_replacements, title_style

WIDTH_PX = 1600
LEFT_PX, RIGHT_PX, TOP_PX = 96, 56, 56
_ROW, _HEADING, _BELOW = 32, 40, 24
"""Heights of the list of sentences."""
_TEXT_SIZE = 18
_GAP = 28
_NOTHING = "nothing is said"


@dataclass(frozen=True)
class Legend:
    """The text around a chart. `shares`: shares of the scored time by emotion."""

    title: str
    subtitle: str
    note: str
    shares: Mapping[str, float]


def draw_legend(canvas: Canvas, colours: Mapping[str, Colour], legend: Legend) -> None:
    """Draws the title, the subtitle and the colours of the emotions."""
    width = WIDTH_PX - LEFT_PX - RIGHT_PX
    title = truncate_text(legend.title, 34, width, bold=True)
    canvas.text((LEFT_PX, TOP_PX + 28), title, 34, INK, bold=True)
    canvas.text((LEFT_PX, TOP_PX + 66), truncate_text(legend.subtitle, 19, width), 19, QUIET)
    x = float(LEFT_PX)
    for name, colour in colours.items():
        share = legend.shares.get(name, 0)
        text = f"{name} {share:.0%}"
        canvas.rectangle(x, TOP_PX + 98, x + 18, TOP_PX + 116, colour)
        canvas.text((x + 26, TOP_PX + 114), text, 18, INK)
        x += 26 + text_width(text, 18) + 30
    canvas.rectangle(x, TOP_PX + 98, x + 18, TOP_PX + 116, ABSENT)
    canvas.hatch(x, TOP_PX + 98, x + 18, TOP_PX + 116, HATCH)
    canvas.text((x + 26, TOP_PX + 114), "not seen", 18, INK)


def sentences_height(count: int) -> int:
    """Returns the height in pixels of the list of `count` sentences; 0 without any."""
    return _HEADING + _ROW * count + _BELOW if count else 0


def draw_sentences(
    canvas: Canvas,
    top: float,
    colours: Mapping[str, Colour],
    rows: Sequence[tuple[Peak, Sentence | None]],
) -> None:
    """Draws the list of what is said at the peaks, a line each. A longer sentence is shortened at a
    word."""
    if not rows:
        return
    canvas.text((LEFT_PX, top + 20), "What is said at the marked moments", 20, INK, bold=True)
    names = [
        f"{n} · {peak.emotion} {int(100 * peak.score)}% · face {peak.face_id}"
        for n, (peak, _) in enumerate(rows, 1)
    ]
    times = [format_time(float(peak.time)) for peak, _ in rows]
    times_x = LEFT_PX + 24 + max(text_width(name, _TEXT_SIZE) for name in names) + _GAP
    x = times_x + max(text_width(time, _TEXT_SIZE) for time in times) + _GAP
    for n, (peak, sentence) in enumerate(rows):
        y = top + _HEADING + _ROW * n + 22
        dark = mix(colours[peak.emotion], INK, 0.72)
        canvas.polygon([(LEFT_PX, y - 12), (LEFT_PX + 14, y - 12), (LEFT_PX + 7, y)], dark)
        canvas.text((LEFT_PX + 24, y), names[n], _TEXT_SIZE, dark)
        canvas.text((times_x, y), times[n], _TEXT_SIZE, QUIET)
        text = _NOTHING if sentence is None else " ".join(sentence.text.split())
        shown = truncate_text(text, _TEXT_SIZE, WIDTH_PX - RIGHT_PX - x, at_words=True)
        canvas.text((x, y), shown, _TEXT_SIZE, QUIET if sentence is None else INK)


def describe_chart_replacements(
    title: str, sentences: Iterable[Sentence | None]
) -> tuple[str, ...]:
    """Returns warnings about characters of a chart that no font has."""
    texts = [title, *(sentence.text for sentence in sentences if sentence is not None)]
    warnings = [row for text in texts for row in describe_replacements([text], title_style(text))]
    return tuple(dict.fromkeys(warnings))


def format_time(time: float) -> str:
    """Returns `0:05` or `0:00.5`, from one hour on `1:00:05`."""
    tenths = round(time * 10)
    minutes, rest = divmod(tenths, 600)
    seconds = f"{rest // 10:02d}" + (f".{rest % 10}" if rest % 10 else "")
    if minutes < 60:
        return f"{minutes}:{seconds}"
    return f"{minutes // 60}:{minutes % 60:02d}:{seconds}"
