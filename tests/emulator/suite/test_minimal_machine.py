"""A machine with Python only: no Java, no Node, no Google Cloud SDK."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from infra.local.cli import doctor
from infra.local.setup import prerequisites
from infra.local.setup.emulators import prepare_jars
from infra.local.setup.installs import clean_env
from infra.local.suite.layout import ROOT, SetupError
from infra.local.suite.ports import find_free_base

REQUIRED_PROGRAMS = ("bash", "env", "dirname")
"""Programs that emulator.sh itself calls."""


@pytest.fixture
def bare_env(tmp_path: Path) -> dict[str, str]:
    """The environment variables of a user on such a machine."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in REQUIRED_PROGRAMS:
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
def test_job_runs_without_java_node_and_gcloud_on_path(
    bare_env: dict[str, str], tmp_path: Path
) -> None:
    """Settings point to the two jars. Java and Node are wheels (see infra/README.md)."""
    jars = {
        "MOODREEL_FIRESTORE_JAR": str(prerequisites.find_firestore_jar()),
        "MOODREEL_PUBSUB_JAR": str(prerequisites.find_pubsub_jar()),
    }
    out = tmp_path / "out"

    result = subprocess.run(
        [str(ROOT / "emulator.sh"), "run", "frames", "--out", str(out)],
        env=bare_env | jars,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )

    assert result.returncode == 0, result.stderr
    with zipfile.ZipFile(out / "frames.zip") as archive:
        assert len([name for name in archive.namelist() if name.endswith(".jpg")]) == 10


@pytest.fixture
def without_jars(bare_env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The jars are not configured, and no SDK is in one of the usual folders."""
    for name in set(os.environ) - set(bare_env) | {"MOODREEL_FIRESTORE_JAR", "MOODREEL_PUBSUB_JAR"}:
        monkeypatch.delenv(name, raising=False)
    for name, value in bare_env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(prerequisites, "USUAL_SDK_FOLDERS", ())


@pytest.mark.usefixtures("without_jars")
def test_doctor_names_missing_jars_and_how_to_install_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert doctor.doctor(argparse.Namespace()) == 1

    output = capsys.readouterr().out
    lines = {line.split("  ")[2].strip(): line for line in output.splitlines() if "!!" in line}
    for name in ("Firestore emulator", "Pub/Sub emulator"):
        assert "gcloud components install cloud-firestore-emulator pubsub-emulator" in lines[name]
        assert "apt-get install google-cloud-cli-firestore-emulator" in lines[name]
        assert "MOODREEL_FIRESTORE_JAR and MOODREEL_PUBSUB_JAR" in lines[name]
    assert output.splitlines()[-1] == "Failed checks: Firestore emulator, Pub/Sub emulator."


@pytest.mark.usefixtures("without_jars")
def test_start_without_jars_and_network_says_what_to_install(tmp_path: Path) -> None:
    offline = tmp_path / "node"
    offline.write_text("#!/bin/sh\necho 'no network' >&2\nexit 1\n")
    offline.chmod(0o755)
    library = tmp_path / "firebase-tools" / "lib" / "emulator"
    library.mkdir(parents=True)
    (library / "downloadableEmulatorInfo.json").write_text(
        json.dumps(
            {
                name: {"downloadPathRelativeToCacheDir": f"{name}.jar"}
                for name in ("firestore", "pubsub")
            }
        )
    )
    messages: list[str] = []

    with pytest.raises(
        SetupError, match="not find or download the Firestore and Pub/Sub emulator"
    ) as error:
        prepare_jars(offline, tmp_path, (None, None), messages.append)

    assert "gcloud components install" in str(error.value)
    assert [line.split(" with ")[0] for line in messages] == [
        "Downloading the firestore emulator", "Downloading the pubsub emulator",
    ]  # fmt: skip
