"""No test bounds elapsed time, so that a busy machine does not fail it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.suite.layout import ROOT

CLOCKS = ("monotonic", "perf_counter", "time")
MIN_TIMEOUT_S = 60
FILES = sorted(
    path
    for path in (ROOT / "tests").rglob("*.py")
    if "benchmarks" not in path.parts and path != Path(__file__)
)


def _is_elapsed_time(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Sub)
        and any(
            isinstance(child, ast.Attribute)
            and child.attr in CLOCKS
            and isinstance(child.value, ast.Name)
            and child.value.id == "time"
            for child in ast.walk(node)
        )
    )


def _find_problems(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert):
            for part in ast.walk(node.test):
                if (
                    isinstance(part, ast.Compare)
                    and isinstance(part.ops[0], ast.Lt | ast.LtE)
                    and any(map(_is_elapsed_time, ast.walk(part.left)))
                ):
                    yield node.lineno, "bounds elapsed time from above"
        if not isinstance(node, ast.Call):
            continue
        for keyword in node.keywords:
            value = keyword.value
            number = value.value if isinstance(value, ast.Constant) else None
            if not isinstance(number, int | float) or isinstance(number, bool):
                continue
            if keyword.arg == "timeout" and number < MIN_TIMEOUT_S:
                yield node.lineno, f"has a timeout of {number} s: use PATIENCE_S"
            if keyword.arg == "deadline":
                yield node.lineno, "sets a deadline for examples"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_file_bounds_no_elapsed_time(path: Path) -> None:
    assert list(_find_problems(ast.parse(path.read_text()))) == []


@pytest.mark.parametrize(
    "line",
    [
        "assert time.monotonic() - begin < 5",
        "assert time.perf_counter() - begin <= 5, 'slow'",
        "requests.get(url, timeout=10)",
        "settings(deadline=200)",
    ],
)
def test_time_bounds_are_found(line: str) -> None:
    assert len(list(_find_problems(ast.parse(line)))) == 1
