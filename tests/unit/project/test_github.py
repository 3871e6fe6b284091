"""The files that GitHub and pre-commit read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from infra.local.suite.layout import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yaml"))


def find_commands(path: Path) -> list[str]:
    """Returns the commands of a workflow. Each is one line."""
    return re.findall(r"^ +- run: (.+)$", path.read_text(), re.MULTILINE)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_have_only_the_rights_that_they_need(path: Path) -> None:
    text = path.read_text()
    assert "\npermissions:\n  contents: read\n\n" in text
    # A tag can be moved to other code, and a token in the checkout could be read by any step.
    actions = re.findall(r"uses: (\S+)", text)
    assert actions
    assert [action for action in actions if not re.search(r"@[0-9a-f]{40}$", action)] == []
    checkouts = sum("actions/checkout@" in action for action in actions)
    assert text.count("persist-credentials: false") == checkouts
    jobs = re.findall(r"^  \w+:\n    runs-on:", text, re.MULTILINE)
    assert text.count("timeout-minutes:") == len(jobs) > 0


def test_workflows_run_everything_with_commands_that_exist() -> None:
    commands = [command for path in WORKFLOWS for command in find_commands(path)]
    assert ".ci/run --extended" in commands
    for command in commands:
        program, *arguments = command.split()
        if program == "python":
            module = ROOT.joinpath(*arguments[1].split("."))
            assert module.with_suffix(".py").is_file() or module.is_dir(), command
        else:
            assert (ROOT / program).is_file(), command


def test_pre_commit_uses_the_locked_version_of_ruff() -> None:
    locked = re.findall(r"^ruff==(\S+)", (ROOT / "requirements-dev.txt").read_text(), re.MULTILINE)
    hooks = (ROOT / ".pre-commit-config.yaml").read_text()
    assert re.findall(r"ruff-pre-commit\n    rev: v(\S+)", hooks) == locked
