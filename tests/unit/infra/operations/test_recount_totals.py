"""Totals are counted again from the jobs, also while jobs change."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from infra.operations.recount_totals import recount_totals
from shared.flows.documents import CommitResult, Delete, Doc, Merge, Query, Update, owned_documents
from shared.flows.documents import Increment as By
from shared.jobs.creation import new_job
from shared.jobs.maintenance import recount
from shared.jobs.maintenance.recount import Recount
from shared.jobs.model import Job, JobInput, Status
from shared.jobs.totals import TOTALS, read_totals, totals_path
from shared.jobs.update import update_job
from shared.pipeline import RECIPES
from tests.fakes.job_store import MemoryJobStore

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def create_job(store: MemoryJobStore, owner: str, job_id: str) -> None:
    writes = new_job(
        job_id=job_id,
        owner=owner,
        email="",
        recipe=RECIPES["frames"],
        title="",
        options={},
        inputs=(JobInput("video", f"jobs/{job_id}/video.0", "video/mp4", 1, "a.mp4"),),
        now=NOW,
        expires_at=NOW + timedelta(days=30),
    )
    assert store.commit(writes) is CommitResult.OK


def change_status(store: MemoryJobStore, job_id: str, status: Status) -> None:
    (doc,) = store.read([f"jobs/{job_id}"])
    assert doc is not None
    writes = update_job(Job.from_doc(doc), {"status": status})
    assert store.commit(writes) is CommitResult.OK


def count_jobs(store: MemoryJobStore, owner: str) -> dict[str, int]:
    totals = read_totals(store.run_query(owned_documents(TOTALS, owner)))
    return {name: count for name, count in totals.items() if count}


def run(store: MemoryJobStore, *owners: str, correct: bool = True) -> dict[str, int]:
    results = recount_totals(store, owners, correct=correct, log=lambda _: None)
    return {str(name): count for name, count in results.items()}


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> MemoryJobStore:
    """The jobs of Alice in three shards and two of Bob, in pages of two jobs."""
    monkeypatch.setattr(recount, "PAGE_SIZE", 2)
    store = MemoryJobStore()
    for n in range(9):
        create_job(store, "alice", f"{'07f'[n % 3]}{n:019d}")
    for n in range(2):
        create_job(store, "bob", f"7b{n:018d}")
    return store


def test_totals_of_every_owner_are_right(store: MemoryJobStore) -> None:
    change_status(store, f"0{0:019d}", Status.DONE)
    change_status(store, f"7{1:019d}", Status.DELETED)
    assert run(store, correct=False) == {"right": 4}
    assert count_jobs(store, "alice") == {"jobs.awaiting_upload": 7, "jobs.done": 1}


def test_jobs_without_totals_are_counted(store: MemoryJobStore) -> None:
    """The jobs are older than the totals, or the totals were deleted."""
    before = count_jobs(store, "alice")
    for doc in store.run_query(owned_documents(TOTALS, "alice")):
        store.commit([Delete(doc.path)])
    assert run(store, "alice", correct=False) == {"wrong": 3}
    assert count_jobs(store, "alice") == {}
    assert run(store, "alice") == {"corrected": 3}
    assert count_jobs(store, "alice") == before


def test_totals_without_jobs_are_corrected(store: MemoryJobStore) -> None:
    path = totals_path("carol", "a")
    store.commit([Merge(path, {"owner": "carol", "jobs.done": By(3), "results": By(5)})])
    assert run(store) == {"right": 4, "corrected": 1}
    assert count_jobs(store, "carol") == {}


def test_job_that_changes_meanwhile_is_counted_once(store: MemoryJobStore) -> None:
    """A job of the shard ends after its page was read."""
    store.commit([Merge(totals_path("alice", "0"), {"jobs.done": By(7)})])
    real, changed = store.run_query, list[str]()

    def run_query(query: Query) -> tuple[Doc, ...]:
        docs = real(query)
        if query.collection == "jobs" and query.after == ("0",) and not changed:
            changed.append(docs[0].id)
            change_status(store, docs[0].id, Status.DONE)
        return docs

    store.run_query = run_query  # type: ignore[method-assign]
    assert run(store, "alice") == {"corrected": 1, "right": 2}
    assert changed
    assert count_jobs(store, "alice") == {"jobs.awaiting_upload": 8, "jobs.done": 1}


def test_shard_that_always_changes_is_reported(store: MemoryJobStore) -> None:
    store.commit([Merge(totals_path("bob", "7"), {"jobs.done": By(7)})])
    real = store.commit

    def commit(writes: Iterable[object]) -> CommitResult:
        real([Update(totals_path("bob", "7"), {"results": By(0)})])
        return real(writes)  # type: ignore[arg-type]

    store.commit = commit  # type: ignore[method-assign]
    assert run(store, "bob") == {str(Recount.CHANGED_MEANWHILE): 1}
