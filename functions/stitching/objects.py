"""Whole objects of moderate size, pinned to their version."""

from __future__ import annotations

from shared.errors import PermanentError, SourceExpired
from shared.pipeline import Bucket
from shared.ports.objects import ObjectStore
from shared.recipes.stored_object import StoredObject

MAX_BYTES = 64 << 20


class ObjectTooLarge(PermanentError):
    """A part of the film is larger than what can be worked on."""

    code = "object-too-large"


def read_version(objects: ObjectStore, bucket: Bucket, name: str, generation: int) -> bytes:
    """All bytes of one version. Raises SourceExpired when it is gone, ObjectTooLarge."""
    there = objects.stat(bucket, name)
    if there is None or there.generation != generation:
        raise SourceExpired(f"{name} is no longer there.")
    if there.size_bytes > MAX_BYTES:
        raise ObjectTooLarge
    if not there.size_bytes:
        return b""
    return objects.range_reader(bucket, name, generation)(0, there.size_bytes)


def read_stored(objects: ObjectStore, stored: StoredObject) -> bytes:
    """Reads an object as a stage recorded it. Raises what `read_whole` raises."""
    return read_version(objects, stored.bucket, *stored.version)
