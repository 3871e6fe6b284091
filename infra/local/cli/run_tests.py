"""`test [--quick] [pytest arguments]`: installs the development environment and runs pytest."""

from __future__ import annotations

import argparse
import os

from infra.local.cli.run import report_to_stderr
from infra.local.setup.installs import clean_env
from infra.local.setup.tools import prepare_python
from infra.local.suite.layout import ROOT

QUICK_ARGUMENTS = ("tests/unit", "-m", "not slow", "-n2")
"""Lint, types, import rules, and the unit tests without the slow ones."""
FULL_ARGUMENTS = ("-n4", "--dist=loadscope", "--no-loadscope-reorder")
"""Two processes have a running suite each and mostly wait. The other two run the other tests.
tests/conftest.py decides the order."""


def run_tests(args: argparse.Namespace) -> int:
    """Replaces this process with pytest, which sets the exit status."""
    python = prepare_python(ROOT / "requirements-dev.txt", "the tests", report_to_stderr)
    env = clean_env({"PYTHONPATH": str(ROOT)})
    # Tests start linters, which are installed next to the interpreter.
    env["PATH"] = f"{python.parent}{os.pathsep}{env.get('PATH', '')}"
    os.chdir(ROOT)
    os.execve(python, [str(python), "-m", "pytest", *_selection(args.pytest_arguments)], env)  # noqa: S606 - no shell is wanted  # nosec B606


def _selection(arguments: list[str]) -> list[str]:
    """Returns pytest's arguments. Selected tests run in one process, the full set in several."""
    remaining = [argument for argument in arguments if argument != "--quick"]
    if remaining != arguments:
        return [*QUICK_ARGUMENTS, *remaining]
    if any(not argument.startswith("-") for argument in arguments):
        return arguments
    return [*FULL_ARGUMENTS, *arguments]
