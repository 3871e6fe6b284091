"""One contract for the ledger: in memory, where the chain is proven, and on Firestore, where it
runs. So the proof speaks of the real thing."""

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
    """The path of a job that nobody else uses."""
    return f"jobs/{secrets.token_hex(10)}"


def read_one(store: JobStore, path: str) -> Doc | None:
    (doc,) = store.read([path])
    return doc


def test_documents_are_read_together_in_the_order_asked_for(store: JobStore, job: str) -> None:
    store.commit([Create(f"{job}/units/a", {"n": 1}), Create(f"{job}/units/b", {"n": 2})])
    paths = [f"{job}/units/b", f"{job}/units/none", f"{job}/units/a", f"{job}/units/b"]
    found = store.read(paths)
    assert [doc and doc.data["n"] for doc in found] == [2, None, 1, 2]


def test_a_document_can_be_created_once(store: JobStore, job: str) -> None:
    assert store.commit([Create(job, {"n": 1})]) is CommitResult.OK
    assert store.commit([Create(job, {"n": 2})]) is CommitResult.CONFLICT
    doc = read_one(store, job)
    assert doc is not None
    assert doc.data == {"n": 1}


def test_an_update_without_its_document_is_missing_and_writes_nothing(
    store: JobStore, job: str
) -> None:
    writes: list[Write] = [Put(f"{job}/units/a", {"n": 1}), Update(f"{job}/stages/s", {"n": 1})]
    assert store.commit(writes) is CommitResult.MISSING
    assert read_one(store, f"{job}/units/a") is None


def test_a_version_is_good_for_one_write(store: JobStore, job: str) -> None:
    store.commit([Create(job, {"n": 1})])
    seen = read_one(store, job)
    assert seen is not None
    assert store.commit([Update(job, {"n": 2}, seen.version)]) is CommitResult.OK
    assert store.commit([Update(job, {"n": 3}, seen.version)]) is CommitResult.CONFLICT
    assert store.commit([Delete(job, seen.version)]) is CommitResult.CONFLICT
    now = read_one(store, job)
    assert now is not None
    assert now.data["n"] == 2
    assert store.commit([Delete(job, now.version)]) is CommitResult.OK
    assert read_one(store, job) is None


def test_a_version_of_a_document_that_is_gone_is_refused(store: JobStore, job: str) -> None:
    store.commit([Create(job, {"n": 1})])
    seen = read_one(store, job)
    assert seen is not None
    store.commit([Delete(job)])
    update = store.commit([Update(job, {"n": 2}, seen.version)])
    assert update in (CommitResult.CONFLICT, CommitResult.MISSING)
    assert store.commit([Delete(job, seen.version)]) in (
        CommitResult.CONFLICT,
        CommitResult.MISSING,
    )


def test_one_refused_write_refuses_the_whole_batch(store: JobStore, job: str) -> None:
    store.commit([Create(f"{job}/units/a", {"n": 1})])
    done = store.commit(
        [
            Create(f"{job}/units/b", {"n": 2}),
            Create(f"{job}/units/a", {"n": 2}),
            Put(f"{job}/units/c", {"n": 2}),
        ]
    )
    assert done is CommitResult.CONFLICT
    assert read_one(store, f"{job}/units/b") is None
    assert read_one(store, f"{job}/units/c") is None


def test_dots_reach_into_maps_and_leave_the_rest(store: JobStore, job: str) -> None:
    store.commit([Create(job, {"stages": {"a": "waiting", "b": "waiting"}, "n": 1})])
    store.commit([Update(job, {"stages.a": "done", "n": Increment(4), "fresh": Increment(2)})])
    doc = read_one(store, job)
    assert doc is not None
    assert doc.data == {"stages": {"a": "done", "b": "waiting"}, "n": 5, "fresh": 2}


def test_times_come_back_as_they_went(store: JobStore, job: str) -> None:
    store.commit([Create(job, {"at": NOW})])
    doc = read_one(store, job)
    assert doc is not None
    assert doc.data["at"] == NOW


def test_a_collection_lists_its_own_documents_alone(store: JobStore, job: str) -> None:
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


def _racing(act: Callable[[int], CommitResult]) -> list[CommitResult]:
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(act, range(8)))


@pytest.mark.suite
def test_eight_who_claim_at_once_have_one_winner(services: Any, job: str) -> None:
    store: JobStore = services.store
    ends = _racing(lambda n: store.commit([Create(job, {"token": n})]))
    assert ends.count(CommitResult.OK) == 1
    assert ends.count(CommitResult.CONFLICT) == 7


@pytest.mark.suite
def test_eight_who_move_a_unit_at_once_have_one_winner(services: Any, job: str) -> None:
    store: JobStore = services.store
    store.commit([Create(job, {"token": -1, "done": 0})])
    seen = read_one(store, job)
    assert seen is not None
    version = seen.version
    ends = _racing(
        lambda n: store.commit([Update(job, {"token": n, "done": Increment(1)}, version)])
    )
    assert ends.count(CommitResult.OK) == 1
    now = read_one(store, job)
    assert now is not None
    assert now.data["done"] == 1


@pytest.mark.suite
def test_parts_that_finish_at_once_are_counted_exactly(services: Any, job: str) -> None:
    """24 parts, every one committed by four at once: each counts once."""
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
        ends = list(pool.map(finish, [path for path in versions for _ in range(4)]))
    assert ends.count(CommitResult.OK) == 24
    stage = read_one(store, f"{job}/stages/s")
    assert stage is not None
    assert stage.data["done"] == 24


@pytest.mark.suite
def test_only_stages_in_work_that_nobody_touched_are_stalled(services: Any, job: str) -> None:
    store: JobStore = services.store
    old = NOW - timedelta(days=3000)
    rows = [("queued", old), ("running", old), ("done", old), ("stopped", old), ("queued", NOW)]
    for n, (state, at) in enumerate(rows):
        path = f"{job}{n}/stages/s"
        store.commit(
            [Create(path, {"job": f"{job[5:]}{n}", "state": state, "last_progress_at": at})]
        )
    found = [doc.data["job"] for doc in store.run_query(stalled_stages(old + timedelta(days=1)))]
    assert [one for one in found if one.startswith(job[5:])] == [f"{job[5:]}0", f"{job[5:]}1"]
    for n in range(len(rows)):
        store.commit([Delete(f"{job}{n}/stages/s")])


@pytest.mark.suite
def test_a_purge_leaves_nothing_below_the_job_and_the_job_itself(services: Any, job: str) -> None:
    store: JobStore = services.store
    store.commit([Create(job, {"status": "deleted"})])
    store.commit([Create(f"{job}/units/{n}", {"n": n}) for n in range(30)])
    store.commit([Create(f"{job}/events/{n}", {"n": n}) for n in range(3)])
    store.purge_job(job[5:])
    assert store.run_query(all_documents(f"{job}/units")) == ()
    assert store.run_query(all_documents(f"{job}/events")) == ()
    assert read_one(store, job) is not None


def test_of_many_who_count_at_once_each_gets_a_number_of_its_own(store: JobStore) -> None:
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


def test_an_owners_jobs_are_found_counted_and_summed_up(store: JobStore) -> None:
    owner = secrets.token_hex(8)
    rows = [("frames", "done", 10), ("still", "running", 20), ("frames", "running", 40)]
    ids = [secrets.token_hex(10) for _ in rows]
    for minute, (job_id, (recipe, status, size)) in enumerate(zip(ids, rows, strict=True)):
        data = {"owner": owner, "recipe": recipe, "status": status, "stored_bytes": size}
        created = {"created_at": NOW + timedelta(minutes=minute)}
        store.commit([Create(f"jobs/{job_id}", data | created)])

    def found(recipe: str | None, *statuses: str) -> list[str]:
        query = newest_jobs(owner, statuses=statuses, recipe=recipe, limit=9)
        return [doc.id for doc in store.run_query(query)]

    assert found(None, "done", "running") == ids[::-1]
    assert found("frames", "done", "running") == [ids[2], ids[0]]
    assert found("frames", "running") == [ids[2]]
    assert (
        store.count_open_jobs(owner, ["running"]),
        store.count_open_jobs("nobody", ["running"]),
    ) == (2, 0)
    assert (store.sum_stored_bytes(owner), store.sum_stored_bytes("nobody")) == (70, 0)


def test_an_owners_documents_come_in_pages_newest_first(store: JobStore) -> None:
    owner = secrets.token_hex(8)
    ids = [f"{minute}{owner}" for minute in range(5)]
    for minute, name in enumerate(ids):
        moment = NOW + timedelta(minutes=minute)
        store.commit([Create(f"mails/{name}", {"owner": owner, "created_at": moment})])

    first = store.run_query(newest_owned("mails", owner, limit=2))
    behind = (first[-1].data["created_at"], first[-1].id)
    rest = store.run_query(newest_owned("mails", owner, after=behind, limit=9))

    assert [doc.id for doc in (*first, *rest)] == ids[::-1]


def test_documents_are_found_by_their_owner_page_by_page(store: JobStore, job: str) -> None:
    owner, other = f"alice {job}", f"bob {job}"
    ids = sorted(secrets.token_hex(10) for _ in range(5))
    store.commit([Create(f"webhooks/{one}", {"owner": owner}) for one in ids])
    store.commit([Create(f"webhooks/{secrets.token_hex(10)}", {"owner": other})])
    first = store.run_query(owned_documents("webhooks", owner, limit=3))
    rest = store.run_query(owned_documents("webhooks", owner, after=first[-1].id, limit=3))
    assert [doc.id for doc in first + rest] == ids
    store.commit([Delete(f"webhooks/{one}") for one in ids])
    assert store.run_query(owned_documents("webhooks", owner)) == ()


def test_what_is_due_is_found_and_what_has_ended_is_not(store: JobStore, job: str) -> None:
    kind = f"kind{job[5:]}"
    late, soon = NOW - timedelta(minutes=2), NOW - timedelta(minutes=1)
    rows = {"b": soon, "a": late, "c": None, "d": NOW, "e": NOW + timedelta(days=1)}
    store.commit([Create(f"{kind}/{name}", {"next_check_at": at}) for name, at in rows.items()])
    assert [doc.id for doc in store.run_query(due_tasks(kind, NOW))] == ["a", "b"]
    assert [doc.id for doc in store.run_query(due_tasks(kind, NOW, limit=1))] == ["a"]


def test_the_newest_come_first_and_no_page_swallows_one(store: JobStore, job: str) -> None:
    kind = f"kind{job[5:]}"
    for name, at in {"a": NOW, "b": NOW, "c": NOW - timedelta(days=1), "d": NOW}.items():
        store.commit([Create(f"{kind}/{name}", {"of": "x", "created_at": at})])
    store.commit([Create(f"{kind}/z", {"of": "y", "created_at": NOW})])
    of_x = Filter("of", "==", "x")
    first = store.run_query(newest_documents(kind, of_x, limit=2))
    rest = store.run_query(newest_documents(kind, of_x, after=(NOW, first[-1].id), limit=5))
    assert [doc.id for doc in first + rest] == ["d", "b", "a", "c"]


def test_a_purge_takes_what_stands_beside_the_job(store: JobStore, job: str) -> None:
    beside = ("mails", "shares", "deliveries")
    mine = [f"{name}/{secrets.token_hex(10)}" for name in beside]
    others = [f"{name}/{secrets.token_hex(10)}" for name in beside]
    store.commit([Create(path, {"job": job[5:]}) for path in mine])
    store.commit([Create(path, {"job": "another"}) for path in others])
    store.purge_job(job[5:])
    assert store.read(mine) == (None, None, None)
    assert all(store.read(others))
    store.commit([Delete(path) for path in others])


def test_who_awaits_uploads_for_long_is_found_and_no_other(store: JobStore) -> None:
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


def test_what_has_expired_is_found_oldest_first_and_not_before_its_time(store: JobStore) -> None:
    at = datetime(2001, 2, 1, tzinfo=UTC)
    names = [secrets.token_hex(10) for _ in range(3)]
    for n, name in enumerate(names):
        # A tombstone has an end as well.
        row = {"status": "deleted" if n else "done", "updated_at": at, "expires_at": at}
        row |= {"expires_at": at + timedelta(days=2 - n)}
        store.commit([Create(f"jobs/{name}", row)])
    assert store.run_query(expired_jobs(at)) == ()
    first_two = store.run_query(expired_jobs(at + timedelta(days=1, seconds=1)))
    assert [doc.id for doc in first_two] == [names[2], names[1]]
    oldest = store.run_query(expired_jobs(at + timedelta(days=9), limit=1))
    assert [doc.id for doc in oldest] == [names[2]]
    store.commit([Delete(f"jobs/{name}") for name in names])
