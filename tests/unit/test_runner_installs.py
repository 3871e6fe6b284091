"""Installing and finding: what a cut-off, a second terminal or an odd machine must not break."""

from __future__ import annotations

import json
import threading
import time
import zipfile
from pathlib import Path

import pytest

from infra.local import installs, prerequisites
from infra.local.installs import HERE
from infra.local.layout import ROOT

_LOCKS = [
    *sorted(ROOT.glob("functions/*/requirements*.txt")),
    HERE / "requirements.txt",
    ROOT / "requirements-dev.txt",
]


def _quiet(_: str) -> None:
    """Says nothing."""


def test_functions_that_need_the_same_share_an_environment(tmp_path: Path) -> None:
    one, other, third = (tmp_path / name for name in ("a.txt", "b.txt", "c.txt"))
    one.write_text("flask==3.1.3\n    # via -r functions/a/requirements.in\n")
    other.write_text("flask==3.1.3\n    # via -r functions/b/requirements.in\n")
    third.write_text("flask==3.1.2\n")

    assert installs.environment_folder(one) == installs.environment_folder(other)
    assert installs.environment_folder(one) != installs.environment_folder(third)


def test_an_installation_that_was_cut_off_is_begun_anew(tmp_path: Path) -> None:
    folder = tmp_path / "home"

    def cut_off(_: int) -> None:
        (folder / "half").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        installs.once(folder, "it", cut_off, _quiet)
    assert not installs.installed(folder)

    installs.once(folder, "it", lambda _: (folder / "whole").touch(), _quiet)
    assert installs.installed(folder)
    assert not (folder / "half").exists()


def test_two_terminals_install_once(tmp_path: Path) -> None:
    folder, made = tmp_path / "home", []

    def install(_: int) -> None:
        made.append(threading.get_ident())
        time.sleep(0.1)

    threads = [
        threading.Thread(target=installs.once, args=(folder, "it", install, _quiet))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(made) == 1


def _jar(path: Path, release: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\r\nMain-Class: a.Main\r\n")
        archive.writestr(
            "a/Main.class", b"\xca\xfe\xba\xbe\0\0" + (release + 44).to_bytes(2, "big")
        )
    return path


def test_a_jar_says_which_java_it_needs(tmp_path: Path) -> None:
    assert prerequisites.java_needed(_jar(tmp_path / "new.jar", 21)) == 21
    assert prerequisites.java_needed(_jar(tmp_path / "old.jar", 8)) == prerequisites.OLDEST_JAVA


def test_jars_are_found_by_variable_then_in_the_sdk_then_in_the_cache(
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


def test_locks_name_nobodys_package_index() -> None:
    for path in _LOCKS:
        assert "://" not in path.read_text(), path
    packages = json.loads((HERE / "package-lock.json").read_text())["packages"]
    assert [name for name, about in packages.items() if "resolved" in about] == []
    assert all("integrity" in about for name, about in packages.items() if name)


def test_locks_hold_exact_versions_of_what_is_asked_for() -> None:
    for path in _LOCKS:
        lines = installs.requirement_lines(path).splitlines()
        assert all("==" in line for line in lines), path
        pinned = {line.split("==")[0] for line in lines}
        asked = installs.requirement_lines(path.with_suffix(".in")).splitlines()
        names = {_name(line) for line in asked if not line.startswith("-r")}
        assert names <= pinned, path


def _name(requirement: str) -> str:
    for mark in "=<>~!; [":
        requirement = requirement.split(mark)[0]
    return requirement
