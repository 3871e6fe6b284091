"""`trace JOB`: prints the spans of a job as a waterfall."""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from infra.local.suite.layout import SetupError, SuiteLayout
from infra.local.suite.services import TRACES_FOLDER

_LABEL_WIDTH = 36
_MIN_CHART_WIDTH = 20


@dataclass(frozen=True, slots=True)
class Bar:
    """One span: its depth in the tree, and its start in seconds since the start of the trace."""

    depth: int
    name: str
    start_s: float
    duration_s: float
    ok: bool
    details: str = ""


def trace(args: argparse.Namespace) -> int:
    """Prints the waterfall of a job of the suite on this port base."""
    spans = find_spans(SuiteLayout.from_env().folder / TRACES_FOLDER, args.job)
    if not spans:
        raise SetupError(f"There are no spans of a job {args.job!r}.")
    width = shutil.get_terminal_size((120, 24)).columns
    for line in draw_waterfall(spans, width):
        print(line)
    return 0


def find_spans(folder: Path, job_prefix: str) -> list[dict[str, Any]]:
    """Returns the spans of the job whose id starts with `job_prefix`.

    Raises SetupError when several job ids start with it.
    """
    spans = list(read_spans(folder))
    jobs = {
        str(span["attributes"]["job"]): span["trace"]
        for span in spans
        if str(span["attributes"].get("job", "")).startswith(job_prefix)
    }
    if len(jobs) > 1:
        raise SetupError(f"{job_prefix!r} matches {len(jobs)} jobs: {', '.join(sorted(jobs))}.")
    return [span for span in spans if span["trace"] in jobs.values()]


def read_spans(folder: Path) -> Iterator[dict[str, Any]]:
    """Yields every finished span of a suite's functions."""
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text().splitlines():
            try:
                yield json.loads(line)
            except ValueError:
                continue  # the process died while it wrote the line


def build_bars(spans: Iterable[dict[str, Any]]) -> list[Bar]:
    """Returns the spans as bars, each below its parent, ordered by start time."""
    by_id = {span["span"]: span for span in spans}
    children: dict[str, list[dict[str, Any]]] = {}
    for span in sorted(by_id.values(), key=lambda span: str(span["start"])):
        # The parent's process may have been killed before it wrote its span.
        children.setdefault(span["parent"] if span["parent"] in by_id else "", []).append(span)
    trace_start = min(_parse_time(span["start"]) for span in by_id.values())
    bars: list[Bar] = []

    def add(span: dict[str, Any], depth: int) -> None:
        start = _parse_time(span["start"])
        duration_s = (_parse_time(span["end"]) - start).total_seconds()
        details = [
            f"{key} {span['attributes'][key]}" for key in ("attempt",) if key in span["attributes"]
        ]
        details += [str(span["attributes"]["reply"])] if "reply" in span["attributes"] else []
        offset_s = (start - trace_start).total_seconds()
        bars.append(Bar(depth, span["name"], offset_s, duration_s, span["ok"], " · ".join(details)))
        for child in children.get(span["span"], []):
            add(child, depth + 1)

    for root in children.get("", []):
        add(root, 0)
    return bars


def draw_waterfall(spans: list[dict[str, Any]], width: int) -> list[str]:
    """Returns the waterfall as lines for a terminal of `width` characters."""
    bars = build_bars(spans)
    total_s = max(bar.start_s + bar.duration_s for bar in bars) or 0.001
    chart_width = max(_MIN_CHART_WIDTH, width - _LABEL_WIDTH - 34)
    lines = [f"{len(bars)} spans in {total_s:.2f} s"]
    for bar in bars:
        position = min(chart_width - 1, int(bar.start_s / total_s * chart_width))
        bar_width = max(
            1, min(chart_width - position, round(bar.duration_s / total_s * chart_width))
        )
        mark = ("█" if bar.depth == 0 else "▒") if bar.ok else "!"
        name = ("  " * min(bar.depth, 6) + bar.name)[:_LABEL_WIDTH].ljust(_LABEL_WIDTH)
        chart = (" " * position + mark * bar_width).ljust(chart_width)
        duration = _format_duration(bar.duration_s)
        lines.append(f"{name} {chart} {bar.start_s:7.2f} s {duration:>8}  {bar.details}")
    return lines


def _format_duration(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 10 else f"{seconds:.1f} s"


def _parse_time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)
