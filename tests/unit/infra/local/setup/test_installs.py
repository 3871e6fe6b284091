"""Tests of installations: shared environments, hashes, interruptions, concurrency, finding jars."""

from __future__ import annotations

import hashlib
import threading
import time
import zipfile
from pathlib import Path

import pytest

from infra.local.setup import installs, prerequisites
from infra.local.setup.installs import REQUIREMENTS_FOLDER
from infra.local.suite.layout import ROOT, SetupError

_LOCKS = [
    *sorted(ROOT.glob("functions/*/requirements*.txt")),
    REQUIREMENTS_FOLDER / "requirements.txt",
    ROOT / "requirements-dev.txt",
]


def _quiet(_: str) -> None:
    """Reports nothing."""


def test_lock_files_with_equal_pins_share_an_environment(tmp_path: Path) -> None:
    def folder(text: str) -> Path:
        (tmp_path / "lock.txt").write_text(text)
        return installs.environment_folder(tmp_path / "lock.txt")

    pins = "flask==3.1.3 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n"
    expected = folder(pins + "    # via -r functions/a/requirements.in\n")

    assert expected == folder(pins + "    # via -r functions/b/requirements.in\n")
    assert expected == folder("flask==3.1.3 --hash=sha256:aa --hash=sha256:bb")
    assert expected != folder(pins.replace("3.1.3", "3.1.2"))
    assert expected != folder(pins.replace("sha256:bb", "sha256:cc"))


@pytest.fixture
def wheel_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Returns the hash of the only available wheel, `tiny` 1.0. Environments are in `tmp_path`."""
    uv = Path(installs.find_uv(_quiet))
    wheel = tmp_path / "wheels" / "tiny-1.0-py3-none-any.whl"
    wheel.parent.mkdir()
    dist_info = "tiny-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny.py", "")
        archive.writestr(
            f"{dist_info}/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n"
        )
        archive.writestr(f"{dist_info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{dist_info}/RECORD", "")
    monkeypatch.setattr(installs, "LOCAL", tmp_path / "local")
    monkeypatch.setenv("PATH", str(uv.parent), prepend=":")
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_FIND_LINKS", str(wheel.parent))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    return f"sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}"


def test_only_files_with_a_locked_hash_are_installed(tmp_path: Path, wheel_hash: str) -> None:
    good, altered, bare = (tmp_path / name for name in ("good.txt", "altered.txt", "bare.txt"))
    good.write_text(f"tiny==1.0 \\\n    --hash=sha256:{'0' * 64} \\\n    --hash={wheel_hash}\n")
    altered.write_text(f"tiny==1.0 \\\n    --hash=sha256:{'0' * 64}\n")
    bare.write_text("tiny==1.0\n")

    environment = installs.prepare_environment(good, "this test", _quiet)

    assert list(environment.glob("lib/python*/site-packages/tiny.py"))
    with pytest.raises(SetupError, match="Hash mismatch"):
        installs.prepare_environment(altered, "this test", _quiet)
    with pytest.raises(SetupError, match="must have a hash"):
        installs.prepare_environment(bare, "this test", _quiet)


def test_interrupted_installation_starts_again(tmp_path: Path) -> None:
    folder = tmp_path / "home"

    def interrupt(_: int) -> None:
        (folder / "half").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        installs.install_once(folder, "it", interrupt, _quiet)
    assert not installs.is_installed(folder)

    installs.install_once(folder, "it", lambda _: (folder / "complete").touch(), _quiet)
    assert installs.is_installed(folder)
    assert not (folder / "half").exists()


def test_concurrent_installations_run_once(tmp_path: Path) -> None:
    folder, installations = tmp_path / "home", []

    def install(_: int) -> None:
        installations.append(threading.get_ident())
        time.sleep(0.1)

    threads = [
        threading.Thread(target=installs.install_once, args=(folder, "it", install, _quiet))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(installations) == 1


def _jar(path: Path, release: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\r\nMain-Class: a.Main\r\n")
        archive.writestr(
            "a/Main.class", b"\xca\xfe\xba\xbe\0\0" + (release + 44).to_bytes(2, "big")
        )
    return path


def test_required_java_is_read_from_the_jar(tmp_path: Path) -> None:
    assert prerequisites.required_java(_jar(tmp_path / "new.jar", 21)) == 21
    assert prerequisites.required_java(_jar(tmp_path / "old.jar", 8)) == prerequisites.MIN_JAVA


def test_jar_is_searched_in_variable_then_sdk_then_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached = [
        _jar(tmp_path / f"cache/cloud-firestore-emulator-v1.{minor}.0.jar", 11)
        for minor in (9, 19, 2)
    ]
    in_sdk = "platform/cloud-firestore-emulator/cloud-firestore-emulator.jar"
    sdk = _jar(tmp_path / "sdk" / in_sdk, 11)
    own = _jar(tmp_path / "own.jar", 11)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("FIREBASE_EMULATORS_PATH", str(tmp_path / "cache"))
    monkeypatch.setattr(prerequisites, "USUAL_SDK_FOLDERS", ())

    assert prerequisites.find_firestore_jar() == cached[1]
    monkeypatch.setenv("CLOUDSDK_ROOT", str(tmp_path / "sdk"))
    assert prerequisites.find_firestore_jar() == sdk
    monkeypatch.setenv("MOODREEL_FIRESTORE_JAR", str(own))
    assert prerequisites.find_firestore_jar() == own
    monkeypatch.setenv("MOODREEL_FIRESTORE_JAR", str(tmp_path / "gone.jar"))
    assert prerequisites.find_firestore_jar() is None
