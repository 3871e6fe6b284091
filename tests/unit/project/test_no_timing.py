"""No test bounds elapsed time or forks with threads, so that a busy machine does not fail it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.suite.layout import ROOT

CLOCKS = ("monotonic", "perf_counter", "time")
MIN_TIMEOUT_S = 60
WAITS = ("result", "settimeout")
"""Methods whose first argument is a timeout."""
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
        method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if method in WAITS and node.args and (number := _to_number(node.args[0])) is not None:
            yield from _find_short_timeout(node.lineno, number)
        for keyword in node.keywords:
            if keyword.arg == "preexec_fn":
                yield node.lineno, "runs code after a fork, which deadlocks with threads"
            number = _to_number(keyword.value)
            if number is None:
                continue
            if keyword.arg == "timeout":
                yield from _find_short_timeout(node.lineno, number)
            if keyword.arg == "deadline":
                yield node.lineno, "sets a deadline for examples"


def _to_number(node: ast.AST) -> float | None:
    value = node.value if isinstance(node, ast.Constant) else None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _find_short_timeout(line: int, number: float) -> Iterator[tuple[int, str]]:
    # Playwright's timeouts are in milliseconds.
    if (number / 1000 if number >= 1000 else number) < MIN_TIMEOUT_S:
        yield line, f"has a timeout of {number}: use WAIT_TIMEOUT_S"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_file_bounds_no_elapsed_time(path: Path) -> None:
    assert list(_find_problems(ast.parse(path.read_text()))) == []


@pytest.mark.parametrize(
    "line",
    [
        "assert time.monotonic() - begin < 5",
        "assert time.perf_counter() - begin <= 5, 'slow'",
        "requests.get(url, timeout=10)",
        "expect(page).to_be_visible(timeout=15_000)",
        "connection.settimeout(2)",
        "future.result(10)",
        "subprocess.Popen(command, preexec_fn=ignore)",
        "settings(deadline=200)",
    ],
)
def test_time_bounds_are_found(line: str) -> None:
    assert len(list(_find_problems(ast.parse(line)))) == 1
