"""`trace JOB`: a job's way through the functions as a waterfall, out of their spans."""

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

_LABEL = 36
_NARROWEST = 20


@dataclass(frozen=True, slots=True)
class Bar:
    """One span: how deep it lies, and when it was, in seconds since the trace began."""

    depth: int
    name: str
    start_s: float
    duration_s: float
    ok: bool
    details: str = ""


def trace(args: argparse.Namespace) -> int:
    """Print the waterfall of a job that a suite on this port base has worked on."""
    spans = find_spans(SuiteLayout.from_env().folder / TRACES_FOLDER, args.job)
    if not spans:
        raise SetupError(f"No span tells of a job {args.job!r}.")
    width = shutil.get_terminal_size((120, 24)).columns
    for line in draw_waterfall(spans, width):
        print(line)
    return 0


def find_spans(folder: Path, job_prefix: str) -> list[dict[str, Any]]:
    """The spans of the trace of the one job whose id begins so. Raises SetupError when it is the
    beginning of several."""
    spans = list(read_spans(folder))
    jobs = {
        str(one["attributes"]["job"]): one["trace"]
        for one in spans
        if str(one["attributes"].get("job", "")).startswith(job_prefix)
    }
    if len(jobs) > 1:
        raise SetupError(
            f"{job_prefix!r} is the beginning of {len(jobs)} jobs: {', '.join(sorted(jobs))}."
        )
    return [one for one in spans if one["trace"] in jobs.values()]


def read_spans(folder: Path) -> Iterator[dict[str, Any]]:
    """Every span that the functions of a suite have finished."""
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text().splitlines():
            try:
                yield json.loads(line)
            except ValueError:
                continue  # a process died while it wrote


def build_bars(spans: Iterable[dict[str, Any]]) -> list[Bar]:
    """The spans as bars, each below the one that caused it, in their order in time."""
    by_id = {one["span"]: one for one in spans}
    below: dict[str, list[dict[str, Any]]] = {}
    for one in sorted(by_id.values(), key=lambda one: str(one["start"])):
        # What caused it may have been killed before it could tell.
        below.setdefault(one["parent"] if one["parent"] in by_id else "", []).append(one)
    begin = min(_moment(one["start"]) for one in by_id.values())
    found: list[Bar] = []

    def add(one: dict[str, Any], depth: int) -> None:
        start = _moment(one["start"])
        length = (_moment(one["end"]) - start).total_seconds()
        told = [
            f"{key} {one['attributes'][key]}" for key in ("attempt",) if key in one["attributes"]
        ]
        told += [str(one["attributes"]["reply"])] if "reply" in one["attributes"] else []
        since = (start - begin).total_seconds()
        found.append(Bar(depth, one["name"], since, length, one["ok"], " · ".join(told)))
        for child in below.get(one["span"], []):
            add(child, depth + 1)

    for root in below.get("", []):
        add(root, 0)
    return found


def draw_waterfall(spans: list[dict[str, Any]], width: int) -> list[str]:
    """Lines of at most `width` characters."""
    shown = build_bars(spans)
    total = max(bar.start_s + bar.duration_s for bar in shown) or 0.001
    room = max(_NARROWEST, width - _LABEL - 34)
    lines = [f"{len(shown)} spans in {total:.2f} s"]
    for bar in shown:
        at = min(room - 1, int(bar.start_s / total * room))
        long = max(1, min(room - at, round(bar.duration_s / total * room)))
        mark = ("█" if bar.depth == 0 else "▒") if bar.ok else "!"
        name = ("  " * min(bar.depth, 6) + bar.name)[:_LABEL].ljust(_LABEL)
        drawn = (" " * at + mark * long).ljust(room)
        lines.append(
            f"{name} {drawn} {bar.start_s:7.2f} s {_length(bar.duration_s):>8}  {bar.details}"
        )
    return lines


def _length(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 10 else f"{seconds:.1f} s"


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)
