"""Lists the documents of a collection."""

from __future__ import annotations

from collections.abc import Iterator

from shared.flows.documents import Doc, page_of
from shared.ports.store import JobStore

PAGE_SIZE = 300


def list_documents(store: JobStore, collection: str) -> Iterator[Doc]:
    """Yields the documents of a collection by id, in pages."""
    after = ""
    while docs := store.run_query(page_of(collection, after=after, limit=PAGE_SIZE)):
        yield from docs
        after = docs[-1].id
