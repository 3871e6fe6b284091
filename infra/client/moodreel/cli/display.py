"""What the command shows: progress on standard error, results on standard output."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any

import click
from pydantic import BaseModel
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table
from rich.text import Text

from moodreel.models import JobView, StageView

_QUEUED = "Waits for your other jobs. It starts by itself when one of them ends."


class JobProgress:
    """Shows transfers and stages: as bars on a terminal, otherwise one line for each change."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._is_terminal = self._console.is_terminal
        self._transfers = Progress(
            TextColumn("{task.description}"), BarColumn(), DownloadColumn(),
            TransferSpeedColumn(), TimeRemainingColumn(), console=self._console,
        )  # fmt: skip
        self._stages = Progress(
            TextColumn("{task.description:<18}"), BarColumn(), TextColumn("{task.fields[state]}"),
            console=self._console,
        )  # fmt: skip
        self._shown: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._last: tuple[str, ...] = ()

    def __enter__(self) -> JobProgress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._show(None)

    def show_transfer(self, name: str, done: int, total: int) -> None:
        """Shows how much of a file was moved."""
        if not self._is_terminal:
            if done == total and self._last != (name,):
                self._last = (name,)
                self._print(f"{name}: {format_size(total)}")
            return
        self._show(self._transfers)
        if name not in self._tasks:
            self._tasks[name] = self._transfers.add_task(name, total=max(0, total))
        self._transfers.update(self._tasks[name], completed=done)

    def show_job(self, job: JobView) -> None:
        """Shows the state of every stage, and why a queued job does not run yet."""
        lines = tuple(format_stage(stage) for stage in job.stages)
        if job.status == "queued":
            lines = (_QUEUED, *lines)
        if not self._is_terminal:
            for line in lines:
                if line not in self._last:
                    self._print(line)
            self._last = lines
            return
        self._show(self._stages)
        for stage in job.stages:
            if stage.name not in self._tasks:
                self._tasks[stage.name] = self._stages.add_task(stage.name, total=1, state="")
            share = 1.0 if stage.state == "done" else stage.progress
            state = _QUEUED if job.status == "queued" else _describe(stage)
            self._stages.update(self._tasks[stage.name], completed=share, state=state)

    def _show(self, progress: Progress | None) -> None:
        """Leaves what was shown on the terminal, and begins to show something else."""
        if self._shown is progress:
            return
        if self._shown is not None:
            self._shown.stop()
            for task in self._shown.task_ids:
                self._shown.remove_task(task)
        self._tasks = {}
        self._shown = progress
        if progress is not None:
            progress.start()

    def _print(self, line: str) -> None:
        click.echo(line, err=True)


def format_stage(stage: StageView) -> str:
    """Returns a line such as `frame_extraction   running   3/8   38%`."""
    return f"{stage.name:<18} {_describe(stage)}".rstrip()


def _describe(stage: StageView) -> str:
    parts = f"{stage.done}/{stage.total}" if stage.total else ""
    share = f"{stage.progress:4.0%}" if stage.total else ""
    retry = f"  attempt {stage.attempts}" if stage.attempts > 1 else ""
    line = f"{stage.state:<8} {parts:>7} {share}{retry}".rstrip()
    if stage.waiting is None:
        return line
    next_try = stage.waiting.next_try_at.astimezone().strftime("%H:%M:%S")
    service = stage.waiting.service_label or stage.waiting.service
    return f"{line}  waiting for {service}, next try {next_try}"


def format_interval(start: datetime | None, end: datetime | None) -> str:
    """Returns the time between two times, or a dash when one is missing."""
    if start is None or end is None:
        return "–"
    return f"{max(0.0, (end - start).total_seconds()):.1f} s"


def format_size(size_bytes: float) -> str:
    """Returns a size such as `1.2 MB`."""
    for unit, size in (("GB", 1e9), ("MB", 1e6)):
        if size_bytes >= size / 10:
            return f"{size_bytes / size:.1f} {unit}"
    return f"{size_bytes / 1e3:.1f} kB"


def format_time(time: datetime | None) -> str:
    """Returns a time of this machine's zone, such as `2026-11-30 14:03`, or a dash."""
    return "–" if time is None else time.astimezone().strftime("%Y-%m-%d %H:%M")


def show_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Prints a table on standard output. Text of users is shown as it is."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, column in enumerate(columns):
        table.add_column(column, overflow="fold", no_wrap=number == 0)
    for row in rows:
        table.add_row(*(Text(str(cell)) for cell in row))
    # A file or a pipe gets lines of any length.
    Console(width=None if sys.stdout.isatty() else 1000).print(table)


def show_json(value: Any) -> None:
    """Prints a response as JSON on standard output."""
    click.echo(json.dumps(_plain(value), indent=2, ensure_ascii=False))


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
