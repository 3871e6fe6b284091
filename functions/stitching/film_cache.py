"""The cache of finished films, so that a film of the same content is not rendered again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.recipes.stored_object import StoredObject
from shared.runtime.owner_cache import OwnerCache, content_key, describe


class FilmCache:
    """The film of one content. An entry lists its files, which are entries of their own.

    Args:
        cache: That of the job's owner.
        spec: The hash of everything that the film depends on.
    """

    def __init__(self, cache: OwnerCache, spec: str) -> None:
        self._cache = cache
        self._spec = spec

    def copy_to(self, folder: str) -> tuple[Mapping[str, Any], dict[str, StoredObject]] | None:
        """Copies the files of the film to a folder of a job, with the hash as their `spec`.

        Returns:
            The record that `add` was given and the files by name, or None if the film or one of its
            files is missing.
        """
        entry = self._cache.read_json(self._spec)
        if entry is None:
            return None
        files = {}
        for name, listed in entry["files"].items():
            copy = self._cache.copy_listed(listed, folder + name, spec=self._spec)
            if copy is None:
                return None
            files[name] = copy
        return entry["record"], files

    def add(self, record: Mapping[str, Any], files: Mapping[str, StoredObject]) -> None:
        """Adds a film that was written for a job, by its record (JSON values) and its files."""
        listed = {
            name: describe(self._cache.add(content_key("film", self._spec, name), stored))
            for name, stored in files.items()
        }
        # Last: a film without all of its files is not found.
        self._cache.write_json(self._spec, {"record": record, "files": listed})
