"""Downloaded emulators have the SHA-256 that the pinned package of firebase-tools names."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from infra.local.setup import prerequisites
from infra.local.setup.emulators import prepare_jars
from infra.local.suite.layout import SetupError

CONTENT = b"a jar"
DOWNLOADS = {
    "firestore": "cloud-firestore-emulator-v1.22.0.jar",
    "pubsub": "pubsub-emulator-0.8.37.zip",
}
FIREBASE = """\
cd "$FIREBASE_EMULATORS_PATH"
case "$1" in
  setup:emulators:firestore) printf %s "$CONTENT" > cloud-firestore-emulator-v1.22.0.jar ;;
  *)
    printf %s "$CONTENT" > pubsub-emulator-0.8.37.zip
    mkdir -p pubsub-emulator-0.8.37/pubsub-emulator/lib
    touch pubsub-emulator-0.8.37/pubsub-emulator/lib/cloud-pubsub-emulator-all.jar ;;
esac
"""
"""What firebase-tools does with the cache, as a shell script."""


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of npm packages with firebase-tools, on a machine without emulators."""
    for variable in ("MOODREEL_FIRESTORE_JAR", "MOODREEL_PUBSUB_JAR"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(prerequisites, "list_sdk_folders", list)
    monkeypatch.setenv("FIREBASE_EMULATORS_PATH", str(tmp_path / "cache"))
    monkeypatch.setenv("CONTENT", CONTENT.decode())
    (tmp_path / "cache").mkdir()
    library = tmp_path / "modules" / "firebase-tools" / "lib"
    (library / "bin").mkdir(parents=True)
    (library / "bin" / "firebase.js").write_text(FIREBASE)
    (library / "emulator").mkdir()
    (library / "emulator" / "downloadableEmulatorInfo.json").write_text(
        json.dumps(
            {
                name: {
                    "downloadPathRelativeToCacheDir": path,
                    "expectedChecksumSHA256": hashlib.sha256(CONTENT).hexdigest(),
                }
                for name, path in DOWNLOADS.items()
            }
        )
    )
    return tmp_path / "modules"


def test_downloaded_emulators_are_found(modules: Path, tmp_path: Path) -> None:
    firestore, pubsub = prepare_jars(Path("/bin/sh"), modules, (None, None), lambda _: None)

    assert firestore.read_bytes() == CONTENT
    assert pubsub.is_relative_to(tmp_path / "cache" / "pubsub-emulator-0.8.37")


@pytest.mark.parametrize("name", DOWNLOADS)
def test_changed_download_is_removed(
    name: str, modules: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTENT", "another jar")
    other = tmp_path / "other.jar"
    jars = (None, other) if name == "firestore" else (other, None)

    with pytest.raises(SetupError, match=f"The downloaded {name} emulator was changed"):
        prepare_jars(Path("/bin/sh"), modules, jars, lambda _: None)

    assert list((tmp_path / "cache").iterdir()) == []
