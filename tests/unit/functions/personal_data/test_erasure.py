"""Erasures: all data of a user is deleted and recorded."""

from __future__ import annotations

from datetime import datetime, timedelta

import jwt
import pytest

from shared.flows.documents import Create, job_path
from shared.jobs.commands import delete
from shared.jobs.commands.delete import TOMBSTONE_DAYS
from shared.jobs.maintenance import sweep
from shared.jobs.totals import totals_path
from shared.pipeline import Bucket
from shared.privacy.data_requests import new_export, owner_hash
from shared.privacy.limit_counters import counters_of
from shared.runtime.interpreter import Interpreter
from tests.fixtures.personal_data import PersonalDataHarness
from tests.unit.functions.personal_data.erasures import (
    REQUEST_ID,
    check_erased,
    read_receipt,
    request_erasure,
)

pytestmark = pytest.mark.slow


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
