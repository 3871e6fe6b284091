"""Tests of the iteration over the pages of a list."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest

from functions.api.pagination import PageStart, iterate_pages
from shared.flows.documents import Doc

NEWEST = datetime(2026, 1, 1, tzinfo=UTC)


class DocumentList:
    """A list of documents, newest first, that records the start of each page read."""

    def __init__(self, count: int) -> None:
        self.docs = [
            Doc(f"items/{n}", {"created_at": NEWEST - timedelta(hours=n)}, "1")
            for n in range(count)
        ]
        self.starts: list[PageStart | None] = []

    def fetch(self, after: PageStart | None, max_count: int) -> list[Doc]:
        self.starts.append(after)
        keys = [(doc.data["created_at"], doc.id) for doc in self.docs]
        start = 0 if after is None else keys.index(after) + 1
        return self.docs[start : start + max_count]


@pytest.mark.parametrize(("count", "pages"), [(0, 1), (1, 1), (3, 2), (4, 2), (7, 3)])
def test_all_documents_are_yielded_in_order(count: int, pages: int) -> None:
    items = DocumentList(count)

    assert list(iterate_pages(items.fetch, 3)) == items.docs
    assert len(items.starts) == pages


def test_only_the_pages_that_are_needed_are_read() -> None:
    items = DocumentList(9)

    assert list(islice(iterate_pages(items.fetch, 3), 6)) == items.docs[:6]
    assert items.starts == [None, (NEWEST - timedelta(hours=2), "2")]
