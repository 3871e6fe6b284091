"""The inventory of an erasure, recorded before deletion: `data_requests/{id}/removed/{digest}`.

It is written and read in chunks, because an account may have any size. The id of a chunk is the
hash of its content, so a repeated step writes the same chunk. An item in several chunks counts
once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from shared.flows.documents import Create, Delete, Doc, owned_documents
from shared.ports.store import JobStore
from shared.recipes.stored_object import StoredObject

CHUNK_SIZE = 500
"""Items in a chunk. The document stays far below the Firestore limit of 1 MiB."""
CHUNK_PAGE_SIZE = 20
"""Chunks that are read together."""


@dataclass(frozen=True, slots=True, order=True)
class RemovedItem:
    """A deleted document (name: its path) or version of an object (name: bucket role and name)."""

    kind: str
    name: str
    generation: int = 0
    size_bytes: int = 0

    def to_list(self) -> list[object]:
        """Returns the values for a chunk and for the inventory."""
        return [self.kind, self.name, self.generation, self.size_bytes]


def removed_document(path: str) -> RemovedItem:
    """Returns the item for a document."""
    return RemovedItem("document", path)


def removed_object(stored: StoredObject) -> RemovedItem:
    """Returns the item for an object."""
    name = f"{stored.bucket}/{stored.name}"
    return RemovedItem("object", name, stored.generation, stored.size_bytes)


@dataclass
class Totals:
    """Totals of an inventory, counted while it is read."""

    documents: int = 0
    objects: int = 0
    size_bytes: int = 0
    jobs: int = 0


def record_removals(store: JobStore, request_id: str, items: Iterable[RemovedItem]) -> None:
    """Records items that are about to be deleted."""
    rows = sorted(set(items))
    for start in range(0, len(rows), CHUNK_SIZE):
        # As JSON, because Firestore does not support nested lists.
        lines = [json.dumps(item.to_list()) for item in rows[start : start + CHUNK_SIZE]]
        digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()[:32]
        store.commit(
            [Create(f"{_collection(request_id)}/{digest}", {"owner": request_id, "rows": lines})]
        )


def read_inventory(store: JobStore, request_id: str, totals: Totals) -> Iterator[bytes]:
    """Yields the inventory as lines of JSON, the same ones at every call. `totals` is complete at
    the end."""
    seen: set[bytes] = set()
    keys = ("kind", "name", "generation", "size_bytes")
    for doc in _chunks(store, request_id):
        for line in doc.data["rows"]:
            digest = hashlib.sha256(line.encode()).digest()[:16]
            if digest in seen:
                continue
            seen.add(digest)
            item = RemovedItem(*json.loads(line))
            _add_to_totals(totals, item)
            yield json.dumps(dict(zip(keys, item.to_list(), strict=True))).encode() + b"\n"


def read_removed_paths(store: JobStore, request_id: str, collections: Sequence[str]) -> list[str]:
    """Returns the paths of the recorded documents of these collections."""
    paths = set()
    for doc in _chunks(store, request_id):
        for kind, name, *_ in map(json.loads, doc.data["rows"]):
            first, *rest = name.split("/")
            if kind == "document" and first in collections and len(rest) == 1:
                paths.add(name)
    return sorted(paths)


def delete_chunks(store: JobStore, request_id: str) -> None:
    """Deletes the chunks, after the inventory was written as an object."""
    for doc in _chunks(store, request_id):
        store.commit([Delete(doc.path)])


def _add_to_totals(totals: Totals, item: RemovedItem) -> None:
    if item.kind == "object":
        totals.objects += 1
        totals.size_bytes += item.size_bytes
    else:
        totals.documents += 1
        totals.jobs += item.name.startswith("jobs/") and item.name.count("/") == 1


def _chunks(store: JobStore, request_id: str) -> Iterator[Doc]:
    after = ""
    while docs := store.run_query(
        owned_documents(_collection(request_id), request_id, after=after, limit=CHUNK_PAGE_SIZE)
    ):
        yield from docs
        after = docs[-1].id


def _collection(request_id: str) -> str:
    return f"data_requests/{request_id}/removed"
