"""Static checks: lint, format, types, import rules, rendered files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CHECKS = {
    "lint": ["ruff", "check", "."],
    "format": ["ruff", "format", "--check", "."],
    "types": ["mypy"],
    "import-rules": ["importlinter.cli", "lint"],
    "rendered-files": ["infra.tools.render", "--check"],
}


@pytest.mark.parametrize("check", CHECKS)
def test_static_check_passes(check: str) -> None:
    module, *arguments = CHECKS[check]
    command = [sys.executable, "-m", module, *arguments]
    if check == "import-rules":
        command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stdout + process.stderr


def test_top_level_has_only_the_agreed_names() -> None:
    process = subprocess.run(
        ["git", "ls-files"],  # noqa: S607 - of the system
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode:
        pytest.skip("not a git checkout")
    top_level = {line.split("/", 1)[0] for line in process.stdout.splitlines()}
    visible = {name for name in top_level if not name.startswith(".")}
    assert visible <= {
        "functions", "infra", "shared", "tests", "emulator.sh", "cloudbuild.yaml", "README.md",
        "pyproject.toml", "requirements-dev.in", "requirements-dev.txt", "LICENSE", "CHANGELOG.md",
    }  # fmt: skip
