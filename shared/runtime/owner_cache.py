"""A cache of results that all jobs of an owner share, by the hash of what they depend on.

An entry is an object in the work bucket, in a folder of the owner. The lifecycle rule of the bucket
deletes it. Jobs copy it, so that they do not depend on it afterwards. It outlives the job that made
it, and is deleted with the account.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from shared.errors import ArtifactConflict, ObjectDamaged, SourceExpired
from shared.pipeline import Bucket
from shared.ports.objects import ObjectStore
from shared.privacy.data_requests import owner_hash
from shared.recipes.stored_object import StoredObject


def content_key(*content: Any) -> str:
    """Returns the key of a result: the SHA-256, in hex, of everything that it depends on.

    Args:
        *content: JSON values: the inputs, the settings, the version of our code and those of the
            libraries, fonts and models that make the result.
    """
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class OwnerCache:
    """The entries of one owner under `prefix`, one of the cache prefixes.

    An entry is used only if it names its key, lies in the folder of the owner and, when it is read,
    has its size and CRC32C. Another object under its name is deleted.
    """

    objects: ObjectStore
    prefix: str
    owner: str

    def find(self, key: str) -> StoredObject | None:
        """Returns the entry of a key, or None."""
        stored = self.objects.stat(Bucket.WORK, self._name(key))
        if stored is None or (stored.spec == key and stored.size_bytes):
            return stored
        self._delete(stored)
        return None

    def read(self, key: str) -> bytes | None:
        """Returns the bytes of an entry, or None."""
        stored = self.find(key)
        if stored is None:
            return None
        try:
            return self.objects.read_whole(stored)
        except ObjectDamaged:
            self._delete(stored)
        except SourceExpired:
            pass
        return None

    def read_json(self, key: str) -> Mapping[str, Any] | None:
        """Returns an entry that `write_json` wrote, or None. Takes one request."""
        try:
            data = self.objects.read_live(Bucket.WORK, self._name(key))
            if data is None:
                return None
            entry = json.loads(data)
            if isinstance(entry, dict) and entry.get("key") == key:
                content: Mapping[str, Any] = entry["content"]
                return content
        except (ObjectDamaged, ValueError):
            pass
        # An entry of an earlier version does not contain its key; any other object is deleted.
        data = self.read(key)
        return None if data is None else json.loads(data)

    def copy_to(self, key: str, name: str, *, spec: str = "") -> StoredObject | None:
        """Copies an entry to the object `name` of a job, on the server. The `spec` of the copy is
        that of the entry by default. Returns None without an entry. Raises ArtifactConflict."""
        stored = self.find(key)
        return None if stored is None else self._copy(stored, name, spec or key)

    def copy_live(self, key: str, name: str) -> StoredObject | None:
        """Copies an entry like `copy_to`, in one request and with its metadata. The `spec` of the
        copy is the key."""
        copy = self.objects.copy_live(Bucket.WORK, self._name(key), name, spec=key)
        if copy is None or (copy.spec == key and copy.size_bytes):
            return copy
        self._delete(copy)
        self.find(key)  # Deletes the object of another key.
        return None

    def copy_listed(self, entry: Mapping[str, Any], name: str, *, spec: str) -> StoredObject | None:
        """Copies an entry that another entry lists with `describe`, like `copy_to` but without a
        request that looks for it. Returns None if that version is gone."""
        stored = self.parse_listed(entry)
        return None if stored is None else self._copy(stored, name, spec)

    def parse_listed(self, entry: Mapping[str, Any]) -> StoredObject | None:
        """Returns the version of an entry that another entry lists with `describe`. It may be gone.
        None for an object that is no entry of the owner."""
        stored = StoredObject.from_dict(entry)
        if stored.bucket is not Bucket.WORK or not stored.name.startswith(self._folder):
            return None
        return replace(stored, content_type=entry["content_type"])

    def write(self, key: str, data: bytes, content_type: str) -> None:
        """Writes an entry. An entry that exists is kept."""
        name = self._name(key)
        try:
            with self.objects.create(
                Bucket.WORK, name, content_type=content_type, spec=key
            ) as writer:
                writer.write(data)
        except ArtifactConflict:
            self.find(key)  # Deletes the object of another key: the next job writes the entry.

    def write_json(self, key: str, data: Mapping[str, Any]) -> None:
        """Writes an entry like `write`, as JSON that contains the key."""
        entry = {"key": key, "content": data}
        content = json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode()
        self.write(key, content, "application/json")

    def add(
        self,
        key: str,
        source: StoredObject,
        metadata: Mapping[str, str] = MappingProxyType({}),
    ) -> StoredObject:
        """Copies an object of a job into the cache, on the server. Returns the entry.

        Raises ArtifactConflict, SourceExpired.
        """
        entry, _ = self.objects.copy(
            source, Bucket.WORK, self._name(key), spec=key, metadata=metadata
        )
        return entry

    @property
    def _folder(self) -> str:
        return f"{self.prefix}{owner_hash(self.owner)}/"

    def _name(self, key: str) -> str:
        return self._folder + key

    def _copy(self, stored: StoredObject, name: str, spec: str) -> StoredObject | None:
        try:
            copy, _ = self.objects.copy(stored, Bucket.WORK, name, spec=spec)
        except SourceExpired:
            return None
        return copy

    def _delete(self, stored: StoredObject) -> None:
        self.objects.delete(stored.bucket, *stored.version)


def describe(stored: StoredObject) -> dict[str, Any]:
    """Returns a version of an entry as JSON values, for `OwnerCache.copy_listed`."""
    return {**stored.to_dict(), "content_type": stored.content_type}
