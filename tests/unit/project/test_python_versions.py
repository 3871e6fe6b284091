"""The supported Python versions: one range everywhere, which includes the deployed version."""

from __future__ import annotations

import re
import tomllib

from infra.local.cli.lock import MIN_PYTHON
from infra.local.suite.layout import ROOT


def _supported_range() -> tuple[tuple[int, int], tuple[int, int]]:
    """Returns the oldest supported version and the first unsupported one, from pyproject.toml."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        text = tomllib.load(file)["project"]["requires-python"]
    match = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", text)
    assert match
    return (3, int(match[1])), (3, int(match[2]))


def _deployed_minors() -> set[str]:
    return set(
        re.findall(
            r'runtime += "python3(\d+)"', (ROOT / "infra/terraform/functions.tf").read_text()
        )
    )


def test_runner_accepts_exactly_the_supported_versions() -> None:
    oldest, end = _supported_range()
    script = (ROOT / "emulator.sh").read_text()

    assert f"{oldest} <= sys.version_info[:2] < {end}" in script
    for minor in range(oldest[1], end[1]):
        assert f" python3.{minor}" in script
    assert f"Python 3.{oldest[1]} to 3.{end[1] - 1} on PATH" in script


def test_locks_are_resolved_from_the_oldest_supported_version() -> None:
    oldest, _ = _supported_range()
    assert f"{oldest[0]}.{oldest[1]}" == MIN_PYTHON


def test_deployed_version_is_supported_and_tested_by_cloud_build() -> None:
    (oldest, end), deployed = _supported_range(), _deployed_minors()
    images = re.findall(r"name: python:3\.(\d+)-", (ROOT / "cloudbuild.yaml").read_text())

    assert len(deployed) == 1
    assert set(images) == deployed
    assert oldest[1] <= int(deployed.pop()) < end[1]
