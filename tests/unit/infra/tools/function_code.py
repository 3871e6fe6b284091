"""The code in the folder of a function."""

from __future__ import annotations

from infra.local.suite.layout import ROOT
from shared.pipeline import Function


def code(function: Function) -> str:
    folder = ROOT / "functions" / function.name
    return "\n".join(path.read_text() for path in sorted(folder.rglob("*.py")))
