"""Exceptions from the security rules of linters state their reason."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from infra.local.suite.layout import ROOT

EXCEPTION = re.compile(r"# (?:noqa: (?:[A-Z0-9]+, ?)*S\d{3}|nosec)")
WITH_REASON = re.compile(
    r"# noqa: (?:[A-Z]+\d+(?:, ?)?)+ - \S.+|# nosec (?:B\d{3}(?:, ?)?)+ # \S.+"
)
FOLDERS = ("shared", "functions", "infra", "tests")


def find_exceptions() -> Iterator[tuple[str, str]]:
    """Yields each line with an exception from a security rule, with its place."""
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*.py"):
            if path.name == "test_exceptions.py" or "node_modules" in path.parts:
                continue
            for number, line in enumerate(path.read_text().splitlines(), 1):
                if EXCEPTION.search(line):
                    yield f"{path.relative_to(ROOT)}:{number}", line


def test_every_exception_from_a_security_rule_has_a_reason() -> None:
    exceptions = dict(find_exceptions())

    assert len(exceptions) > 40
    assert [place for place, line in exceptions.items() if not WITH_REASON.search(line)] == []


@pytest.mark.parametrize(
    ("line", "accepted"),
    [
        ("assert x  # noqa: S101 - the unit is DONE", True),
        ("run()  # noqa: S310 - the emulator  # nosec B310", True),
        ("import x  # nosec B406 # parses nothing", True),
        ("assert x  # noqa: S101", False),
        ("assert x  # noqa: ARG001, S101", False),
        ("import x  # nosec B406", False),
        ("import x  # nosec", False),
    ],
)
def test_exception_without_a_reason_is_found(line: str, accepted: bool) -> None:
    assert EXCEPTION.search(line)
    assert bool(WITH_REASON.search(line)) == accepted
