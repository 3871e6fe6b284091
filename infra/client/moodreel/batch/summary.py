"""The tables of a batch: one row for each file, and the tables of all files in one."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moodreel.batch.items import BatchItem
from moodreel.batch.state import ItemRecord, ItemState

SUMMARY_FILE = "summary.csv"
_TABLE_EXTENSION = ".csv"
_COLUMNS = ("file", "state", "job", "seconds", "results", "error_code", "error", "warnings")


@dataclass(frozen=True)
class BatchSummary:
    """The result of a batch.

    Attributes:
        summary: The table with a row for each file.
        tables: The combined tables, such as `emotions.csv`, whose first column is the file.
    """

    done: int
    failed: int
    summary: Path
    tables: tuple[Path, ...]


def write_summary(folder: Path, records: Sequence[tuple[BatchItem, ItemRecord]]) -> BatchSummary:
    """Writes `summary.csv` and one combined table for each kind of table in the results."""
    summary = folder / SUMMARY_FILE
    with _replaced(summary) as write:
        write(_COLUMNS)
        for item, record in records:
            write(_summary_row(item, record))
    names = sorted(
        {
            name
            for _, record in records
            for name, _ in record.results
            if name.endswith(_TABLE_EXTENSION)
        }
    )
    tables = tuple(_write_table(folder, name, records) for name in names)
    done = sum(record.state is ItemState.DONE for _, record in records)
    return BatchSummary(done, len(records) - done, summary, tables)


def _summary_row(item: BatchItem, record: ItemRecord) -> Iterable[Any]:
    results = "; ".join(f"{record.folder}/{name}" for name, _ in record.results)
    return (
        item.name, record.state, record.job, f"{record.seconds:.1f}", results, record.code,
        record.message, "; ".join(record.warnings),
    )  # fmt: skip


def _write_table(folder: Path, name: str, records: Sequence[tuple[BatchItem, ItemRecord]]) -> Path:
    """Writes the rows of all tables of that name, one table in memory at a time. A column that
    only some of them have is empty in the others."""
    found = [
        (item, folder / record.folder / name)
        for item, record in records
        if name in dict(record.results)
    ]
    columns = dict.fromkeys(column for _, path in found for column in _read_header(path))
    target = folder / name
    with _replaced(target) as write:
        write(("file", *columns))
        for item, path in found:
            for row in _read_rows(path):
                write((item.name, *(row.get(column, "") for column in columns)))
    return target


def _read_header(path: Path) -> Sequence[str]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        return next(csv.reader(file), [])


def _read_rows(path: Path) -> Iterator[Mapping[str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        yield from csv.DictReader(file)


@contextmanager
def _replaced(path: Path) -> Iterator[Any]:
    """Yields a function that writes a row. The file is replaced at the end, or not at all."""
    temporary = path.with_name(f"{path.name}.part")
    with temporary.open("w", newline="", encoding="utf-8") as file:
        yield csv.writer(file).writerow
    os.replace(temporary, path)
