"""Erasures with faults: late writes, unavailable storage, a deadline, a crash at any write."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import pytest

from shared.entrypoints.task import TaskContext
from shared.errors import StorageUnavailable
from shared.flows.documents import Update
from shared.pipeline import Bucket
from shared.privacy.data_requests import new_erasure
from shared.tasks.errors import DeadlineNear
from tests.fixtures.gcs.server import GcsEmulator
from tests.fixtures.personal_data import NOW, PersonalDataHarness
from tests.unit.functions.personal_data.conftest import make_harness
from tests.unit.functions.personal_data.erasures import (
    REQUEST_ID,
    check_erased,
    read_inventory,
    request_erasure,
)

pytestmark = pytest.mark.slow


def test_late_write_is_deleted_in_the_second_pass(
    harness: PersonalDataHarness,
) -> None:
    request_erasure(harness, account=True)
    late = f"jobs/{harness.jobs['alice'][1]}/a/late.zip"
    real = harness.objects.list_objects
    written: list[str] = []

    def listed(bucket: Bucket, prefix: str, **page: Any) -> Any:
        # A running function writes once more after its job was deleted.
        if harness.clock.now() > asked_at + timedelta(minutes=14) and not written:
            written.append(late)
            harness.put_object(Bucket.OUTPUTS, late)
        return real(bucket, prefix, **page)

    asked_at = harness.clock.now()
    harness.objects.list_objects = listed  # type: ignore[method-assign]
    document = harness.run_request(REQUEST_ID)

    assert written
    assert harness.find_remaining("alice") == []
    assert any(row["name"].endswith("/late.zip") for row in read_inventory(harness, document))


def test_remaining_data_fails_the_erasure_without_a_receipt(
    harness: PersonalDataHarness,
) -> None:
    request_erasure(harness, account=True)
    real = harness.objects.delete

    def remove(bucket: Bucket, name: str, generation: int | None = None) -> None:
        if not name.endswith("a.wav"):
            real(bucket, name, generation)

    harness.objects.delete = remove  # type: ignore[method-assign]
    document = harness.run_request(REQUEST_ID)

    assert (document["state"], document["error"]["code"]) == ("failed", "still-there")
    assert "work/narration: 1" in document["error"]["message"]
    assert document["receipt"] is None
    assert "alice" in harness.account_admin.accounts


def test_erasure_survives_twelve_hours_without_storage(harness: PersonalDataHarness) -> None:
    """A user whose account is disabled cannot request the erasure again."""
    before, bobs_data = harness.find_remaining("alice"), harness.find_remaining("bob")
    request_erasure(harness, account=True)
    real, ends_at = harness.objects.list_objects, harness.clock.now() + timedelta(hours=12)

    def listed(bucket: Bucket, prefix: str, **page: Any) -> Any:
        if harness.clock.now() < ends_at:
            raise StorageUnavailable
        return real(bucket, prefix, **page)

    harness.objects.list_objects = listed  # type: ignore[method-assign]
    while harness.clock.now() < ends_at:
        harness.deliver_request(REQUEST_ID)
        (doc,) = harness.store.read([f"data_requests/{REQUEST_ID}"])
        assert doc is not None
        assert doc.data["state"] == "open", doc.data["error"]
    document = harness.run_request(REQUEST_ID)

    check_erased(harness, before, bobs_data, document)


def test_failed_earlier_request_is_erased(harness: PersonalDataHarness) -> None:
    old = new_erasure("o" * 20, "alice", account=True, now=harness.clock.now())
    harness.store.commit([old, Update(old.path, {"state": "failed", "finished_at": NOW})])
    request_erasure(harness, account=True)

    harness.run_request(REQUEST_ID)

    assert old.path not in harness.store.documents


def test_step_continues_after_its_deadline(
    harness: PersonalDataHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every second check raises DeadlineNear."""
    checks = itertools.count()

    def check(_: TaskContext) -> None:
        if next(checks) % 2:
            raise DeadlineNear

    monkeypatch.setattr(TaskContext, "check", check)
    before, bobs_data = harness.find_remaining("alice"), harness.find_remaining("bob")
    request_erasure(harness, account=True)

    document = harness.run_request(REQUEST_ID)

    check_erased(harness, before, bobs_data, document)


def count_writes(harness: PersonalDataHarness) -> int:
    """Returns the number of writes of an erasure without a crash."""
    request_erasure(harness, account=True)
    harness.crash.write_count = 0
    harness.run_request(REQUEST_ID)
    return harness.crash.write_count


@pytest.mark.parametrize("stride", [41, pytest.param(1, marks=pytest.mark.sweep)])
@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
def test_crash_at_any_write_keeps_the_inventory_complete(
    gcs: GcsEmulator, monkeypatch: pytest.MonkeyPatch, late: bool, stride: int
) -> None:
    writes = count_writes(make_harness(gcs, monkeypatch))
    assert writes > 40
    for crash_at in range(1, writes, stride):
        harness = make_harness(gcs, monkeypatch)
        before, bobs_data = harness.find_remaining("alice"), harness.find_remaining("bob")
        request_erasure(harness, account=True)
        harness.crash.at_write, harness.crash.after_write, harness.crash.write_count = (
            crash_at,
            late,
            0,
        )

        document = harness.run_request(REQUEST_ID)

        assert harness.crash.write_count > crash_at, "nothing crashed"
        check_erased(harness, before, bobs_data, document)
