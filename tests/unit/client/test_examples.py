"""The examples of the client are short."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.local.suite.layout import ROOT

EXAMPLES = sorted((ROOT / "infra" / "client" / "examples").glob("*.py"))
MAX_LINES = 15


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_are_short(path: Path) -> None:
    assert len(EXAMPLES) == 5
    assert len(path.read_text().splitlines()) <= MAX_LINES
