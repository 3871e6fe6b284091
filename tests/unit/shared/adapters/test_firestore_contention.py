"""Contended writes to Firestore are retried with full jitter while a lease can hold."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from google.api_core.retry import retry_base, retry_unary
from google.auth.credentials import AnonymousCredentials
from google.cloud import firestore

from shared.adapters.firestore import FirestoreJobStore
from shared.adapters.firestore_calls import WRITE_TIMEOUT_S
from shared.errors import FirestoreOverloaded
from shared.flows.documents import CommitResult, Increment, Update
from shared.pipeline import LEASE_S, RENEWALS_PER_LEASE
from tests.fixtures.contended_firestore import (
    ContendedFirestore,
    SimulatedClock,
    run_contended_firestore,
)

SHARD = "jobs/1/stages/frame_extraction"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimulatedClock:
    clock = SimulatedClock()
    for module in (retry_base, retry_unary):
        monkeypatch.setattr(module, "time", clock)
    return clock


def connect(server: ContendedFirestore, monkeypatch: pytest.MonkeyPatch) -> FirestoreJobStore:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", server.address)
    return FirestoreJobStore(firestore.Client("local", AnonymousCredentials()))


@pytest.mark.parametrize("seed", range(5))
def test_31_simultaneous_commits_to_a_document_all_succeed(
    clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    random.seed(seed)
    with run_contended_firestore(clock, writes_per_s=5) as server:
        store = connect(server, monkeypatch)
        count = Update(SHARD, {"done": Increment(1)})
        results = clock.run(*[lambda: store.commit([count])] * 31)
    assert results == [CommitResult.OK] * 31
    assert server.accepted[SHARD] == 31
    assert clock.monotonic() < WRITE_TIMEOUT_S


def test_31_simultaneous_increments_of_a_document_all_succeed(
    clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    random.seed(0)
    with run_contended_firestore(clock, writes_per_s=5) as server:
        store = connect(server, monkeypatch)
        results = clock.run(*[lambda: store.increment("limits/a", {"owner": "anna"})] * 31)
    assert sorted(results, key=str) == sorted(range(1, 32), key=str)


def test_write_that_may_be_lost_is_not_retried(
    clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with run_contended_firestore(clock, writes_per_s=5) as server:
        store = connect(server, monkeypatch)
        count = Update(SHARD, {"done": Increment(1)})
        results = clock.run(*[lambda: store.try_commit([count])] * 2)
    assert results == [CommitResult.OK, CommitResult.CONFLICT]


@pytest.mark.parametrize(
    "write",
    [
        lambda store: store.commit([Update(SHARD, {"done": Increment(1)})]),
        lambda store: store.increment(SHARD, {}),
    ],
    ids=["commit", "increment"],
)
def test_write_that_stays_contended_fails_while_its_lease_is_valid(
    clock: SimulatedClock,
    monkeypatch: pytest.MonkeyPatch,
    write: Callable[[FirestoreJobStore], object],
) -> None:
    with run_contended_firestore(clock, writes_per_s=1e-9) as server:
        store = connect(server, monkeypatch)
        clock.run(lambda: write(store))
        (error,) = clock.run(lambda: write(store))
    assert isinstance(error, FirestoreOverloaded)
    # The lease is renewed until the work ends, so it is valid for this long at the commit.
    assert 10 < clock.monotonic() < LEASE_S - LEASE_S / RENEWALS_PER_LEASE
    assert server.rejected[SHARD] > 8
