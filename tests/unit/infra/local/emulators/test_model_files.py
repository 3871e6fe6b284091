"""Where the files of the emulators' models are found, and which of them are trusted."""

from __future__ import annotations

from pathlib import Path

import pytest

from functions.emotion_scoring.models.download import sha256_of
from functions.emotion_scoring.models.manifest import PublicFile
from infra.local.emulators.model_files import find_files, list_folders, paths_in

MODEL, CONFIG = b"weights", b"{}"
FILES = (
    PublicFile("https://publisher.example/a.onnx", sha256_of(MODEL), 100),
    PublicFile("https://publisher.example/a.onnx.json", sha256_of(CONFIG), 100),
)


def _write(folder: Path, model: bytes = MODEL) -> Path:
    folder.mkdir()
    (folder / "a.onnx").write_bytes(model)
    (folder / "a.onnx.json").write_bytes(CONFIG)
    return folder


def test_files_with_another_hash_are_ignored(tmp_path: Path) -> None:
    changed = _write(tmp_path / "changed", b"other weights")
    right = _write(tmp_path / "right")

    assert find_files([tmp_path / "missing", changed, right], FILES) == paths_in(right, FILES)
    assert find_files([changed], FILES) is None


def test_folder_of_the_user_is_preferred_to_the_wheel_and_to_downloads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELS_OF_THE_USER", str(tmp_path))
    wheel = Path(pytest.__file__).parent / "data"

    folders = list(list_folders("MODELS_OF_THE_USER", "pytest/data", Path("cache")))
    assert folders == [tmp_path, wheel, Path("cache")]

    monkeypatch.delenv("MODELS_OF_THE_USER")
    assert list(list_folders("MODELS_OF_THE_USER", "not_installed/data", None)) == []
