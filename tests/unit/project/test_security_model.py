"""The tables of infra/SECURITY.md name files and tests that exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from infra.local.suite.layout import ROOT

SECURITY = ROOT / "infra" / "SECURITY.md"
HEADER = "| promise | mechanism | test that proves it | what is left |"
FOLDERS = ("shared", "functions", "infra", "tests")
CODE = re.compile(r"`([^`]+)`")
FILE = re.compile(r"[\w./-]+\.(?:py|tf|hcl|rules|yaml|json)")
MIN_ROWS = 60
"""Fewer rows mean that the tables are not found."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table."""

    promise: str
    mechanism: str
    test: str
    left: str


def read_rows(text: str) -> list[Row]:
    """Returns the rows of all tables with `HEADER`."""
    rows, is_inside = list[Row](), False
    for line in text.splitlines():
        if line == HEADER:
            is_inside = True
        elif not line.startswith("|"):
            is_inside = False
        elif is_inside and not line.startswith("| ---"):
            rows.append(Row(*(cell.strip() for cell in line.strip("|").split(" | "))))
    return rows


@cache
def list_files() -> tuple[str, ...]:
    """Returns the paths of the repository's files that a table may name."""
    paths = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.*")]
    paths += ROOT.glob("*.yaml")
    return tuple(f"/{path.relative_to(ROOT)}" for path in paths if "node_modules" not in path.parts)


def find_file(name: str) -> Path | str:
    """Returns the file whose path ends with `name`, or what is wrong with the name."""
    found = [path for path in list_files() if path.endswith(f"/{name}")]
    if len(found) == 1:
        return ROOT / found[0][1:]
    return f"{name} is ambiguous: {found}" if found else f"{name} does not exist"


def find_errors(cell: str) -> Iterator[str]:
    """Yields what is wrong with the references of a cell: `file`, `file::name`, or `::name`, which
    is in the file before it. Other code is ignored."""
    file: Path | str = "a name before the first file"
    for code in CODE.findall(cell):
        file_name, separator, name = code.partition("::")
        if FILE.fullmatch(file_name):
            file = find_file(file_name)
        elif file_name or not separator:
            continue
        if isinstance(file, str):
            yield file
        elif name and not has_name(file, name):
            yield f"{file.name} has no {name}"


def has_name(file: Path, name: str) -> bool:
    """Whether a file has a test function, or an assertion with the message, with this name."""
    text = file.read_text()
    if file.suffix == ".py":
        return re.search(rf"^def {re.escape(name)}\(", text, re.MULTILINE) is not None
    return f'error_message = "{name}"' in text


def test_every_file_and_test_of_the_security_model_exists() -> None:
    rows = read_rows(SECURITY.read_text())

    assert len(rows) >= MIN_ROWS
    cells = [cell for row in rows for cell in (row.mechanism, row.test, row.left)]
    assert [error for cell in cells for error in find_errors(cell)] == []


def test_every_promise_has_a_test_or_says_that_it_has_none() -> None:
    for row in read_rows(SECURITY.read_text()):
        assert row.promise, row
        assert row.mechanism, row
        if not CODE.search(row.test):
            assert "no test" in row.left, row.promise


@pytest.mark.parametrize(
    ("cell", "error"),
    [
        ("`project/test_security_model.py::test_no_such`", "has no test_no_such"),
        ("`test_decoders.py`, `::test_no_such`", "has no test_no_such"),
        ("`test_no_such.py`", "test_no_such.py does not exist"),
        ("`__init__.py`", "is ambiguous"),
        ("`::test_no_such`", "a name before the first file"),
        ("`cloud.tftest.hcl::A function is green.`", "has no A function is green."),
    ],
)
def test_wrong_reference_is_found(cell: str, error: str) -> None:
    (found,) = find_errors(cell)
    assert error in found
