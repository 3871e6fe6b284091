"""Firestore indexes cover all queries. The emulator needs none, so its tests cannot find gaps."""

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

from shared.adapters import firestore as firestore_adapter
from shared.adapters.firestore import FirestoreJobStore

DECLARED = json.loads((Path(__file__).parents[4] / "infra" / "firestore.indexes.json").read_text())
NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture
def queries(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The queries of the job store, as Firestore messages, with the fields that they sum up."""
    recorded: list[Any] = []

    def record(query: Any) -> list[Any]:
        if isinstance(query, AggregationQuery):
            nested = query._nested_query._to_protobuf()
            summed = [
                aggregation.field_ref
                for aggregation in query._aggregations
                if hasattr(aggregation, "field_ref")
            ]
            recorded.append((nested, summed))
            return [[AggregationResult("n", 0)]]
        if hasattr(query, "_to_protobuf"):
            recorded.append((query._to_protobuf(), []))
        return []

    monkeypatch.setattr(firestore_adapter, "_stream", record)
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
    return recorded


def required_index(
    recorded: tuple[Any, list[str]],
) -> tuple[str, bool, tuple[tuple[str, str], ...]] | None:
    """Returns the composite index of a query: (collection, whether a group, fields), or None.

    Fields with equality or `in` come first, then fields of orders and sums. A trailing __name__ is
    part of every index. Queries with equalities only use the indexes of the single fields.
    """
    query, summed = recorded
    [source] = query.from_
    parts = query.where.composite_filter.filters or []
    filters = [part.field_filter for part in parts] or [query.where.field_filter]
    equal = [item.field.field_path for item in filters if item.op.name in ("EQUAL", "IN")]
    ordered = [(order.field.field_path, order.direction.name) for order in query.order_by]
    for item in filters:
        path = item.field.field_path
        if path and path not in equal and path not in dict(ordered):
            ordered.insert(0, (path, "ASCENDING"))
    fields = [(path, "ASCENDING") for path in equal]
    rest = [field for field in ordered if field[0] != "__name__"]
    rest += [(path, "ASCENDING") for path in summed]
    if len(fields) + len(rest) < 2 or not rest:
        return None
    fields += rest
    return source.collection_id, source.all_descendants, tuple(fields)


def test_every_query_of_the_job_store_has_its_index(queries: list[Any]) -> None:
    declared = {
        (
            index["collectionGroup"],
            index["queryScope"] == "COLLECTION_GROUP",
            tuple((field["fieldPath"], field["order"]) for field in index["fields"]),
        )
        for index in DECLARED["indexes"]
    }
    required = {required_index(query) for query in queries} - {None}

    assert len(queries) == 20
    assert len(required) == 11
    assert required <= declared


def test_no_field_of_a_query_is_exempt_from_indexing(queries: list[Any]) -> None:
    exempt = {
        (field["collectionGroup"], field["fieldPath"])
        for field in DECLARED["fieldOverrides"]
        if not field["indexes"]
    }
    used = {
        (query.from_[0].collection_id, item.field.field_path)
        for query, _ in queries
        for item in [
            query.where.field_filter,
            *(part.field_filter for part in query.where.composite_filter.filters),
        ]
        if item.field.field_path
    }

    assert ("jobs", "purge_again_at") in used
    assert not used & exempt


def test_documents_that_expire_by_themselves_have_a_time_to_live() -> None:
    expiring = {
        (field["collectionGroup"], field["fieldPath"])
        for field in DECLARED["fieldOverrides"]
        if field["ttl"]
    }

    # Not jobs: the sweeper deletes them, with the documents below them.
    names = ("mails", "shares", "limits", "idempotency", "deliveries", "data_requests", "viewers")
    assert expiring == {(name, "expires_at") for name in names}
