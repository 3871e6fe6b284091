"""Tests of the files of `run`: their number, before a suite is started."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.local.cli.inputs import collect_files
from infra.local.cli.run_options import build_run_parser
from infra.local.suite.layout import SetupError
from shared.pipeline import RECIPES


def collect(*arguments: str) -> list[str]:
    """Returns the names of the files of a command line."""
    args = build_run_parser().parse_intermixed_args(arguments)
    with collect_files(RECIPES[args.recipe], args, lambda _: None) as files:
        return [path.name for path in files]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with files, which is the current one."""
    monkeypatch.chdir(tmp_path)
    for name in ("a.mp4", "b.mp3", "c.jpg", "guide.md"):
        (tmp_path / name).touch()


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["frames", "a.mp4"], ["a.mp4"]),
        (["still", "c.jpg", "--title", "x", "b.mp3"], ["c.jpg", "b.mp3"]),
        (["recap", "a.mp4", "b.mp3"], ["a.mp4", "b.mp3"]),
        (["presentation", "guide.md"], ["guide.md"]),
        (["presentation", "--prompt", "Bees"], []),
        (["presentation", "--text", "guide.md", "c.jpg", "b.mp3"], ["c.jpg", "b.mp3"]),
    ],
)
def test_files_are_taken(arguments: list[str], names: list[str]) -> None:
    assert collect(*arguments) == names


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["frames", "gone.mp4"], r"File not found: gone\.mp4\."),
        (["presentation", "--text", "gone.md"], r"File not found: gone\.md\."),
        (["still", "c.jpg"], r"needs 2 file\(s\): picture, sound\. You passed 1\."),
        (["frames", "a.mp4", "b.mp3"], r"needs 1 file\(s\): video\. You passed 2\."),
        (["recap", "a.mp4", "b.mp3", "c.jpg"], r"video, \[music\]\. You passed 3\."),
        (["presentation"], r"needs 1 file\(s\): prompt, .* You passed 0\."),
        (["frames", "a.mp4", "--prompt", "x"], r"only with a recipe that takes a prompt"),
    ],
)
def test_wrong_files_are_refused(arguments: list[str], message: str) -> None:
    with pytest.raises(SetupError, match=message):
        collect(*arguments)
