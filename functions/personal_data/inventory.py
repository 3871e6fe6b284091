"""What is removed, written down before it is removed: `data_requests/{id}/removed/{digest}`.

A chunk is named by its content, so the same find after a crash is the same chunk; what was found
once more in another one counts once. Written and read in pieces: an account may be of any size.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from shared.flows.documents import Create, Delete, Doc
from shared.ports.store import JobStore
from shared.recipes.stored_object import StoredObject

CHUNK_SIZE = 500
"""Names in a document: far below its limit of 1 MiB."""
CHUNK_PAGE_SIZE = 20


@dataclass(frozen=True, slots=True, order=True)
class RemovedItem:
    """A document by its path, or one version of an object by its bucket's role and name."""

    kind: str
    name: str
    generation: int = 0
    size_bytes: int = 0

    def to_list(self) -> list[object]:
        """As it stands in a chunk and in the inventory."""
        return [self.kind, self.name, self.generation, self.size_bytes]


def removed_document(path: str) -> RemovedItem:
    """A document."""
    return RemovedItem("document", path)


def removed_object(stored: StoredObject) -> RemovedItem:
    """An object."""
    name = f"{stored.bucket}/{stored.name}"
    return RemovedItem("object", name, stored.generation, stored.size_bytes)


@dataclass
class Totals:
    """What an inventory holds, counted while it is read."""

    documents: int = 0
    objects: int = 0
    size_bytes: int = 0
    jobs: int = 0


def record_removals(store: JobStore, request_id: str, items: Iterable[RemovedItem]) -> None:
    """Write down what is about to be removed."""
    rows = sorted(set(items))
    for start in range(0, len(rows), CHUNK_SIZE):
        # Lists do not nest in the ledger.
        lines = [json.dumps(one.to_list()) for one in rows[start : start + CHUNK_SIZE]]
        digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()[:32]
        store.commit(
            [Create(f"{_folder(request_id)}/{digest}", {"owner": request_id, "rows": lines})]
        )


def read_inventory(store: JobStore, request_id: str, totals: Totals) -> Iterator[bytes]:
    """The inventory as people get it, a line of JSON each; the same at every reading. `totals` are
    right once it is read."""
    seen: set[bytes] = set()
    keys = ("kind", "name", "generation", "size_bytes")
    for doc in _chunks(store, request_id):
        for line in doc.data["rows"]:
            digest = hashlib.sha256(line.encode()).digest()[:16]
            if digest in seen:
                continue
            seen.add(digest)
            one = RemovedItem(*json.loads(line))
            _count(totals, one)
            yield json.dumps(dict(zip(keys, one.to_list(), strict=True))).encode() + b"\n"


def read_removed_paths(store: JobStore, request_id: str, collections: Sequence[str]) -> list[str]:
    """Paths of the documents of these collections that were written down."""
    found = set()
    for doc in _chunks(store, request_id):
        for kind, name, *_ in map(json.loads, doc.data["rows"]):
            first, *rest = name.split("/")
            if kind == "document" and first in collections and len(rest) == 1:
                found.add(name)
    return sorted(found)


def delete_chunks(store: JobStore, request_id: str) -> None:
    """Remove the chunks, once the inventory is an object."""
    for doc in _chunks(store, request_id):
        store.commit([Delete(doc.path)])


def _count(totals: Totals, one: RemovedItem) -> None:
    if one.kind == "object":
        totals.objects += 1
        totals.size_bytes += one.size_bytes
    else:
        totals.documents += 1
        totals.jobs += one.name.startswith("jobs/") and one.name.count("/") == 1


def _chunks(store: JobStore, request: str) -> Iterator[Doc]:
    after = ""
    while docs := store.list_owned_by_id(
        _folder(request), request, after=after, max_count=CHUNK_PAGE_SIZE
    ):
        yield from docs
        after = docs[-1].id


def _folder(request: str) -> str:
    return f"data_requests/{request}/removed"
