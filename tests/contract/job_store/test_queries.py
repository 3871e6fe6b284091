"""Queries: order, pages, owners, and the documents that are due."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.flows.documents import (
    Create,
    Delete,
    Filter,
    Query,
    Update,
    all_documents,
    newest_documents,
    newest_owned,
    owned_documents,
)
from shared.jobs.queries import (
    due_tombstones,
    due_units,
    expired_jobs,
    jobs_awaiting_uploads,
    newest_jobs,
)
from shared.jobs.queue import queued_after, queued_jobs, running_jobs
from shared.ports.store import JobStore
from shared.tasks.task import due_tasks
from tests.contract.job_store.reading import NOW


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


def test_jobs_with_a_tag_are_found_and_any_key_of_metadata_is_kept(store: JobStore) -> None:
    owner = secrets.token_hex(10)
    metadata = {"order.id": "a.b", "客户": "", "`x`\\": "y", "_": "🏖"}
    tags_by_job = {f"{owner}{n}": tags for n, tags in enumerate((["trip", "海"], ["trips"], []))}
    for job, tags in tags_by_job.items():
        row = {"owner": owner, "status": "done", "recipe": "frames", "created_at": NOW}
        store.commit([Create(f"jobs/{job}", {**row, "tags": tags})])
    store.commit([Update(f"jobs/{owner}0", {"metadata": metadata})])

    for tag in ("trip", "海"):
        query = newest_jobs(owner, statuses=["done", "failed"], tag=tag, recipe="frames", limit=5)
        (found,) = store.run_query(query)
        assert (found.id, found.data["metadata"]) == (f"{owner}0", metadata)
    assert not store.run_query(newest_jobs(owner, statuses=["done"], tag="tri", limit=5))


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


@pytest.mark.suite
def test_due_units_of_all_jobs_are_open_and_sorted_by_the_time_of_their_check(
    services: Any, job: str
) -> None:
    store: JobStore = services.store
    old = NOW - timedelta(days=3000)
    rows = [
        ("leased", old + timedelta(hours=1)),
        ("free", old),
        ("done", old),
        ("failed", old),
        ("free", NOW),
        # The job has ended.
        ("free", None),
    ]
    paths = [f"{job}{n}/units/u" for n in range(len(rows))]
    for path, (state, at) in zip(paths, rows, strict=True):
        store.commit([Create(path, {"state": state, "next_check_at": at})])
    docs = store.run_query(due_units(old + timedelta(days=1)))
    found = [doc.path for doc in docs if doc.path in paths]
    assert found == [paths[1], paths[0]]
    store.commit([Delete(path) for path in paths])


def test_queued_jobs_of_an_owner_start_with_the_oldest(store: JobStore) -> None:
    owner = secrets.token_hex(8)
    ids = [secrets.token_hex(10) for _ in range(3)]
    for minute, name in enumerate(ids):
        data = {"owner": owner, "status": "queued", "queued_at": NOW - timedelta(minutes=minute)}
        store.commit([Create(f"jobs/{name}", data)])
    assert [doc.id for doc in store.run_query(queued_jobs(owner))] == [ids[2]]
    assert store.run_query(running_jobs(owner, 2)) == ()
    store.commit([Update(f"jobs/{name}", {"status": "running"}) for name in ids])
    assert store.run_query(queued_jobs(owner)) == ()
    assert len(store.run_query(running_jobs(owner, 2))) == 2


def test_queues_are_read_owner_by_owner(store: JobStore) -> None:
    # Sorts behind the owners of other tests.
    prefix = f"zz-{secrets.token_hex(8)}"
    owners = [f"{prefix}-{name}" for name in "aab"]
    for owner in owners:
        data = {"owner": owner, "status": "queued", "queued_at": NOW}
        store.commit([Create(f"jobs/{secrets.token_hex(10)}", data)])

    def next_owner(after: str) -> list[str]:
        return [doc.data["owner"] for doc in store.run_query(queued_after(after))]

    assert next_owner(prefix) == [owners[0]]
    assert next_owner(owners[0]) == [owners[2]], "the second job of an owner was read"
    assert next_owner(owners[2]) == []


def test_jobs_of_an_owner_are_listed_counted_and_summed(store: JobStore) -> None:
    owner = secrets.token_hex(8)
    rows = [("frames", "done", 10), ("still", "running", 20), ("frames", "running", 40)]
    ids = [secrets.token_hex(10) for _ in rows]
    for minute, (job_id, (recipe, status, size)) in enumerate(zip(ids, rows, strict=True)):
        data = {"owner": owner, "recipe": recipe, "status": status, "stored_bytes": size}
        created = {"created_at": NOW + timedelta(minutes=minute)}
        store.commit([Create(f"jobs/{job_id}", data | created)])

    def list_ids(
        recipe: str | None, *statuses: str, created_after: datetime | None = None
    ) -> list[str]:
        query = newest_jobs(
            owner, statuses=statuses, recipe=recipe, created_after=created_after, limit=9
        )
        return [doc.id for doc in store.run_query(query)]

    assert list_ids(None, "done", "running") == ids[::-1]
    assert list_ids("frames", "done", "running") == [ids[2], ids[0]]
    assert list_ids("frames", "running") == [ids[2]]
    assert list_ids(None, "done", "running", created_after=NOW) == [ids[2], ids[1]]
    assert list_ids("frames", "done", "running", created_after=NOW) == [ids[2]]
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
