"""Reads stored objects of moderate size at a fixed version."""

from __future__ import annotations

import hashlib

from shared.errors import PermanentError
from shared.ports.objects import ObjectStore
from shared.recipes.stored_object import StoredObject
from shared.runtime.results_writer import read_object

MAX_BYTES = 64 << 20
_HASHED_BYTES = 8 << 20
"""Read at a time."""
MAX_HASHED_BYTES = 256 << 20
"""Larger uploads are videos of which only the sound is used: they are not read as a whole."""


class ObjectTooLarge(PermanentError):
    """An input of the film is larger than 64 MiB."""

    code = "object-too-large"


def read_stored(objects: ObjectStore, stored: StoredObject) -> bytes:
    """Returns the bytes of an object that a stage recorded, of its recorded size. Raises
    SourceExpired if that version is gone, ObjectTooLarge."""
    if stored.size_bytes > MAX_BYTES:
        raise ObjectTooLarge
    return read_object(objects, stored)


def hash_object(objects: ObjectStore, stored: StoredObject) -> str:
    """Returns the SHA-256 of the bytes of an object, in hex. Raises SourceExpired if it is gone."""
    read_at = objects.range_reader(stored.bucket, *stored.version)
    digest = hashlib.sha256()
    for offset in range(0, stored.size_bytes, _HASHED_BYTES):
        digest.update(read_at(offset, min(_HASHED_BYTES, stored.size_bytes - offset)))
    return digest.hexdigest()


def name_content(objects: ObjectStore, stored: StoredObject) -> str:
    """Returns a name that only objects with the same bytes have: their SHA-256 in hex. The name of
    an object of more than MAX_HASHED_BYTES is that of its version, which no other object has."""
    if stored.size_bytes > MAX_HASHED_BYTES:
        name, generation = stored.version
        return f"{name}#{generation}"
    return hash_object(objects, stored)
