"""The files of a batch: folders, patterns, lists in CSV, and single files."""

from __future__ import annotations

import csv
import glob
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Any

from moodreel.batch.state import STATE_FILE
from moodreel.files.content_types import type_of_name
from moodreel.files.inputs import FileLike, Source, WrongFiles
from moodreel.files.names import numbered_name, safe_name
from moodreel.models import InputView, RecipeView

FILE_COLUMN = "file"
LIST_EXTENSION = ".csv"


@dataclass(frozen=True)
class BatchItem:
    """A file of a batch.

    Attributes:
        path: The file.
        name: Its name in tables, and the folder of its results: unique in the batch.
        options: The options of its job.
    """

    path: Path
    name: str
    options: Mapping[str, Any] = field(default_factory=dict)

    def key(self, recipe: str, digest: str) -> str:
        """Returns what identifies the job: the recipe, the options and the content of the file.

        Args:
            digest: The SHA-256 of the content.
        """
        identity = [recipe, sorted((name, str(value)) for name, value in self.options.items())]
        return hashlib.sha256(json.dumps([*identity, digest]).encode()).hexdigest()


def find_items(
    sources: Iterable[FileLike], recipe: RecipeView, options: Mapping[str, Any]
) -> list[BatchItem]:
    """Returns the files of a batch.

    Args:
        sources: Folders, whose files of a media type that the recipe takes are found at any depth;
            patterns such as `videos/**/*.mp4`; CSV files with the column `file` and one column for
            each option that differs; single files.
        options: The options of all files. Those of a list replace them.

    Raises:
        WrongFiles: A file does not exist, nothing is found, an option is unknown, or the recipe
            does not take one file.
    """
    taken = find_input(recipe)
    items: list[BatchItem] = []
    names: set[str] = set()
    seen: set[tuple[Path, str]] = set()
    for source in sources:
        for path, name, own_options in _expand(os.fspath(source), taken):
            _check_options(recipe, own_options)
            merged = {**options, **own_options}
            identity = path.resolve(), json.dumps(merged, sort_keys=True, default=str)
            if identity in seen:
                continue
            seen.add(identity)
            items.append(BatchItem(path, _unique(name, names), merged))
    if not items:
        raise WrongFiles(f"There is no {' or '.join(taken.kinds)} in the given folders.")
    return items


def find_input(recipe: RecipeView) -> InputView:
    """Returns the input that takes the file. Raises WrongFiles for a recipe of several files."""
    required = [item for item in recipe.inputs if not item.optional]
    if len(required) != 1 or required[0].kinds == ("text",):
        raise WrongFiles(f"A batch runs recipes of one file each; {recipe.name} is not one.")
    return required[0]


def _expand(source: str, taken: InputView) -> Iterator[tuple[Path, str, Mapping[str, str]]]:
    """Yields path, name and own options of each file of a source."""
    path = Path(source)
    if Source(source).is_remote:
        raise WrongFiles("A batch takes files of this machine, and no URLs.")
    if path.is_dir():
        for file in sorted(_files_below(path)):
            if _is_taken(file, taken):
                yield file, file.relative_to(path).as_posix(), {}
    elif path.suffix.lower() == LIST_EXTENSION and path.is_file():
        for file, options in read_list(path):
            inside = file.resolve().is_relative_to(path.parent.resolve())
            name = file.relative_to(path.parent).as_posix() if inside else file.name
            yield file, name, options
    elif path.is_file():
        yield path, path.name, {}
    elif glob.has_magic(source):
        found = sorted(map(Path, glob.glob(source, recursive=True)))
        if not found:
            raise WrongFiles(f"No file matches {source}.")
        base = _fixed_part(path)
        for match in found:
            if match.is_file() and not _is_result(match, base):
                yield match, match.relative_to(base).as_posix(), {}
    else:
        raise WrongFiles(f"File not found: {source}.")


def read_list(path: Path) -> list[tuple[Path, dict[str, str]]]:
    """Returns the files of a CSV file with their options. Paths are relative to the CSV file.

    Raises:
        WrongFiles: There is no column `file`, or a file does not exist.
    """
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        if FILE_COLUMN not in (reader.fieldnames or ()):
            raise WrongFiles(f"{path} has no column {FILE_COLUMN!r} in its first line.")
        rows = list(reader)
    files: list[tuple[Path, dict[str, str]]] = []
    for number, row in enumerate(rows, start=2):
        if None in row or None in row.values():
            raise WrongFiles(f"{path}, row {number}: it has not as many values as the first line.")
        listed = path.parent / row.pop(FILE_COLUMN)
        if not listed.is_file():
            raise WrongFiles(f"{path}, row {number}: file not found: {listed}.")
        files.append((listed, {name: value for name, value in row.items() if value}))
    return files


def _check_options(recipe: RecipeView, options: Mapping[str, str]) -> None:
    """Raises WrongFiles for an option that the recipe does not have."""
    known = {option.name for option in recipe.options}
    # A service that does not describe its options checks their names itself.
    if known and (unknown := sorted(set(options) - known)):
        raise WrongFiles(f"{recipe.name} has no option {', '.join(unknown)}.")


def _fixed_part(pattern: Path) -> Path:
    """Returns the folder of a pattern before its first wildcard."""
    parts = list(takewhile(lambda part: not glob.has_magic(part), pattern.parts))
    return Path(*parts) if len(parts) < len(pattern.parts) else pattern.parent


def _is_result(path: Path, base: Path) -> bool:
    """Whether a file is in the results of a batch below `base`."""
    folders = [folder for folder in path.parents if folder.is_relative_to(base)]
    return any((folder / STATE_FILE).exists() for folder in folders)


def _files_below(folder: Path) -> Iterator[Path]:
    """Yields the files of a folder at any depth, without hidden ones and results of batches."""
    for parent, folders, files in os.walk(folder):
        if STATE_FILE in files:
            folders.clear()
            continue
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(parent) / name for name in files if not name.startswith("."))


def _is_taken(path: Path, taken: InputView) -> bool:
    content_type = type_of_name(path.name) or ""
    return content_type.partition("/")[0] in taken.kinds


def _unique(name: str, used: set[str]) -> str:
    """Returns the name, with a number if another file of the batch has it."""
    parts: Sequence[str] = [safe_name(part) for part in name.split("/") if part not in ("", "..")]
    name, number = "/".join(parts), 1
    while numbered_name(name, number).casefold() in used:
        number += 1
    used.add(numbered_name(name, number).casefold())
    return numbered_name(name, number)
