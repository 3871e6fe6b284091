"""The contract of JobStore for the store in memory and for Firestore.

The simulation proves the pipeline with the store in memory; these tests show that Firestore behaves
the same.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.flows.documents import (
    CommitResult,
    Create,
    Delete,
    Doc,
    Filter,
    Increment,
    Merge,
    Put,
    Query,
    Update,
    Write,
    all_documents,
    newest_documents,
    newest_owned,
    owned_documents,
)
from shared.jobs.queries import (
    due_tombstones,
    expired_jobs,
    jobs_awaiting_uploads,
    newest_jobs,
    stalled_stages,
)
from shared.ports.store import JobStore
from shared.tasks.task import due_tasks
from tests.fakes.job_store import MemoryJobStore

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(params=["memory", pytest.param("firestore", marks=pytest.mark.suite)])
def store(request: pytest.FixtureRequest) -> Any:
    if request.param == "memory":
        return MemoryJobStore()
    return request.getfixturevalue("services").store


@pytest.fixture
def job() -> str:
    """The path of a new job."""
    return f"jobs/{secrets.token_hex(10)}"


def read_one(store: JobStore, path: str) -> Doc | None:
    (doc,) = store.read([path])
    return doc


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


def test_query_without_filters_is_sorted_by_id_and_continues_after_one(
    store: JobStore, job: str
) -> None:
    collection = f"{job}/units"
    store.commit([Create(f"{collection}/{name}", {"n": 1}) for name in ("b", "c", "a", "d")])
    page = Query(collection, after=("a",), limit=2)
    assert [doc.id for doc in store.run_query(all_documents(collection))] == ["a", "b", "c", "d"]
    assert [doc.id for doc in store.run_query(page)] == ["b", "c"]
    with pytest.raises(ValueError, match="descending"):
        Query(collection, descending=True)


def test_documents_without_the_field_of_the_order_are_left_out(store: JobStore, job: str) -> None:
    collection = f"{job}/units"
    rows: dict[str, dict[str, Any]] = {"a": {"at": NOW}, "b": {}, "c": {"at": None}}
    store.commit([Create(f"{collection}/{name}", data) for name, data in rows.items()])
    earlier = (Filter("at", "<", NOW + timedelta(days=1)),)
    found = store.run_query(Query(collection, earlier, order_by="at"))
    assert [doc.id for doc in found] == ["a"]


def test_due_tombstones_are_found_oldest_first(store: JobStore) -> None:
    at = datetime(2001, 3, 1, tzinfo=UTC)
    names = [secrets.token_hex(10) for _ in range(3)]
    times = [at + timedelta(days=1), at, None]
    rows = [{"status": "deleted", "purge_again_at": moment} for moment in times]
    store.commit([Create(f"jobs/{name}", row) for name, row in zip(names, rows, strict=True)])
    assert store.run_query(due_tombstones(at)) == ()
    found = store.run_query(due_tombstones(at + timedelta(days=2)))
    assert [doc.id for doc in found] == [names[1], names[0]]
    store.commit([Delete(f"jobs/{name}") for name in names])


def _run_concurrently(commit: Callable[[int], CommitResult]) -> list[CommitResult]:
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(commit, range(8)))


@pytest.mark.suite
def test_one_of_eight_concurrent_creates_succeeds(services: Any, job: str) -> None:
    store: JobStore = services.store
    results = _run_concurrently(lambda n: store.commit([Create(job, {"token": n})]))
    assert results.count(CommitResult.OK) == 1
    assert results.count(CommitResult.CONFLICT) == 7


@pytest.mark.suite
def test_one_of_eight_concurrent_updates_succeeds(services: Any, job: str) -> None:
    store: JobStore = services.store
    store.commit([Create(job, {"token": -1, "done": 0})])
    stored = read_one(store, job)
    assert stored is not None
    version = stored.version
    results = _run_concurrently(
        lambda n: store.commit([Update(job, {"token": n, "done": Increment(1)}, version)])
    )
    assert results.count(CommitResult.OK) == 1
    now = read_one(store, job)
    assert now is not None
    assert now.data["done"] == 1


@pytest.mark.suite
def test_parts_that_finish_concurrently_are_counted_exactly(services: Any, job: str) -> None:
    """Commits each of 24 parts four times at once: each part counts once."""
    store: JobStore = services.store
    store.commit([Create(f"{job}/stages/s", {"done": 0})])
    store.commit([Create(f"{job}/units/{n}", {"state": "leased"}) for n in range(24)])
    versions = {doc.path: doc.version for doc in store.run_query(all_documents(f"{job}/units"))}

    def finish(path: str) -> CommitResult:
        return store.commit(
            [
                Update(path, {"state": "done"}, versions[path]),
                Update(f"{job}/stages/s", {"done": Increment(1)}),
            ]
        )

    with ThreadPoolExecutor(16) as pool:
        results = list(pool.map(finish, [path for path in versions for _ in range(4)]))
    assert results.count(CommitResult.OK) == 24
    stage = read_one(store, f"{job}/stages/s")
    assert stage is not None
    assert stage.data["done"] == 24


@pytest.mark.suite
def test_stalled_jobs_have_active_stages_without_recent_progress(services: Any, job: str) -> None:
    store: JobStore = services.store
    old = NOW - timedelta(days=3000)
    rows = [("queued", old), ("running", old), ("done", old), ("stopped", old), ("queued", NOW)]
    for n, (state, at) in enumerate(rows):
        path = f"{job}{n}/stages/s"
        store.commit(
            [Create(path, {"job": f"{job[5:]}{n}", "state": state, "last_progress_at": at})]
        )
    docs = store.run_query(stalled_stages(old + timedelta(days=1)))
    job_ids = [doc.data["job"] for doc in docs]
    assert [job_id for job_id in job_ids if job_id.startswith(job[5:])] == [
        f"{job[5:]}0",
        f"{job[5:]}1",
    ]
    for n in range(len(rows)):
        store.commit([Delete(f"{job}{n}/stages/s")])


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


def test_concurrent_increments_return_distinct_numbers(store: JobStore) -> None:
    path = f"limits/{secrets.token_hex(10)}"

    def count(_: int) -> int:
        return store.increment(path, {"expires_at": NOW})

    workers = 1 if isinstance(store, MemoryJobStore) else 20
    with ThreadPoolExecutor(workers) as pool:
        numbers = list(pool.map(count, range(50)))

    assert sorted(numbers) == list(range(1, 51))
    doc = read_one(store, path)
    assert doc is not None
    assert doc.data == {"expires_at": NOW, "count": 50}


def test_jobs_of_an_owner_are_listed_counted_and_summed(store: JobStore) -> None:
    owner = secrets.token_hex(8)
    rows = [("frames", "done", 10), ("still", "running", 20), ("frames", "running", 40)]
    ids = [secrets.token_hex(10) for _ in rows]
    for minute, (job_id, (recipe, status, size)) in enumerate(zip(ids, rows, strict=True)):
        data = {"owner": owner, "recipe": recipe, "status": status, "stored_bytes": size}
        created = {"created_at": NOW + timedelta(minutes=minute)}
        store.commit([Create(f"jobs/{job_id}", data | created)])

    def list_ids(recipe: str | None, *statuses: str) -> list[str]:
        query = newest_jobs(owner, statuses=statuses, recipe=recipe, limit=9)
        return [doc.id for doc in store.run_query(query)]

    assert list_ids(None, "done", "running") == ids[::-1]
    assert list_ids("frames", "done", "running") == [ids[2], ids[0]]
    assert list_ids("frames", "running") == [ids[2]]
    assert (
        store.count_open_jobs(owner, ["running"]),
        store.count_open_jobs("nobody", ["running"]),
    ) == (2, 0)
    assert (store.sum_stored_bytes(owner), store.sum_stored_bytes("nobody")) == (70, 0)


def test_documents_of_an_owner_are_paged_newest_first(store: JobStore) -> None:
    owner = secrets.token_hex(8)
    ids = [f"{minute}{owner}" for minute in range(5)]
    for minute, name in enumerate(ids):
        moment = NOW + timedelta(minutes=minute)
        store.commit([Create(f"mails/{name}", {"owner": owner, "created_at": moment})])

    first = store.run_query(newest_owned("mails", owner, limit=2))
    cursor = (first[-1].data["created_at"], first[-1].id)
    rest = store.run_query(newest_owned("mails", owner, after=cursor, limit=9))

    assert [doc.id for doc in (*first, *rest)] == ids[::-1]


def test_documents_of_an_owner_are_paged_by_id(store: JobStore, job: str) -> None:
    owner, other = f"alice {job}", f"bob {job}"
    ids = sorted(secrets.token_hex(10) for _ in range(5))
    store.commit([Create(f"webhooks/{doc_id}", {"owner": owner}) for doc_id in ids])
    store.commit([Create(f"webhooks/{secrets.token_hex(10)}", {"owner": other})])
    first = store.run_query(owned_documents("webhooks", owner, limit=3))
    rest = store.run_query(owned_documents("webhooks", owner, after=first[-1].id, limit=3))
    assert [doc.id for doc in first + rest] == ids
    store.commit([Delete(f"webhooks/{doc_id}") for doc_id in ids])
    assert store.run_query(owned_documents("webhooks", owner)) == ()


def test_due_documents_are_listed_in_order(store: JobStore, job: str) -> None:
    kind = f"kind{job[5:]}"
    late, soon = NOW - timedelta(minutes=2), NOW - timedelta(minutes=1)
    rows = {"b": soon, "a": late, "c": None, "d": NOW, "e": NOW + timedelta(days=1)}
    store.commit([Create(f"{kind}/{name}", {"next_check_at": at}) for name, at in rows.items()])
    assert [doc.id for doc in store.run_query(due_tasks(kind, NOW))] == ["a", "b"]
    assert [doc.id for doc in store.run_query(due_tasks(kind, NOW, limit=1))] == ["a"]


def test_newest_documents_are_paged_without_gaps(store: JobStore, job: str) -> None:
    kind = f"kind{job[5:]}"
    for name, at in {"a": NOW, "b": NOW, "c": NOW - timedelta(days=1), "d": NOW}.items():
        store.commit([Create(f"{kind}/{name}", {"of": "x", "created_at": at})])
    store.commit([Create(f"{kind}/z", {"of": "y", "created_at": NOW})])
    of_x = Filter("of", "==", "x")
    first = store.run_query(newest_documents(kind, of_x, limit=2))
    rest = store.run_query(newest_documents(kind, of_x, after=(NOW, first[-1].id), limit=5))
    assert [doc.id for doc in first + rest] == ["d", "b", "a", "c"]


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


def test_jobs_that_wait_long_for_uploads_are_listed(store: JobStore) -> None:
    since = datetime(2001, 1, 1, tzinfo=UTC)
    names = {status: secrets.token_hex(10) for status in ("awaiting_upload", "running", "done")}
    ages = {"awaiting_upload": since, "running": since, "done": since}
    for status, name in names.items():
        row = {"status": status, "updated_at": ages[status], "expires_at": NOW + timedelta(9999)}
        store.commit([Create(f"jobs/{name}", row)])
    assert store.run_query(jobs_awaiting_uploads(since)) == ()
    found = store.run_query(jobs_awaiting_uploads(since + timedelta(seconds=1)))
    assert [doc.id for doc in found] == [names["awaiting_upload"]]
    store.commit([Delete(f"jobs/{name}") for name in names.values()])


def test_expired_jobs_are_listed_oldest_first(store: JobStore) -> None:
    at = datetime(2001, 2, 1, tzinfo=UTC)
    names = [secrets.token_hex(10) for _ in range(3)]
    for n, name in enumerate(names):
        # A tombstone expires as well.
        row = {"status": "deleted" if n else "done", "updated_at": at, "expires_at": at}
        row |= {"expires_at": at + timedelta(days=2 - n)}
        store.commit([Create(f"jobs/{name}", row)])
    assert store.run_query(expired_jobs(at)) == ()
    first_two = store.run_query(expired_jobs(at + timedelta(days=1, seconds=1)))
    assert [doc.id for doc in first_two] == [names[2], names[1]]
    oldest = store.run_query(expired_jobs(at + timedelta(days=9), limit=1))
    assert [doc.id for doc in oldest] == [names[2]]
    store.commit([Delete(f"jobs/{name}") for name in names])
