"""The contract of JobStore for the store in memory and for Firestore: documents and batches.

The simulation proves the pipeline with the store in memory; these tests show that Firestore behaves
the same.
"""

from __future__ import annotations

import secrets
from typing import Any

import pytest

from shared.flows.documents import (
    CommitResult,
    Create,
    Delete,
    Increment,
    Merge,
    Put,
    Update,
    Write,
    all_documents,
)
from shared.ports.store import JobStore
from tests.contract.job_store.reading import NOW, read_one


def test_documents_are_read_in_the_requested_order(store: JobStore, job: str) -> None:
    store.commit([Create(f"{job}/units/a", {"n": 1}), Create(f"{job}/units/b", {"n": 2})])
    paths = [f"{job}/units/b", f"{job}/units/none", f"{job}/units/a", f"{job}/units/b"]
    docs = store.read(paths)
    assert [doc and doc.data["n"] for doc in docs] == [2, None, 1, 2]


def test_document_can_be_created_once(store: JobStore, job: str) -> None:
    assert store.commit([Create(job, {"n": 1})]) is CommitResult.OK
    assert store.commit([Create(job, {"n": 2})]) is CommitResult.CONFLICT
    doc = read_one(store, job)
    assert doc is not None
    assert doc.data == {"n": 1}


def test_update_of_a_missing_document_writes_nothing(store: JobStore, job: str) -> None:
    writes: list[Write] = [Put(f"{job}/units/a", {"n": 1}), Update(f"{job}/stages/s", {"n": 1})]
    assert store.commit(writes) is CommitResult.MISSING
    assert read_one(store, f"{job}/units/a") is None


def test_version_is_valid_for_one_write(store: JobStore, job: str) -> None:
    store.commit([Create(job, {"n": 1})])
    stored = read_one(store, job)
    assert stored is not None
    assert store.commit([Update(job, {"n": 2}, stored.version)]) is CommitResult.OK
    assert store.commit([Update(job, {"n": 3}, stored.version)]) is CommitResult.CONFLICT
    assert store.commit([Delete(job, stored.version)]) is CommitResult.CONFLICT
    now = read_one(store, job)
    assert now is not None
    assert now.data["n"] == 2
    assert store.commit([Delete(job, now.version)]) is CommitResult.OK
    assert read_one(store, job) is None


def test_version_of_a_deleted_document_is_refused(store: JobStore, job: str) -> None:
    store.commit([Create(job, {"n": 1})])
    stored = read_one(store, job)
    assert stored is not None
    store.commit([Delete(job)])
    update = store.commit([Update(job, {"n": 2}, stored.version)])
    assert update in (CommitResult.CONFLICT, CommitResult.MISSING)
    assert store.commit([Delete(job, stored.version)]) in (
        CommitResult.CONFLICT,
        CommitResult.MISSING,
    )


def test_merge_creates_and_changes_a_document(store: JobStore, job: str) -> None:
    merge = Merge(job, {"owner": "alice", "count": Increment(2), "by.done": Increment(-1)})
    assert store.commit([merge]) is CommitResult.OK
    assert store.commit([Merge(job, {"by.failed": Increment(3), "count": Increment(1)})]) is (
        CommitResult.OK
    )
    assert store.commit([merge]) is CommitResult.OK
    doc = read_one(store, job)
    assert doc is not None
    assert doc.data == {"owner": "alice", "count": 5, "by": {"done": -2, "failed": 3}}


def test_merge_is_refused_with_its_batch(store: JobStore, job: str) -> None:
    store.commit([Create(job, {"n": 1})])
    writes: list[Write] = [Create(job, {"n": 2}), Merge(f"{job}/units/a", {"n": Increment(1)})]
    assert store.commit(writes) is CommitResult.CONFLICT
    assert read_one(store, f"{job}/units/a") is None


def test_one_refused_write_refuses_the_whole_batch(store: JobStore, job: str) -> None:
    store.commit([Create(f"{job}/units/a", {"n": 1})])
    result = store.commit(
        [
            Create(f"{job}/units/b", {"n": 2}),
            Create(f"{job}/units/a", {"n": 2}),
            Put(f"{job}/units/c", {"n": 2}),
        ]
    )
    assert result is CommitResult.CONFLICT
    assert read_one(store, f"{job}/units/b") is None
    assert read_one(store, f"{job}/units/c") is None


def test_dotted_field_names_update_inside_maps(store: JobStore, job: str) -> None:
    store.commit([Create(job, {"stages": {"a": "waiting", "b": "waiting"}, "n": 1})])
    store.commit([Update(job, {"stages.a": "done", "n": Increment(4), "new": Increment(2)})])
    doc = read_one(store, job)
    assert doc is not None
    assert doc.data == {"stages": {"a": "done", "b": "waiting"}, "n": 5, "new": 2}


def test_times_are_read_as_written(store: JobStore, job: str) -> None:
    store.commit([Create(job, {"at": NOW})])
    doc = read_one(store, job)
    assert doc is not None
    assert doc.data["at"] == NOW


def test_collection_lists_only_its_own_documents(store: JobStore, job: str) -> None:
    store.commit(
        [Create(f"{job}/units/{n}", {"n": n}) for n in range(3)]
        + [Create(f"{job}/stages/s", {"n": 9}), Create(job, {"n": 8})]
    )
    assert sorted(doc.data["n"] for doc in store.run_query(all_documents(f"{job}/units"))) == [
        0,
        1,
        2,
    ]
    assert sorted(doc.id for doc in store.run_query(all_documents(f"{job}/units"))) == [
        "0",
        "1",
        "2",
    ]


@pytest.mark.suite
def test_purge_deletes_the_documents_below_the_job(services: Any, job: str) -> None:
    store: JobStore = services.store
    store.commit([Create(job, {"status": "deleted"})])
    store.commit([Create(f"{job}/units/{n}", {"n": n}) for n in range(30)])
    store.commit([Create(f"{job}/events/{n}", {"n": n}) for n in range(3)])
    store.purge_job(job[5:])
    assert store.run_query(all_documents(f"{job}/units")) == ()
    assert store.run_query(all_documents(f"{job}/events")) == ()
    assert read_one(store, job) is not None


def test_purge_deletes_emails_shares_and_deliveries_of_the_job(store: JobStore, job: str) -> None:
    collections = ("mails", "shares", "deliveries")
    related = [f"{name}/{secrets.token_hex(10)}" for name in collections]
    unrelated = [f"{name}/{secrets.token_hex(10)}" for name in collections]
    store.commit([Create(path, {"job": job[5:]}) for path in related])
    store.commit([Create(path, {"job": "another"}) for path in unrelated])
    store.purge_job(job[5:])
    assert store.read(related) == (None, None, None)
    assert all(store.read(unrelated))
    store.commit([Delete(path) for path in unrelated])
