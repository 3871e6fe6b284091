"""The cache of finished films, so that a film of the same content is not rendered again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from shared.recipes.stored_object import StoredObject
from shared.runtime.owner_cache import OwnerCache, content_key


class FilmCache:
    """The film of one content. An entry lists its files, which are entries of their own.

    Args:
        cache: That of the job's owner.
        spec: The hash of everything that the film depends on.
    """

    def __init__(self, cache: OwnerCache, spec: str) -> None:
        self._cache = cache
        self._spec = spec

    def copy_to(self, folder: str) -> Mapping[str, Any] | None:
        """Copies the files of the film to a folder of a job, with the hash as their `spec`.

        Returns:
            The record that `add` was given, or None if the film or one of its files is missing.
        """
        entry = self._cache.read_json(self._spec)
        if entry is None:
            return None
        for name in entry["files"]:
            copy = self._cache.copy_to(self._file_key(name), folder + name, spec=self._spec)
            if copy is None:
                return None
        record: Mapping[str, Any] = entry["record"]
        return record

    def add(self, record: Mapping[str, Any], files: Iterable[tuple[str, StoredObject]]) -> None:
        """Adds a film that was written for a job.

        Args:
            record: JSON values that are kept with the film.
            files: The names and objects of its files. The film itself is the last one.
        """
        names = []
        for name, stored in files:
            self._cache.add(self._file_key(name), stored)
            names.append(name)
        # Last: a film without all of its files is not found.
        self._cache.write_json(self._spec, {"record": record, "files": names})

    def _file_key(self, name: str) -> str:
        return content_key("film", self._spec, name)
