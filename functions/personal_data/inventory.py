"""What is removed, written down before it is removed: `data_requests/{id}/removed/{digest}`.

A chunk is named by its content, so the same find after a crash is the same chunk; what was found
once more in another one counts once, by its name.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from shared.domain.documents import Create, Delete
from shared.ports import JobStore, Stored

CHUNK = 500
"""Names in a document: far below its limit of 1 MiB."""


@dataclass(frozen=True, slots=True, order=True)
class Removed:
    """A document by its path, or one version of an object by its bucket's role and name."""

    kind: str
    name: str
    generation: int = 0
    size_bytes: int = 0

    def to_list(self) -> list[object]:
        """As it stands in a chunk and in the inventory."""
        return [self.kind, self.name, self.generation, self.size_bytes]


def document(path: str) -> Removed:
    """A document."""
    return Removed("document", path)


def an_object(stored: Stored) -> Removed:
    """An object."""
    name = f"{stored.bucket}/{stored.name}"
    return Removed("object", name, stored.generation, stored.size_bytes)


def write_down(store: JobStore, request: str, found: Iterable[Removed]) -> None:
    """Write down what is about to be removed."""
    rows = sorted(set(found))
    for start in range(0, len(rows), CHUNK):
        # Lists do not nest in the ledger.
        lines = [json.dumps(one.to_list()) for one in rows[start : start + CHUNK]]
        digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()[:32]
        store.commit([Create(f"{_folder(request)}/{digest}", {"rows": lines})])


def written_down(store: JobStore, request: str) -> list[Removed]:
    """All of it, each thing once, in order."""
    found = {
        Removed(*json.loads(line))
        for doc in store.list_under(_folder(request))
        for line in doc.data["rows"]
    }
    return sorted(found)


def forget(store: JobStore, request: str) -> None:
    """Remove the chunks, once the inventory is an object."""
    for doc in store.list_under(_folder(request)):
        store.commit([Delete(doc.path)])


def job_ids(rows: Iterable[Removed]) -> Iterator[str]:
    """The jobs of which something was written down."""
    seen = set()
    for one in rows:
        parts = one.name.split("/")
        if one.kind == "document" and parts[0] == "jobs" and parts[1] not in seen:
            seen.add(parts[1])
            yield parts[1]


def as_lines(rows: Iterable[Removed]) -> bytes:
    """The inventory as people get it: a line of JSON each."""
    keys = ("kind", "name", "generation", "size_bytes")
    return b"".join(
        json.dumps(dict(zip(keys, one.to_list(), strict=True))).encode() + b"\n" for one in rows
    )


def _folder(request: str) -> str:
    return f"data_requests/{request}/removed"
