"""A read of one document, and the time of the tests."""

from __future__ import annotations

from datetime import UTC, datetime

from shared.flows.documents import Doc
from shared.ports.store import JobStore

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def read_one(store: JobStore, path: str) -> Doc | None:
    (doc,) = store.read([path])
    return doc
