"""The part of `run` that runs a recipe on many files."""

from __future__ import annotations

import glob
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from moodreel._sync.client import Client
from moodreel.batch import Batch, BatchSummary, ItemProgress, find_items, write_summary
from moodreel.batch.items import LIST_EXTENSION
from moodreel.files.inputs import Source, WrongFiles
from moodreel.models import RecipeView


def is_batch(recipe: RecipeView, files: Sequence[str]) -> bool:
    """Whether these are the files of a batch: a folder, a list or a pattern is among them, or they
    are more than one job takes."""
    count = sum(len(item.names) for item in recipe.inputs)
    return len(files) > count or any(_is_collection(file) for file in files)


def run_batch(
    client: Client,
    recipe: RecipeView,
    files: Sequence[str],
    folder: Path,
    options: Mapping[str, Any],
    *,
    jobs: int,
    delete: bool,
) -> BatchSummary:
    """Runs the batch, shows its progress, and writes its tables.

    Raises:
        WrongFiles: There is nothing to run, or the recipe does not take one file.
    """
    if any(Path(file).is_dir() and Path(file).resolve() == folder.resolve() for file in files):
        raise WrongFiles("The results need a folder of their own: choose another one with --out.")
    items = find_items(files, recipe, options)
    with BatchProgress(len(items)) as progress:
        batch = Batch(
            client, recipe.name, items, folder,
            jobs=jobs, delete=delete, on_progress=progress.show,
        )  # fmt: skip
        records = batch.run()
    return write_summary(folder, records)


class BatchProgress:
    """Shows how many files are finished and what the current ones do: as bars on a terminal,
    otherwise one line for each finished file."""

    def __init__(self, count: int) -> None:
        console = Console(stderr=True)
        self._is_terminal = console.is_terminal
        self._count = count
        self._finished = 0
        self._failed = 0
        self._lock = threading.Lock()
        self._tasks: dict[str, TaskID] = {}
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[step]}"),
            console=console, transient=True,
        )  # fmt: skip
        self._total_task = self._progress.add_task("All files", total=count, step=f"0 of {count}")

    def __enter__(self) -> BatchProgress:
        if self._is_terminal:
            self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._is_terminal:
            self._progress.stop()

    def show(self, progress: ItemProgress) -> None:
        """Shows what a file does. Called from several threads."""
        with self._lock:
            name, has_ended = progress.item.name, progress.record is not None
            if has_ended:
                self._finished += 1
                self._failed += progress.step == "failed"
            if not self._is_terminal:
                if progress.record is not None:
                    reason = f": {progress.record.message}" if progress.record.message else ""
                    line = f"{self._finished}/{self._count} {name}: {progress.step}{reason}"
                    click.echo(line, err=True)
                return
            if has_ended and name in self._tasks:
                self._progress.remove_task(self._tasks.pop(name))
            elif not has_ended:
                if name not in self._tasks:
                    self._tasks[name] = self._progress.add_task(name, total=1, step="")
                self._progress.update(
                    self._tasks[name], completed=progress.fraction, step=progress.step
                )
            self._progress.update(
                self._total_task, completed=self._finished, step=self._describe_total()
            )

    def _describe_total(self) -> str:
        failed = f", {self._failed} failed" if self._failed else ""
        return f"{self._finished} of {self._count}{failed}"


def show_summary(summary: BatchSummary) -> None:
    """Prints the tables that were written, and how many files failed."""
    for path in (summary.summary, *summary.tables):
        click.echo(path)
    click.echo(f"{summary.done} done, {summary.failed} failed.", err=True)


def _is_collection(file: str) -> bool:
    path = Path(file)
    if Source(file).is_remote:
        return False
    if path.is_dir() or path.suffix.lower() == LIST_EXTENSION:
        return True
    return glob.has_magic(file) and not path.exists()
