"""Erasures: all data of a user is deleted and recorded, with a crash at any write."""

from __future__ import annotations

import hashlib
import itertools
import json
from datetime import datetime, timedelta
from typing import Any

import jwt
import pytest

from shared.entrypoints.task import TaskContext
from shared.errors import DeadlineNear, StorageUnavailable
from shared.flows.documents import Create, Update, all_documents, job_path
from shared.jobs.commands import delete
from shared.jobs.commands.delete import TOMBSTONE_DAYS
from shared.jobs.maintenance import sweep
from shared.jobs.totals import totals_path
from shared.pipeline import Bucket
from shared.privacy.data_requests import new_erasure, new_export, owner_hash
from shared.privacy.limit_counters import counters_of
from shared.runtime.interpreter import Interpreter
from tests.fixtures.gcs.server import GcsEmulator
from tests.fixtures.personal_data import NOW, PersonalDataHarness
from tests.unit.functions.personal_data.conftest import make_harness

pytestmark = pytest.mark.slow

REQUEST_ID = "e" * 20


def request_erasure(harness: PersonalDataHarness, *, account: bool) -> None:
    harness.store.commit(
        [new_erasure(REQUEST_ID, "alice", account=account, now=harness.clock.now())]
    )


def read_inventory(harness: PersonalDataHarness, document: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns the rows of the inventory and checks its signed digest."""
    artifact = document["inventory"]
    read = harness.objects.range_reader(
        Bucket(artifact["bucket"]), artifact["object"], artifact["generation"]
    )
    content = read(0, artifact["size_bytes"])
    assert (
        hashlib.sha256(content).hexdigest() == read_receipt(harness, document)["inventory_sha256"]
    )
    return [json.loads(line) for line in content.splitlines()]


def read_receipt(harness: PersonalDataHarness, document: dict[str, Any]) -> dict[str, Any]:
    keys = [dict(doc.data) for doc in harness.store.run_query(all_documents("receipt_keys"))]
    [key] = jwt.PyJWKSet.from_dict({"keys": keys}).keys
    return dict(
        jwt.decode(document["receipt"], key, algorithms=["EdDSA"], options={"verify_iat": False})
    )


def check_erased(
    harness: PersonalDataHarness, before: list[str], bobs_data: list[str], document: dict[str, Any]
) -> None:
    """Checks that all data of Alice is deleted and recorded, and that of Bob is kept."""
    assert document["state"] == "done", document["error"]
    assert harness.find_remaining("alice") == []
    assert harness.find_remaining("bob") == bobs_data
    rows = read_inventory(harness, document)
    names = {row["name"] for row in rows if row["kind"] == "document"}
    # The name of an object starts with its bucket.
    names |= {row["name"].partition("/")[2] for row in rows if row["kind"] == "object"}
    assert [name for name in before if name not in names] == []
    assert not any("bob" in name for name in names)
    receipt = read_receipt(harness, document)
    assert set(receipt["left"].values()) == {0}
    assert receipt["kept"]["tombstones"] == 2
    assert harness.store.run_query(all_documents(f"data_requests/{REQUEST_ID}/removed")) == ()
    fields = {name: value for name, value in document.items() if name != "cursor"}
    assert "alice" not in json.dumps(fields, default=str), "the document names the user"


def test_account_is_deleted_last(harness: PersonalDataHarness) -> None:
    before, bobs_data = harness.find_remaining("alice"), harness.find_remaining("bob")
    assert len(before) > 25
    request_erasure(harness, account=True)

    document = harness.run_request(REQUEST_ID)

    check_erased(harness, before, bobs_data, document)
    assert harness.account_admin.accounts == {"bob"}
    assert harness.account_admin.disabled == ["alice"]
    assert harness.account_admin.remaining_at_delete == [[]]
    receipt = read_receipt(harness, document)
    finished = datetime.fromisoformat(receipt["finished_at"])
    assert finished - datetime.fromisoformat(receipt["requested_at"]) >= timedelta(minutes=15)
    vanish = datetime.fromisoformat(receipt["copies_vanish_at"])
    assert vanish - finished == timedelta(days=7)


def test_altered_receipt_does_not_verify(harness: PersonalDataHarness) -> None:
    request_erasure(harness, account=True)
    document = harness.run_request(REQUEST_ID)
    head, body, signature = document["receipt"].split(".")
    forged = f"{head}.{body[:-2]}{'AA' if body[-2:] != 'AA' else 'BB'}.{signature}"

    with pytest.raises(jwt.InvalidSignatureError):
        read_receipt(harness, {"receipt": forged})


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


def test_new_data_is_kept_with_the_account(harness: PersonalDataHarness) -> None:
    request_erasure(harness, account=False)
    later = harness.clock.now() + timedelta(seconds=30)
    new = "n" * 20
    (doc,) = harness.store.read([job_path(harness.jobs["alice"][0])])
    assert doc is not None
    harness.store.commit([Create(job_path(new), {**doc.data, "created_at": later})])

    document = harness.run_request(REQUEST_ID)

    assert read_receipt(harness, document)["account"] == "kept"
    counters = [doc.path for doc in harness.store.run_query(counters_of(owner_hash("alice")))]
    totals = totals_path("alice", harness.jobs["alice"][0])
    remaining = {f"jobs/{new}", totals, *counters}
    assert len(counters) == 1
    assert set(harness.find_remaining("alice")) == remaining, "an erasure resets no rate limit"
    assert harness.account_admin.accounts == {"alice", "bob"}
    assert harness.account_admin.disabled == []


def test_erasure_of_many_jobs_takes_several_steps(
    harness: PersonalDataHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one job per step."""
    monkeypatch.setattr("functions.personal_data.erasure.MAX_JOBS_PER_STEP", 1)
    before, bobs_data = harness.find_remaining("alice"), harness.find_remaining("bob")
    request_erasure(harness, account=True)

    check_erased(harness, before, bobs_data, harness.run_request(REQUEST_ID))


def test_data_created_between_the_passes_is_kept_with_the_account(
    harness: PersonalDataHarness,
) -> None:
    request_erasure(harness, account=False)
    for _ in range(2):
        harness.deliver_request(REQUEST_ID)
    (doc,) = harness.store.read([f"data_requests/{REQUEST_ID}"])
    assert doc is not None
    assert doc.data["phase"] == "checking"
    now = harness.clock.now()
    copy = f"exports/{owner_hash('alice')}/{'n' * 20}/1-t.zip"
    stray = f"exports/{owner_hash('alice')}/{'o' * 20}/1-t.zip"
    harness.store.commit(
        [
            Create("preferences/alice", {"mails": "none"}),
            Create("idempotency/new", {"owner": "alice", "claimed_at": now}),
            new_export("n" * 20, "alice", "", now),
        ]
    )
    harness.put_object(Bucket.OUTPUTS, copy)
    # A late part of an export that was requested before the erasure.
    harness.put_object(Bucket.OUTPUTS, stray)

    document = harness.run_request(REQUEST_ID)

    assert document["state"] == "done"
    remaining = harness.find_remaining("alice")
    assert {"preferences/alice", "idempotency/new", copy} <= set(remaining)
    assert stray not in remaining


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


@pytest.mark.parametrize("stride", [19, pytest.param(1, marks=pytest.mark.sweep)])
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


def test_tombstone_is_removed_when_it_expires(harness: PersonalDataHarness) -> None:
    job = harness.jobs["bob"][0]
    Interpreter(harness.services).run(delete.delete(job, harness.services.clock_and_ids))
    interpreter = Interpreter(harness.services)
    for days in (1, TOMBSTONE_DAYS - 2):
        harness.clock.time += timedelta(days=days)
        interpreter.run(sweep.sweep(harness.services.clock_and_ids))
        assert harness.store.documents[job_path(job)][0]["status"] == "deleted"
    harness.clock.time += timedelta(days=2)
    interpreter.run(sweep.sweep(harness.services.clock_and_ids))

    assert job_path(job) not in harness.store.documents
