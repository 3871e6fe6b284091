"""The files of a job: which input of the recipe each one is, and how it is declared."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import unquote, urlsplit

from moodreel.errors import MoodreelError
from moodreel.files.checksums import checksum_file
from moodreel.files.content_types import ANIMATED_TYPES, guess_content_type, type_of_name
from moodreel.models import InputView, RecipeView

LATEST = "latest"
"""In place of a file: the newest upload of that kind."""
_OTHER_KINDS = {"video": ("audio",), "audio": ("video",)}
"""A container of sound can have pictures, and a film a sound to be used."""
FileLike: TypeAlias = str | os.PathLike[str]
"""A path, the URL of a file (`https://…`), or "latest"."""
Files: TypeAlias = FileLike | Sequence[FileLike] | Mapping[str, FileLike]
"""One file, files in any order, or files by the names of the inputs."""


class WrongFiles(MoodreelError):
    """The recipe does not take these files, or a file does not exist."""


@dataclass(frozen=True)
class Source:
    """A file of a job: a local one, or one that the service gets itself."""

    text: str

    @property
    def path(self) -> Path | None:
        """The local file; None for a URL and for "latest"."""
        return None if self.is_remote or self.text == LATEST else Path(self.text)

    @property
    def is_remote(self) -> bool:
        """Whether the service gets the file by its URL."""
        return urlsplit(self.text).scheme in ("http", "https")

    def find_kinds(self) -> tuple[str, ...]:
        """Returns the top-level media types that the file can have; the likeliest one first."""
        if self.path is None:
            content_type = type_of_name(unquote(urlsplit(self.text).path)) or ""
        else:
            content_type = guess_content_type(self.path)
        kind = content_type.partition("/")[0]
        if content_type in ANIMATED_TYPES:
            return kind, "video"
        return (kind, *_OTHER_KINDS.get(kind, ()))

    def declare(self) -> Any:
        """Returns the input as `POST /v1/jobs` takes it. Reads the whole file for its checksum."""
        if self.path is None:
            return {"url": self.text} if self.is_remote else LATEST
        return {
            "filename": self.path.name,
            "content_type": guess_content_type(self.path),
            "size_bytes": self.path.stat().st_size,
            "crc32c": checksum_file(self.path).text,
        }


def read_files(files: Files) -> list[Source] | dict[str, Source]:
    """Returns the files as they were given: in order, or by the names of the inputs.

    Raises:
        WrongFiles: A file does not exist or is empty.
    """
    if isinstance(files, str | os.PathLike):
        files = [files]
    if isinstance(files, Mapping):
        named = {name: Source(os.fspath(file)) for name, file in files.items()}
        _check_exist(named.values())
        return named
    listed = [Source(os.fspath(file)) for file in files]
    _check_exist(listed)
    return listed


def assign_files(recipe: RecipeView, files: Sequence[Source], *, given: bool) -> dict[str, Source]:
    """Assigns each file to the first input that takes its likeliest media type, in any order.

    Then the required inputs get files that they can take as well: an animated picture or a sound
    file can be a video, and a video can be a sound. Files without a match go to the remaining
    inputs, and the service reports the error. A required input that is still empty gets the file
    of an optional one.

    Args:
        given: Whether the request has the input `prompt` itself.

    Raises:
        WrongFiles: There are too few or too many files.
    """
    inputs = [item for item in recipe.inputs if not (given and item.name == "prompt")]
    required = [item for item in inputs if not item.optional]
    names = [name for item in inputs for name in item.names]
    if not len(required) <= len(files) <= len(names):
        raise WrongFiles(_describe(recipe, inputs, required, len(files)))
    remaining = list(files)
    assigned: dict[str, Source] = {}

    def assign(names: Iterable[str], matches: list[Source]) -> None:
        free = [name for name in names if name not in assigned]
        for name, file in zip(free, matches, strict=False):
            assigned[name] = file
            remaining.remove(file)

    for item in inputs:
        assign(item.names, [file for file in remaining if file.find_kinds()[0] in item.kinds])
    for item in required:
        assign(item.names, [file for file in remaining if set(file.find_kinds()) & set(item.kinds)])
    for chosen in (required, inputs):
        assign((name for item in chosen for name in item.names), list(remaining))
    for item in required:
        if item.name not in assigned:
            _take_from_optional(item, required, assigned)
    return assigned


def _take_from_optional(
    item: InputView, required: Sequence[InputView], assigned: dict[str, Source]
) -> None:
    """Gives the required input the file of an optional one that it can take."""
    kept = {name for other in required for name in other.names}
    for name, file in assigned.items():
        if name not in kept and set(file.find_kinds()) & set(item.kinds):
            assigned[item.name] = assigned.pop(name)
            return


def _check_exist(files: Iterable[Source]) -> None:
    paths = [file.path for file in files if file.path is not None]
    missing = [str(path) for path in paths if not path.is_file()]
    if missing:
        raise WrongFiles(f"File not found: {', '.join(missing)}.")
    empty = [str(path) for path in paths if path.stat().st_size == 0]
    if empty:
        raise WrongFiles(f"The file is empty: {', '.join(empty)}.")


def _describe(
    recipe: RecipeView, inputs: Sequence[InputView], required: Sequence[InputView], count: int
) -> str:
    names = [f"[{item.name}]" if item.optional else item.name for item in inputs]
    needed = f"{len(required)} file(s): {', '.join(names)}" if inputs else "no file"
    return f"The recipe {recipe.name} needs {needed}. You passed {count}."
