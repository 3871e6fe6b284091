"""The emulator answers without indexes and the cloud does not: so they are derived from queries."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import firestore
from google.cloud.firestore_v1.aggregation import AggregationQuery
from google.cloud.firestore_v1.base_aggregation import AggregationResult

from shared.adapters import firestore as ledger
from shared.adapters.firestore import FirestoreJobStore

DECLARED = json.loads((Path(__file__).parents[4] / "infra" / "firestore.indexes.json").read_text())
NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture
def queries(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the ledger asks Firestore, in Firestore's own form."""
    asked: list[Any] = []

    def streamed(query: Any) -> list[Any]:
        if isinstance(query, AggregationQuery):
            nested = query._nested_query._to_protobuf()
            summed = [one.field_ref for one in query._aggregations if hasattr(one, "field_ref")]
            asked.append((nested, summed))
            return [[AggregationResult("n", 0)]]
        if hasattr(query, "_to_protobuf"):
            asked.append((query._to_protobuf(), []))
        return []

    monkeypatch.setattr(ledger, "_stream", streamed)
    client = firestore.Client(project="p", credentials=AnonymousCredentials())
    store = FirestoreJobStore(client)
    store.list_stalled_jobs(NOW)
    store.list_tombstones(NOW)
    store.list_awaiting_uploads(NOW)
    store.list_expired_jobs(NOW)
    store.list_jobs("alice", statuses=["done", "failed"], after=None, max_count=5)
    store.list_jobs("alice", statuses=["done"], after=(NOW, "a" * 20), max_count=5)
    store.list_jobs("alice", statuses=["done"], after=None, max_count=5, recipe="frames")
    for name in ("mails", "shares", "recordings"):
        store.list_owned(name, "alice", after=None, max_count=5)
    store.count_open_jobs("alice", ["running"])
    store.sum_stored_bytes("alice")
    store.count_recordings("alice", ["recording"])
    store.list_newest("viewers", ("camera", "c" * 20), after=None, max_count=5)
    store.list_owned_by_id("webhooks", "alice")
    store.list_owned_by_id("webhooks", "alice", after="a" * 20)
    store.list_due("deliveries", NOW)
    store.list_newest("deliveries", ("webhook", "h" * 20), after=None, max_count=5)
    store.list_newest("deliveries", ("webhook", "h" * 20), after=(NOW, "a" * 20), max_count=5)
    return asked


def needed(asked: tuple[Any, list[str]]) -> tuple[str, bool, tuple[tuple[str, str], ...]] | None:
    """The composite index of a query: (collection, group or not, fields); None when none is.

    Equalities and `in` first, then what is ordered by or summed up; a trailing __name__ is part of
    every index, and equalities alone are found by the fields' own indexes.
    """
    query, summed = asked
    [source] = query.from_
    kinds = query.where.composite_filter.filters if query.where.composite_filter.filters else []
    filters = [one.field_filter for one in kinds] or [query.where.field_filter]
    equal = [one.field.field_path for one in filters if one.op.name in ("EQUAL", "IN")]
    ordered = [(one.field.field_path, one.direction.name) for one in query.order_by]
    for one in filters:
        path = one.field.field_path
        if path and path not in equal and path not in dict(ordered):
            ordered.insert(0, (path, "ASCENDING"))
    fields = [(path, "ASCENDING") for path in equal]
    rest = [one for one in ordered if one[0] != "__name__"]
    rest += [(path, "ASCENDING") for path in summed]
    if len(fields) + len(rest) < 2 or not rest:
        return None
    fields += rest
    return source.collection_id, source.all_descendants, tuple(fields)


def test_every_query_of_the_ledger_finds_its_index(queries: list[Any]) -> None:
    declared = {
        (
            one["collectionGroup"],
            one["queryScope"] == "COLLECTION_GROUP",
            tuple((field["fieldPath"], field["order"]) for field in one["fields"]),
        )
        for one in DECLARED["indexes"]
    }
    wanted = {needed(one) for one in queries} - {None}

    assert len(queries) == 20
    assert len(wanted) == 11
    assert wanted <= declared


def test_no_field_that_a_query_filters_or_orders_by_is_exempt(queries: list[Any]) -> None:
    exempt = {
        (one["collectionGroup"], one["fieldPath"])
        for one in DECLARED["fieldOverrides"]
        if not one["indexes"]
    }
    used = {
        (query.from_[0].collection_id, one.field.field_path)
        for query, _ in queries
        for one in [
            query.where.field_filter,
            *(kind.field_filter for kind in query.where.composite_filter.filters),
        ]
        if one.field.field_path
    }

    assert ("jobs", "purge_again_at") in used
    assert not used & exempt


def test_only_what_is_forgotten_by_itself_has_a_time_to_live() -> None:
    forgotten = {
        (one["collectionGroup"], one["fieldPath"])
        for one in DECLARED["fieldOverrides"]
        if one["ttl"]
    }

    # Not jobs: their documents go by deletion, which also takes what lies below them.
    names = ("mails", "shares", "limits", "idempotency", "deliveries", "data_requests", "viewers")
    assert forgotten == {(name, "expires_at") for name in names}
