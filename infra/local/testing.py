"""`test [pytest arguments]`: the development environment, then pytest in it."""

from __future__ import annotations

import argparse
import os

from infra.local.installs import clean_env
from infra.local.layout import ROOT
from infra.local.running import say_aside
from infra.local.tools import python_of


def test(asked: argparse.Namespace) -> int:
    """Becomes pytest; its exit status is ours."""
    python = python_of(ROOT / "requirements-dev.txt", "the tests", say_aside)
    env = clean_env({"PYTHONPATH": str(ROOT)})
    # Linters that tests start are found beside the interpreter.
    env["PATH"] = f"{python.parent}{os.pathsep}{env.get('PATH', '')}"
    os.chdir(ROOT)
    given = asked.pytest_arguments
    # All of them: two processes have a running suite each and mostly wait, the third does the rest.
    beside = () if any(not one.startswith("-") for one in given) else ("-n3", "--dist=loadscope")
    os.execve(python, [str(python), "-m", "pytest", *beside, *given], env)  # noqa: S606
