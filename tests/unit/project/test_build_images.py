"""Every container image is named by its digest, so a moved tag changes no build."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from infra.local.suite.layout import ROOT

BUILD_FILES = ("cloudbuild.yaml", "infra/cloud_build/plan.yaml", "infra/cloud_build/apply.yaml")
BY_DIGEST = re.compile(r"[a-z0-9./_-]+:[A-Za-z0-9._-]+@sha256:[0-9a-f]{64}")
"""A repository, the tag that people read, and the digest that is pulled."""
IMAGE_LINES = {
    ("*Dockerfile*", "*.dockerfile"): re.compile(r"^FROM +(?:--\S+ +)*(\S+)", re.MULTILINE),
    ("*.yaml", "*.yml", "*.tf"): re.compile(r"^ +image *[:=] *(\S+)", re.MULTILINE),
}
"""Lines with an image in Dockerfiles, compose files and Terraform."""


def list_files(*patterns: str) -> list[Path]:
    """Returns the files of the checkout that match one of the patterns."""
    process = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns],  # noqa: S607 - of the system
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in process.stdout.splitlines()]


def find_images() -> Iterator[tuple[str, str]]:
    """Yields each image with the file that names it."""
    for name in BUILD_FILES:
        for step in YAML(typ="safe").load((ROOT / name).read_text())["steps"]:
            yield name, step["name"]
    for patterns, line in IMAGE_LINES.items():
        for path in list_files(*patterns):
            for image in line.findall(path.read_text()):
                yield path.relative_to(ROOT).as_posix(), image.strip("\"'")


def test_every_image_is_named_by_its_digest() -> None:
    images = list(find_images())

    assert len(images) >= 10
    assert [f"{path}: {image}" for path, image in images if not BY_DIGEST.fullmatch(image)] == []


def test_build_files_use_one_digest_of_each_image() -> None:
    digests: dict[str, set[str]] = {}
    for _, image in find_images():
        digests.setdefault(image.partition("@")[0], set()).add(image)

    assert {name: found for name, found in digests.items() if len(found) > 1} == {}


@pytest.mark.parametrize(
    "image",
    [
        "python", "python:3.14-bookworm", "python@sha256:" + "a" * 64,
        "python:3.14-bookworm@sha256:" + "a" * 63, "$_IMAGE",
    ],
)  # fmt: skip
def test_image_without_tag_or_digest_is_found(image: str) -> None:
    assert not BY_DIGEST.fullmatch(image)
