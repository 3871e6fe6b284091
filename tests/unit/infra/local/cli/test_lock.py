"""Tests of the lock files: exact versions with hashes, equal in all functions, without URLs."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import pytest

from infra.local.cli.lock import (
    CONSTRAINTS,
    VERSION_OVERRIDES,
    list_constrained_requirements,
    list_function_requirements,
    list_independent_requirements,
    list_lock_files,
)
from infra.local.setup.console import WEB_FOLDER
from infra.local.setup.installs import REQUIREMENTS_FOLDER
from infra.local.setup.requirements import (
    Pin,
    normalize_name,
    parse_lock,
    read_lock,
    split_logical_lines,
)
from infra.local.setup.tools import requirements_file
from infra.local.suite.layout import ROOT
from shared.pipeline import FUNCTIONS

_INCLUDED_SOURCES = {
    ROOT / "shared" / "typography" / "fonts.in",
    REQUIREMENTS_FOLDER / "emulators" / "gcs" / "requirements.in",
    REQUIREMENTS_FOLDER / "emulators" / "tts" / "requirements.in",
}
"""Sources that other sources include."""


def _versions(locks: Iterable[Path]) -> dict[str, set[str]]:
    versions: dict[str, set[str]] = defaultdict(set)
    for lock in locks:
        for pin in read_lock(lock):
            versions[pin.name].add(pin.version)
    return versions


def _name(requirement: str) -> str:
    for separator in "=<>~!; [":
        requirement = requirement.split(separator)[0]
    return normalize_name(requirement)


def test_every_function_and_source_has_a_lock_file() -> None:
    assert set(map(requirements_file, FUNCTIONS)) <= set(list_lock_files())
    sources = {
        path
        for folder in ("functions", "shared", "infra", "tests")
        for path in (ROOT / folder).rglob("*.in")
        if "node_modules" not in path.parts
    } | set(ROOT.glob("*.in"))
    assert sources - _INCLUDED_SOURCES == {
        *list_constrained_requirements(),
        *list_independent_requirements(),
    }


@pytest.mark.parametrize("path", list_lock_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_lock_file_has_exact_versions_and_hashes_of_all_requirements(path: Path) -> None:
    pins = read_lock(path)
    assert pins
    assert [str(pin) for pin in pins if not pin.hashes] == []
    assert all(digest.startswith("sha256:") for pin in pins for digest in pin.hashes)
    requirements = split_logical_lines(path.with_suffix(".in").read_text())
    assert {_name(line) for line in requirements if not line.startswith("-r")} <= {
        p.name for p in pins
    }


def test_lock_files_contain_no_package_index_url() -> None:
    for path in (*list_lock_files(), CONSTRAINTS):
        text = path.read_text()
        assert "://" not in text, path
        assert "index-url" not in text, path
        assert "find-links" not in text, path
        assert str(ROOT) not in text, path


@pytest.mark.parametrize("folder", [REQUIREMENTS_FOLDER, WEB_FOLDER], ids=lambda path: path.name)
def test_npm_packages_have_a_sha512_and_no_registry_url(folder: Path) -> None:
    packages = json.loads((folder / "package-lock.json").read_text())["packages"]
    assert len(packages) > 100
    assert [name for name, package in packages.items() if "resolved" in package] == []
    assert all(
        package["integrity"].startswith("sha512-") for name, package in packages.items() if name
    )


def test_constraints_have_one_version_per_package() -> None:
    pins = read_lock(CONSTRAINTS)
    assert len({pin.name for pin in pins}) == len(pins)


def test_functions_share_one_version_of_each_package() -> None:
    versions = _versions(path.with_suffix(".txt") for path in list_function_requirements())
    overridden = {name for entry in VERSION_OVERRIDES.values() for name in entry.packages}
    assert {
        name for name, package_versions in versions.items() if len(package_versions) > 1
    } == overridden
    assert all(entry.reason for entry in VERSION_OVERRIDES.values())


@pytest.mark.parametrize(
    "source", list_constrained_requirements(), ids=lambda path: str(path.relative_to(ROOT))
)
def test_lock_file_matches_the_constraints(source: Path) -> None:
    shared = {pin.name: pin.version for pin in read_lock(CONSTRAINTS)}
    locked = {pin.name: pin.version for pin in read_lock(source.with_suffix(".txt"))}
    entry = VERSION_OVERRIDES.get(source.relative_to(ROOT).as_posix())

    different = {name for name, version in locked.items() if shared.get(name, version) != version}

    assert different == (entry.packages if entry else set())


def test_parse_lock_reads_markers_extras_and_continued_lines() -> None:
    text = """\
# A comment.
Some_Thing[extra,other]==1.0 ; python_full_version < '3.12' and sys_platform == "linux" \\
    --hash=sha256:aa \\
    --hash=sha256:bb
    # via
    #   -r functions/api/requirements.in
bare==2.0.post1  # exactly this
"""
    marker = "python_full_version < '3.12' and sys_platform == \"linux\""
    assert parse_lock(text) == [
        Pin("some-thing", "1.0", marker, ("sha256:aa", "sha256:bb")),
        Pin("bare", "2.0.post1", "", ()),
    ]


@pytest.mark.parametrize("line", ["flask", "flask>=3", "-r other.txt", "--index-url x", "a @ b"])
def test_parse_lock_rejects_lines_without_an_exact_version(line: str) -> None:
    with pytest.raises(ValueError, match="Not a pinned requirement"):
        parse_lock(f"{line}\n")
