"""Where the files of the emulators' models are: in a folder that the user names, in a wheel of the
package index, or downloaded from their publisher. A file is trusted by its SHA-256 only."""

from __future__ import annotations

import hashlib
import importlib.util
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from functions.emotion_scoring.models.manifest import PublicFile

PUBLISHER_HOSTS = frozenset({"huggingface.co"})


def paths_in(folder: Path, files: Sequence[PublicFile]) -> tuple[Path, ...]:
    """Returns the paths of files in a folder, with the names that they have at their publisher."""
    return tuple(folder / file.url.rpartition("/")[2] for file in files)


def find_files(folders: Iterable[Path], files: Sequence[PublicFile]) -> tuple[Path, ...] | None:
    """Returns the paths in the first folder that has all files with the right hashes, or None."""
    for folder in folders:
        paths = paths_in(folder, files)
        if all(_has_hash(path, file.sha256) for path, file in zip(paths, files, strict=True)):
            return paths
    return None


def list_folders(setting: str, wheel_folder: str, cache: Path | None) -> Iterator[Path]:
    """Yields the folders that may have the files of a model, the preferred one first.

    Args:
        setting: Name of the variable with a folder of the user.
        wheel_folder: The folder in a package that has them, as `package/folder`; "" for none.
        cache: The folder of downloaded files.
    """
    given = os.environ.get(setting)
    if given:
        yield Path(given)
    package, _, path = wheel_folder.partition("/")
    spec = importlib.util.find_spec(package) if package else None
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        yield Path(folder) / path
    if cache is not None:
        yield cache


def _has_hash(path: Path, sha256: str) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256
