"""Concurrent writes: one of several succeeds, and no increment is lost."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from shared.errors import LimitReached
from shared.flows.documents import CommitResult, Create, Increment, Update, all_documents
from shared.http.limits.policy import Policy
from shared.http.limits.shared_counters import add_to_shared_counter
from shared.ports.store import JobStore
from shared.runtime.services import SystemClock
from tests.contract.job_store.reading import NOW, read_one
from tests.fakes.job_store import MemoryJobStore
from tests.fakes.services import FixedServices


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


def test_of_concurrent_requests_a_shared_counter_accepts_its_quota(store: JobStore) -> None:
    services = FixedServices(
        store=store,
        objects=None,  # type: ignore[arg-type]
        publisher=None,  # type: ignore[arg-type]
        clock=SystemClock(),
        log=lambda *_, **__: None,
        new_token=lambda: "t",
    )
    policy = Policy(secrets.token_hex(10), 5, 86_400, "At most five.", anonymous=True)

    def is_accepted(_: int) -> bool:
        try:
            add_to_shared_counter(services, policy, "a@moodreel.test", 1)
        except LimitReached:
            return False
        return True

    workers = 1 if isinstance(store, MemoryJobStore) else 16
    with ThreadPoolExecutor(workers) as pool:
        accepted = list(pool.map(is_accepted, range(32)))

    # Every conflict is another request that was accepted, so no request tries in vain.
    assert accepted.count(True) == 5
