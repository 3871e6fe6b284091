"""The parts of a file that is being fetched: objects in the work bucket, in order.

Cloud Storage composes them to the upload. A part is the unit that a crash may lose. Parts are found
by their names, which takes no permission to list a bucket.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

from functions.input_fetch.source import Source
from shared.jobs.fetches.fetch import Fetch
from shared.pipeline import FETCHED_PREFIX, Bucket
from shared.ports.objects import ObjectStore
from shared.recipes.stored_object import StoredObject

PART_BYTES = 32 << 20
MIN_PART_BYTES = 1 << 20
"""What is kept when a connection breaks off. A server that sends less at a time makes no
progress."""
MAX_PARTS = 1000
"""More than the largest input has, also when some connections break off."""
MAX_COMPOSED = 32
"""Cloud Storage composes at most 32 objects at a time."""
_LEVELS = ("part", "group", "file")
"""Parts, groups of parts, and a group of groups: 32 · 32 parts at most."""


def part_name(fetch: Fetch, source: Source, number: int, level: str = "part") -> str:
    """Returns the name of a part, or of a group of parts."""
    return f"{FETCHED_PREFIX}{fetch.job}/{fetch.id}/{source.folder}/{level}-{number:04d}"


def find_parts(objects: ObjectStore, fetch: Fetch, source: Source) -> list[StoredObject]:
    """Returns the parts that are stored."""
    return _find(objects, fetch, source, "part")


def _find(objects: ObjectStore, fetch: Fetch, source: Source, level: str) -> list[StoredObject]:
    found: list[StoredObject] = []
    for number in count():
        stored = objects.stat(Bucket.WORK, part_name(fetch, source, number, level))
        if stored is None:
            return found
        found.append(stored)
    return found


def compose_parts(
    objects: ObjectStore, fetch: Fetch, source: Source, parts: Sequence[StoredObject]
) -> StoredObject:
    """Returns an object with the content of all parts. Composing them again adopts it."""
    rows = list(parts)
    for level in _LEVELS[1:]:
        if len(rows) == 1:
            break
        rows = [
            objects.compose(
                Bucket.WORK,
                part_name(fetch, source, number, level),
                rows[start : start + MAX_COMPOSED],
                content_type=parts[0].content_type,
                spec=source.folder,
            )[0]
            for number, start in enumerate(range(0, len(rows), MAX_COMPOSED))
        ]
    (whole,) = rows
    return whole


def drop_parts(objects: ObjectStore, fetch: Fetch) -> None:
    """Deletes the parts of the version that is recorded. What is left of others is deleted with the
    job, or by the bucket's lifecycle rule."""
    source = Source.from_dict(fetch.source)
    if source is None:
        return
    for level in _LEVELS:
        # Backwards: after a crash, those that are left are still found.
        for stored in reversed(_find(objects, fetch, source, level)):
            objects.delete(Bucket.WORK, stored.name, stored.generation)
