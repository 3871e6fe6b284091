"""Shows the progress of a job: redraws on a terminal, prints one line per change otherwise."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import IO, Any

from shared.errors import Service
from shared.jobs.model import Status

_BAR = 20
_QUEUED = "Waits for your other jobs. It starts by itself when one of them ends."
_REDRAW_S = 0.1
_SERVICE_LABELS: Mapping[str, str] = {
    Service.SPEECH: "the speech service",
    Service.MODEL: "the language model",
    Service.PICTURES: "the picture model",
    Service.STORAGE: "Cloud Storage",
    Service.DATABASE: "Firestore",
    Service.MAIL: "the mail server",
}


class ProgressDisplay:
    """Prints the progress of transfers and stages."""

    def __init__(self, out: IO[str] = sys.stderr) -> None:
        self._out = out
        self._is_terminal = out.isatty()
        self._drawn_count = 0
        self._last: tuple[str, ...] = ()
        self._redrawn_at = 0.0

    def show_transfer(self, name: str, done_bytes: int, total_bytes: int) -> None:
        """Shows a bar for an upload or download. Without a terminal, prints only its end."""
        share = done_bytes / total_bytes if total_bytes else 1.0
        if self._is_terminal:
            if done_bytes < total_bytes and time.monotonic() - self._redrawn_at < _REDRAW_S:
                return
            self._redrawn_at = time.monotonic()
            bar = "█" * round(share * _BAR)
            self._draw([f"  {name:<18} {bar:░<{_BAR}} {share:4.0%}  {format_size(total_bytes)}"])
        elif done_bytes == total_bytes and self._last != (name,):
            self._last = (name,)
            self._draw([f"{name}: {format_size(total_bytes)}"])

    def show_job(self, status: str, stages: Sequence[Mapping[str, Any]]) -> None:
        """Shows the state of every stage, and why a queued job does not run yet."""
        lines = tuple(format_stage(stage) for stage in stages)
        if status == Status.QUEUED:
            lines = (_QUEUED, *lines)
        if self._is_terminal:
            self._draw([f"  {line}" for line in lines])
            return
        for line in lines:
            if line not in self._last:
                self._draw([line])
        self._last = lines

    def finish(self) -> None:
        """Keeps the drawn lines. Later output is written below them."""
        self._drawn_count = 0

    def _draw(self, lines: list[str]) -> None:
        # Clears to the end of the screen, because fewer lines may follow.
        clear = (
            f"\x1b[{self._drawn_count}A\x1b[J" if self._is_terminal and self._drawn_count else ""
        )
        self._out.write(clear + "".join(f"{line}\n" for line in lines))
        self._out.flush()
        self._drawn_count = len(lines)


def format_stage(stage: Mapping[str, Any]) -> str:
    """Returns a line such as `frame_extraction   running   3/8   38%`."""
    done, total = stage.get("done") or 0, stage.get("total")
    parts = f"{done}/{total}" if total else ""
    share = f"{stage.get('progress', done / total):4.0%}" if total else ""
    attempts = stage.get("attempts") or 0
    retry = f"  attempt {attempts}" if attempts > 1 else ""
    line = f"{stage['name']:<18} {stage['state']:<8} {parts:>7} {share}{retry}".rstrip()
    return line + format_wait(stage.get("waiting"))


def format_wait(wait: Mapping[str, Any] | None) -> str:
    """Returns a text such as `  waiting for the speech service, next try 14:03:20`, or ""."""
    if wait is None:
        return ""
    next_try = datetime.fromisoformat(wait["next_try_at"]).astimezone().strftime("%H:%M:%S")
    return f"  waiting for {service_label(wait['service'])}, next try {next_try}"


def service_label(service: str) -> str:
    """Returns a service as a user reads it."""
    return _SERVICE_LABELS.get(service, "another service")


def format_stage_times(stages: Sequence[Mapping[str, Any]]) -> list[str]:
    """Returns a table of how long every stage waited and worked."""
    lines = [f"  {'stage':<18} {'state':<8} {'waited':>8} {'worked':>8}"]
    for stage in stages:
        waited = format_interval(stage.get("queued_at"), stage.get("started_at"))
        worked = format_interval(stage.get("started_at"), stage.get("finished_at"))
        lines.append(f"  {stage['name']:<18} {stage['state']:<8} {waited:>8} {worked:>8}")
    return lines


def format_interval(start: str | None, end: str | None) -> str:
    """Returns the time between two RFC 3339 timestamps, or a dash when one is missing."""
    if not start or not end:
        return "–"
    span = datetime.fromisoformat(end) - datetime.fromisoformat(start)
    return f"{max(0.0, span.total_seconds()):.1f} s"


def format_size(size_bytes: int) -> str:
    """Returns a size in MB or kB."""
    return f"{size_bytes / 1e6:.1f} MB" if size_bytes >= 100_000 else f"{size_bytes / 1e3:.1f} kB"
