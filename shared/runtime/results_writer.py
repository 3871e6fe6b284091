"""Writes objects once: the results of a job, and small objects between stages."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from shared.pipeline import RESULTS_PREFIX, Bucket
from shared.ports.objects import ObjectStore, ObjectWriter
from shared.recipes.stored_object import Artifact, ResultKind, StoredObject


@dataclass(frozen=True, slots=True)
class ResultsWriter:
    """Writes the results that users download, each once, as `jobs/{job}/{key}/{name}`, or
    `jobs/{job}/{key}.{revision}/{name}` for an edited deck.

    Attributes:
        key: Hash of all inputs that determine the content. Objects of an earlier attempt with the
            same inputs are adopted.
        revision: Revision of the deck. An object is a result of one revision, so it is counted once
            when an edit is undone.
    """

    objects: ObjectStore
    job_id: str
    key: str
    revision: int = 0

    def create(self, name: str, content_type: str) -> AbstractContextManager[ObjectWriter]:
        """Returns a context that writes an object as a stream."""
        return self.objects.create(
            Bucket.OUTPUTS, self._path(name), content_type=content_type, spec=self.key
        )

    def find(self, name: str, kind: ResultKind) -> Artifact | None:
        """Returns the object that an earlier attempt wrote from the same inputs, or None."""
        stored = find_object(self.objects, Bucket.OUTPUTS, self._path(name), self.key)
        return None if stored is None else stored.to_artifact(name, kind)

    def write(
        self,
        name: str,
        kind: ResultKind,
        content_type: str,
        render: Callable[[], bytes | Iterable[bytes]],
    ) -> Artifact:
        """Writes an object from the bytes, or the chunks of them, that `render` returns. An object
        of an earlier attempt is adopted without calling `render`."""
        existing = self.find(name, kind)
        if existing is not None:
            return existing
        with self.create(name, content_type) as writer:
            data = render()
            for chunk in (data,) if isinstance(data, bytes) else data:
                writer.write(chunk)
        return writer.stored_object.to_artifact(name, kind)

    def copy(self, source: StoredObject, name: str, kind: ResultKind) -> Artifact:
        """Copies an object on the server."""
        copy, _ = self.objects.copy(source, Bucket.OUTPUTS, self._path(name), spec=self.key)
        return copy.to_artifact(name, kind)

    def _path(self, name: str) -> str:
        folder = f"{self.key[:12]}.{self.revision}" if self.revision else self.key[:12]
        return f"{RESULTS_PREFIX}{self.job_id}/{folder}/{name}"


def revision_of_result(name: str) -> int:
    """Returns the revision of a result from the name that a ResultsWriter gave its object."""
    folder = name.removeprefix(RESULTS_PREFIX).partition("/")[2].partition("/")[0]
    revision = folder.partition(".")[2]
    return int(revision) if revision.isdecimal() else 0


def write_once(
    objects: ObjectStore, bucket: Bucket, name: str, data: bytes, *, content_type: str, spec: str
) -> StoredObject:
    """Writes an object, or adopts an existing object of this name with the same `spec`.

    Raises:
        ArtifactConflict: When an object with another `spec` has this name.
    """
    with objects.create(bucket, name, content_type=content_type, spec=spec) as writer:
        writer.write(data)
    return writer.stored_object


def find_object(objects: ObjectStore, bucket: Bucket, name: str, spec: str) -> StoredObject | None:
    """Returns the object that an earlier attempt wrote from the inputs with the hash `spec`."""
    stored = objects.stat(bucket, name)
    return stored if stored is not None and stored.spec == spec else None


def find_json(
    objects: ObjectStore, bucket: Bucket, name: str, spec: str
) -> Mapping[str, Any] | None:
    """Returns what `write_json_once` wrote from the inputs with the hash `spec`, or None."""
    stored = find_object(objects, bucket, name, spec)
    if stored is None:
        return None
    data: Mapping[str, Any] = json.loads(read_object(objects, stored))
    return data


def write_json_once(
    objects: ObjectStore, bucket: Bucket, name: str, data: Mapping[str, Any], *, spec: str
) -> None:
    """Writes a JSON object, unless one with the same `spec` exists. Raises ArtifactConflict."""
    content = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
    write_once(objects, bucket, name, content, content_type="application/json", spec=spec)


def read_object(objects: ObjectStore, stored: StoredObject) -> bytes:
    """Reads all of a small object.

    Raises:
        SourceExpired: When this version is gone.
    """
    if not stored.size_bytes:
        return b""  # an empty range cannot be requested
    return objects.range_reader(stored.bucket, stored.name, stored.generation)(0, stored.size_bytes)
