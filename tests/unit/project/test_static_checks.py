"""The house's rules, checked by the tools that know them: lint, form, types, walls, renderings."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CHECKS = {
    "lint": ["ruff", "check", "."],
    "form": ["ruff", "format", "--check", "."],
    "types": ["mypy"],
    "walls": ["importlinter.cli", "lint"],
    "renderings": ["infra.tools.render", "--check"],
}


@pytest.mark.parametrize("check", CHECKS)
def test_the_house_rules_hold(check: str) -> None:
    module, *arguments = CHECKS[check]
    command = [sys.executable, "-m", module, *arguments]
    if check == "walls":
        command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_only_the_agreed_names_stand_at_the_top() -> None:
    listed = subprocess.run(
        ["git", "ls-files"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    tops = {line.split("/", 1)[0] for line in listed.stdout.splitlines()}
    plain = {one for one in tops if not one.startswith(".")}
    assert plain <= {
        "functions", "infra", "shared", "tests", "emulator.sh", "cloudbuild.yaml", "README.md",
        "pyproject.toml", "requirements-dev.in", "requirements-dev.txt", "LICENSE", "CHANGELOG.md",
    }  # fmt: skip
