"""The contract of JobStore.try_commit for the store in memory and for Firestore."""

from __future__ import annotations

import secrets
from typing import Any

import pytest

from shared.adapters import firestore
from shared.flows.documents import CommitResult, Create, Increment, Update
from tests.fakes.job_store import MemoryJobStore


@pytest.fixture(params=["memory", pytest.param("firestore", marks=pytest.mark.suite)])
def store(request: pytest.FixtureRequest) -> Any:
    if request.param == "memory":
        return MemoryJobStore()
    # The single attempt gives up after a second, which a busy machine may need.
    request.getfixturevalue("monkeypatch").setattr(firestore, "TRY_TIMEOUT_S", 60)
    return request.getfixturevalue("services").store


def test_batch_is_committed_as_by_commit(store: Any) -> None:
    path = f"jobs/{secrets.token_hex(10)}"
    assert store.try_commit([Update(path, {"n": Increment(1)})]) is CommitResult.MISSING
    assert store.try_commit([Create(path, {"n": 1})]) is CommitResult.OK
    assert store.try_commit([Create(path, {"n": 1})]) is CommitResult.CONFLICT
    (before,) = store.read([path])
    assert store.try_commit([Update(path, {"n": Increment(2)})]) is CommitResult.OK
    assert store.try_commit([Update(path, {"n": 9}, before.version)]) is CommitResult.CONFLICT
    (after,) = store.read([path])
    assert after.data == {"n": 3}
