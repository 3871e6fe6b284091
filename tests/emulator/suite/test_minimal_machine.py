"""A machine with Python and nothing else: no Java, no Node, no Google Cloud SDK."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from infra.local.cli import doctor
from infra.local.setup import prerequisites, tools
from infra.local.setup.installs import clean_env
from infra.local.suite.layout import ROOT, SetupError
from infra.local.suite.ports import find_free_base

NEEDED = ("bash", "env", "dirname")
"""What emulator.sh itself calls."""


@pytest.fixture
def bare(tmp_path: Path) -> dict[str, str]:
    """The variables of someone on such a machine."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in NEEDED:
        (programs / name).symlink_to(str(shutil.which(name)))
    (programs / "python3").symlink_to(Path(sys.executable).resolve())
    return {
        **clean_env(),
        "PATH": str(programs),
        "HOME": str(tmp_path),
        "JAVA_HOME": "",
        "CLOUDSDK_ROOT": "",
        "FIREBASE_EMULATORS_PATH": str(tmp_path / "none"),
        "MOODREEL_PORT_BASE": str(find_free_base()),
    }


@pytest.mark.sweep
def test_a_job_runs_with_java_node_and_gcloud_hidden(bare: dict[str, str], tmp_path: Path) -> None:
    """The two jars are pointed to; Java and Node come as wheels (figures: infra/README.md)."""
    jars = {
        "MOODREEL_FIRESTORE_JAR": str(prerequisites.find_firestore_jar()),
        "MOODREEL_PUBSUB_JAR": str(prerequisites.find_pubsub_jar()),
    }
    out = tmp_path / "out"

    done = subprocess.run(
        [str(ROOT / "emulator.sh"), "run", "frames", "--out", str(out)],
        env=bare | jars,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(out / "frames.zip") as archive:
        assert len([name for name in archive.namelist() if name.endswith(".jpg")]) == 10


@pytest.fixture
def without_jars(bare: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is an SDK in one of the usual folders."""
    for name in set(os.environ) - set(bare) | {"MOODREEL_FIRESTORE_JAR", "MOODREEL_PUBSUB_JAR"}:
        monkeypatch.delenv(name, raising=False)
    for name, value in bare.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(prerequisites, "USUAL_SDK_FOLDERS", ())


@pytest.mark.usefixtures("without_jars")
def test_without_jars_doctor_names_both_and_the_commands_that_bring_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert doctor.doctor(argparse.Namespace()) == 1

    told = capsys.readouterr().out
    lines = {line.split("  ")[2].strip(): line for line in told.splitlines() if "!!" in line}
    for what in ("Firestore emulator", "Pub/Sub emulator"):
        assert "gcloud components install cloud-firestore-emulator pubsub-emulator" in lines[what]
        assert "apt-get install google-cloud-cli-firestore-emulator" in lines[what]
        assert "MOODREEL_FIRESTORE_JAR and MOODREEL_PUBSUB_JAR" in lines[what]
    assert told.splitlines()[-1] == "Failed checks: Firestore emulator, Pub/Sub emulator."


@pytest.mark.usefixtures("without_jars")
def test_without_jars_and_without_a_download_a_start_says_what_to_do(tmp_path: Path) -> None:
    offline = tmp_path / "node"
    offline.write_text("#!/bin/sh\necho 'no network' >&2\nexit 1\n")
    offline.chmod(0o755)
    said: list[str] = []

    with pytest.raises(
        SetupError, match="not find or download the Firestore and Pub/Sub emulator"
    ) as no:
        tools._prepare_jars(offline, tmp_path, (None, None), said.append)

    assert "gcloud components install" in str(no.value)
    assert [line.split(" with ")[0] for line in said] == [
        "Downloading the firestore emulator", "Downloading the pubsub emulator",
    ]  # fmt: skip
