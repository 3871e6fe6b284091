"""Pages of documents, newest first: by an opaque cursor for clients, and as one iterator."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field

from shared.flows.documents import Doc
from shared.http.problems import InvalidFields
from shared.http.schemas import QueryModel

_DOCUMENT_ID = re.compile(r"[A-Za-z0-9_.-]{1,200}")


PageStart = tuple[datetime, str]
"""The creation time and id of the last document before a page."""


class PageQuery(QueryModel):
    """Selects a page of a list. `cursor` is the `next_cursor` of the page before it."""

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: Annotated[str, Field(max_length=400)] | None = None

    @property
    def after(self) -> PageStart | None:
        """The last document before the page; None for the first page. Raises InvalidFields."""
        return None if self.cursor is None else decode_cursor(self.cursor)

    def next_cursor(self, docs: Sequence[Doc]) -> str | None:
        """The cursor of the next page, or None on the last page.

        `docs` is the result of a query for one document more than `limit`.
        """
        if len(docs) <= self.limit:
            return None
        last = docs[self.limit - 1]
        return encode_cursor(last.data["created_at"], last.id)


def iterate_pages(
    fetch: Callable[[PageStart | None, int], Sequence[Doc]], page_size: int
) -> Iterator[Doc]:
    """Yields the documents of all pages. A page is read when its first document is needed.

    Args:
        fetch: Returns at most the given number of documents, beginning after a document.
        page_size: The number of documents per page.
    """
    after = None
    while True:
        docs = fetch(after, page_size)
        yield from docs
        if len(docs) < page_size:
            return
        after = (docs[-1].data["created_at"], docs[-1].id)


def encode_cursor(created_at: datetime, document_id: str) -> str:
    """Returns the cursor of the page that begins after this document."""
    text = f"{created_at.astimezone(UTC).isoformat()} {document_id}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> PageStart:
    """Returns the creation time and id of the last document before the page.

    Raises InvalidFields.
    """
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        created_text, _, document_id = text.partition(" ")
        created_at = datetime.fromisoformat(created_text)
    except ValueError as error:
        raise _invalid_cursor() from error
    # Firestore rejects `.` and `__x__` as document ids.
    if (
        created_at.tzinfo is None
        or not _DOCUMENT_ID.fullmatch(document_id)
        or document_id.strip("._") == ""
    ):
        raise _invalid_cursor()
    return created_at, document_id


def _invalid_cursor() -> InvalidFields:
    return InvalidFields([("cursor", "The cursor is not valid; start without one.")])
