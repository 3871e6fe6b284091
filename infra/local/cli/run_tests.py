"""`test [--quick] [pytest arguments]`: the development environment, then pytest in it."""

from __future__ import annotations

import argparse
import os

from infra.local.cli.run import report_to_stderr
from infra.local.setup.installs import clean_env
from infra.local.setup.tools import prepare_python
from infra.local.suite.layout import ROOT

QUICK_ARGUMENTS = ("tests/unit", "-m", "not slow", "-n2")
"""The inner loop: lint, types, import rules, and the unit tests without the slow ones."""
FULL_ARGUMENTS = ("-n4", "--dist=loadscope", "--no-loadscope-reorder")
"""Two processes have a running suite each and mostly wait, the other two do the rest. What comes
first is decided by tests/conftest.py."""


def run_tests(args: argparse.Namespace) -> int:
    """Replaces this process by pytest; its exit status is ours."""
    python = prepare_python(ROOT / "requirements-dev.txt", "the tests", report_to_stderr)
    env = clean_env({"PYTHONPATH": str(ROOT)})
    # Linters that tests start are found beside the interpreter.
    env["PATH"] = f"{python.parent}{os.pathsep}{env.get('PATH', '')}"
    os.chdir(ROOT)
    os.execve(python, [str(python), "-m", "pytest", *_selection(args.pytest_arguments)], env)  # noqa: S606


def _selection(arguments: list[str]) -> list[str]:
    """pytest's arguments: named tests run in one process, all of them in several."""
    others = [one for one in arguments if one != "--quick"]
    if others != arguments:
        return [*QUICK_ARGUMENTS, *others]
    if any(not one.startswith("-") for one in arguments):
        return arguments
    return [*FULL_ARGUMENTS, *arguments]
