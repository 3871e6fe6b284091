"""Lists in pages, newest first: a cursor is where the next page begins."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field

from shared.flows.documents import Doc
from shared.http.problems import InvalidFields
from shared.http.schemas import QueryModel

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,200}")


class PageQuery(QueryModel):
    """Which page of a list."""

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: Annotated[str, Field(max_length=400)] | None = None

    @property
    def after(self) -> tuple[datetime, str] | None:
        """Behind which document the page begins. Raises InvalidFields."""
        return None if self.cursor is None else decode_cursor(self.cursor)

    def next_cursor(self, docs: Sequence[Doc]) -> str | None:
        """The next page's cursor, when `docs`, of which one more than the page holds was asked
        for, go beyond it."""
        if len(docs) <= self.limit:
            return None
        last = docs[self.limit - 1]
        return encode_cursor(last.data["created_at"], last.id)


def encode_cursor(created_at: datetime, name: str) -> str:
    """Where the next page begins: behind this document."""
    text = f"{created_at.astimezone(UTC).isoformat()} {name}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> tuple[datetime, str]:
    """When the last document of the page before was created, and its id. Raises InvalidFields."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        moment, _, name = text.partition(" ")
        created_at = datetime.fromisoformat(moment)
    except ValueError as wrong:
        raise _no_cursor() from wrong
    # It becomes a document's name: `.` and `__x__` are none.
    if created_at.tzinfo is None or not _NAME.fullmatch(name) or name.strip("._") == "":
        raise _no_cursor()
    return created_at, name


def _no_cursor() -> InvalidFields:
    return InvalidFields([("cursor", "This is no cursor of ours; begin without one.")])
