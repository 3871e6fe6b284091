"""Firestore indexes cover all queries. The emulator needs none, so its tests cannot find gaps."""

from __future__ import annotations

import ast
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
from shared.cameras.recording import newest_clips, running_recordings
from shared.cameras.viewers import newest_viewers
from shared.flows.documents import Doc, all_documents, newest_owned, owned_documents, page_of
from shared.jobs import queries, queue, totals
from shared.jobs.buckets.binding import bindings_of
from shared.jobs.webhooks.deliveries import newest_deliveries
from shared.pipeline import FUNCTIONS
from shared.privacy.limit_counters import counters_expiring_on, counters_of
from shared.tasks.slots import waiting_tasks
from shared.tasks.task import Task, due_tasks, due_tasks_by_owner, new_task

ROOT = Path(__file__).parents[4]
DECLARED = json.loads((ROOT / "infra" / "firestore.indexes.json").read_text())
NOW = datetime(2026, 11, 21, tzinfo=UTC)
AFTER = (NOW, "a" * 20)


def task_doc(function: str) -> Doc:
    """Returns the document of a new task."""
    create = new_task(function, "t" * 20, "alice", {}, NOW)
    return Doc(create.path, create.data, None)


JOB, CAMERA, HOOK = "j" * 20, "c" * 20, "h" * 20
QUERIES = (
    all_documents("receipt_keys"),
    queries.stages_of(JOB),
    queries.units_of(JOB),
    queries.free_units(JOB),
    queries.events_of(JOB),
    queries.due_units(NOW),
    queue.queued_jobs("alice"),
    queue.running_jobs("alice", 2),
    queue.queued_after("alice"),
    queries.due_tombstones(NOW),
    queries.jobs_awaiting_uploads(NOW),
    queries.expired_jobs(NOW),
    queries.newest_jobs("alice", statuses=["done", "failed"], limit=5),
    queries.newest_jobs("alice", statuses=["done"], after=AFTER, limit=5),
    queries.newest_jobs("alice", statuses=["done"], recipe="frames", limit=5),
    queries.newest_jobs("alice", statuses=["done"], created_after=AFTER[0], limit=5),
    queries.newest_jobs(
        "alice", statuses=["done"], recipe="frames", created_after=AFTER[0], limit=5
    ),
    queries.newest_jobs("alice", statuses=["done"], tag="trip", limit=5),
    queries.newest_jobs("alice", statuses=["done"], recipe="frames", tag="trip", limit=5),
    queries.newest_jobs("alice", statuses=["done"], tag="trip", created_after=AFTER[0], limit=5),
    *(newest_owned(name, "alice", limit=5) for name in ("mails", "shares", "recordings")),
    newest_viewers(CAMERA),
    running_recordings("alice"),
    owned_documents("webhooks", "alice"),
    owned_documents("webhooks", "alice", after="a" * 20),
    *(
        query
        for row in FUNCTIONS.values()
        if row.task_collection
        for query in (
            due_tasks(row.task_collection, NOW),
            due_tasks_by_owner(row.task_collection, NOW, "alice"),
        )
    ),
    *(
        waiting_tasks(Task.from_doc(name, task_doc(name)), NOW)
        for name in ("webhook", "recorder", "input_fetch", "result_delivery", "clip_copy")
    ),
    newest_deliveries(HOOK, limit=5),
    newest_deliveries(HOOK, after=AFTER, limit=5),
    bindings_of("alice", "my-bucket"),
    counters_of("a" * 32, after="a" * 20),
    counters_expiring_on(NOW.date()),
    newest_clips("alice", limit=1),
    totals.next_owner("jobs", "alice"),
    page_of("recordings/r/segments", after="a" * 20, limit=5),
)
"""A query of every function that returns one."""


@pytest.fixture
def recorded_queries(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
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
    for query in QUERIES:
        store.run_query(query)
    store.count_open_jobs("alice", ["running"])
    store.sum_stored_bytes("alice")
    store.count_recordings("alice", ["recording"])
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
    contained = [item.field.field_path for item in filters if item.op.name == "ARRAY_CONTAINS"]
    ordered = [(order.field.field_path, order.direction.name) for order in query.order_by]
    for item in filters:
        path = item.field.field_path
        if path and path not in [*equal, *contained] and path not in dict(ordered):
            ordered.insert(0, (path, "ASCENDING"))
    fields = [(path, "ASCENDING") for path in equal]
    fields += [(path, "CONTAINS") for path in contained]
    rest = [field for field in ordered if field[0] != "__name__"]
    rest += [(path, "ASCENDING") for path in summed]
    if len(fields) + len(rest) < 2 or not rest:
        return None
    fields += rest
    return source.collection_id, source.all_descendants, tuple(fields)


def test_every_query_of_the_job_store_has_its_index(recorded_queries: list[Any]) -> None:
    declared = {
        (
            index["collectionGroup"],
            index["queryScope"] == "COLLECTION_GROUP",
            tuple(
                (field["fieldPath"], field.get("order") or field["arrayConfig"])
                for field in index["fields"]
            ),
        )
        for index in DECLARED["indexes"]
    }
    required = {required_index(query) for query in recorded_queries} - {None}

    assert len(recorded_queries) == 56
    assert len(required) == 27
    assert required <= declared
    with_slots = {row.name for row in FUNCTIONS.values() if row.owner_slots}
    assert with_slots == {"webhook", "recorder", "input_fetch", "result_delivery", "clip_copy"}


def test_no_field_of_a_query_is_exempt_from_indexing(recorded_queries: list[Any]) -> None:
    exempt = {
        (field["collectionGroup"], field["fieldPath"])
        for field in DECLARED["fieldOverrides"]
        if not field["indexes"]
    }
    used = {
        (query.from_[0].collection_id, item.field.field_path)
        for query, _ in recorded_queries
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

    # Not jobs: the sweeper deletes them, with the documents below them and their deliveries.
    names = (
        "mails", "shares", "limits", "idempotency", "deliveries", "data_requests", "viewers",
        "task_slots", "sweeps", "api_keys", "fetches", "bucket_bindings", "clip_copies",
    )  # fmt: skip
    assert expiring == {(name, "expires_at") for name in names}


def test_every_function_that_builds_a_query_is_covered_here() -> None:
    """A `Query` or `Filter` is built only in functions that return a query, so none escapes the
    test of the indexes."""
    builders: set[str] = set()
    elsewhere: list[str] = []
    for path in sorted([*ROOT.glob("shared/**/*.py"), *ROOT.glob("functions/**/*.py")]):
        tree = ast.parse(path.read_text())
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        building = [
            function
            for function in functions
            if isinstance(function.returns, ast.Name) and function.returns.id == "Query"
        ]
        builders |= {function.name for function in building}
        allowed = {id(node) for function in building for node in ast.walk(function)}
        elsewhere += [
            f"{path.relative_to(ROOT)}:{node.lineno}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("Query", "Filter", "newest_documents")
            and id(node) not in allowed
        ]

    assert elsewhere == []
    used = {
        node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        for node in ast.walk(ast.parse(Path(__file__).read_text()))
        if isinstance(node, ast.Call)
    }
    # Its callers name their collections and filters.
    assert builders - used == {"newest_documents"}


def test_collections_listed_by_owner_have_their_indexes() -> None:
    """`newest_owned` takes the collection from its callers."""
    collections = {
        ast.unparse(node.args[0])
        for path in [*ROOT.glob("shared/**/*.py"), *ROOT.glob("functions/**/*.py")]
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "newest_owned"
    }

    assert collections == {"'mails'", "SHARES", "RECORDINGS"}
