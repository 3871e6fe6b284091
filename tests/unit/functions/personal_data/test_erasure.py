"""Everything of a person is removed and written down, wherever the power fails on the way."""

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
from shared.flows.documents import Create, Update, job_path
from shared.jobs.commands import delete
from shared.jobs.commands.delete import TOMBSTONE_DAYS
from shared.jobs.maintenance import sweep
from shared.pipeline import Bucket
from shared.privacy.data_requests import new_erasure, new_export, owner_hash
from shared.runtime.interpreter import Interpreter
from tests.fixtures.gcs.server import GcsEmulator
from tests.fixtures.personal_data import NOW, PersonalDataHarness
from tests.unit.functions.personal_data.conftest import make_harness

pytestmark = pytest.mark.slow

NUMBER = "e" * 20


def asked(harness: PersonalDataHarness, *, account: bool) -> None:
    harness.store.commit([new_erasure(NUMBER, "alice", account=account, now=harness.clock.now())])


def inventory_of(harness: PersonalDataHarness, done: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of the inventory, when its digest is the one that is signed."""
    place = done["inventory"]
    read = harness.objects.range_reader(
        Bucket(place["bucket"]), place["object"], place["generation"]
    )
    content = read(0, place["size_bytes"])
    assert hashlib.sha256(content).hexdigest() == receipt_of(harness, done)["inventory_sha256"]
    return [json.loads(line) for line in content.splitlines()]


def receipt_of(harness: PersonalDataHarness, done: dict[str, Any]) -> dict[str, Any]:
    keys = [dict(doc.data) for doc in harness.store.list_documents("receipt_keys")]
    [key] = jwt.PyJWKSet.from_dict({"keys": keys}).keys
    return dict(
        jwt.decode(done["receipt"], key, algorithms=["EdDSA"], options={"verify_iat": False})
    )


def check_erased(
    harness: PersonalDataHarness, before: list[str], theirs: list[str], done: dict[str, Any]
) -> None:
    """All of Alice's is gone and written down, all of Bob's is there."""
    assert done["state"] == "done", done["error"]
    assert harness.find_remaining("alice") == []
    assert harness.find_remaining("bob") == theirs
    rows = inventory_of(harness, done)
    names = {row["name"] for row in rows if row["kind"] == "document"}
    # Objects are named with their bucket.
    names |= {row["name"].partition("/")[2] for row in rows if row["kind"] == "object"}
    assert [name for name in before if name not in names] == []
    assert not any("bob" in name for name in names)
    receipt = receipt_of(harness, done)
    assert set(receipt["left"].values()) == {0}
    assert receipt["kept"]["tombstones"] == 2
    assert harness.store.list_documents(f"data_requests/{NUMBER}/removed") == ()
    told = {name: value for name, value in done.items() if name != "cursor"}
    assert "alice" not in json.dumps(told, default=str), "what stays names nobody"


def test_an_account_goes_last_and_when_nothing_is_left(harness: PersonalDataHarness) -> None:
    before, theirs = harness.find_remaining("alice"), harness.find_remaining("bob")
    assert len(before) > 25
    asked(harness, account=True)

    done = harness.run_request(NUMBER)

    check_erased(harness, before, theirs, done)
    assert harness.account_admin.accounts == {"bob"}
    assert harness.account_admin.disabled == ["alice"]
    assert harness.account_admin.remaining_at_delete == [[]]
    receipt = receipt_of(harness, done)
    finished = datetime.fromisoformat(receipt["finished_at"])
    assert finished - datetime.fromisoformat(receipt["requested_at"]) >= timedelta(minutes=15)
    vanish = datetime.fromisoformat(receipt["copies_vanish_at"])
    assert vanish - finished == timedelta(days=7)


def test_a_receipt_that_was_altered_does_not_verify(harness: PersonalDataHarness) -> None:
    asked(harness, account=True)
    done = harness.run_request(NUMBER)
    head, body, signature = done["receipt"].split(".")
    forged = f"{head}.{body[:-2]}{'AA' if body[-2:] != 'AA' else 'BB'}.{signature}"

    with pytest.raises(jwt.InvalidSignatureError):
        receipt_of(harness, {"receipt": forged})


def test_what_was_still_being_written_goes_with_the_second_look(
    harness: PersonalDataHarness,
) -> None:
    asked(harness, account=True)
    late = f"jobs/{harness.jobs['alice'][1]}/a/late.zip"
    real = harness.objects.list_objects
    written: list[str] = []

    def listed(bucket: Bucket, prefix: str) -> Any:
        # The running function writes once more when its job has been removed already.
        if harness.clock.now() > asked_at + timedelta(minutes=14) and not written:
            written.append(late)
            harness.put_object(Bucket.OUTPUTS, late)
        return real(bucket, prefix)

    asked_at = harness.clock.now()
    harness.objects.list_objects = listed  # type: ignore[method-assign]
    done = harness.run_request(NUMBER)

    assert written
    assert harness.find_remaining("alice") == []
    assert any(row["name"].endswith("/late.zip") for row in inventory_of(harness, done))


def test_something_that_comes_again_and_again_is_said_and_not_signed_for(
    harness: PersonalDataHarness,
) -> None:
    asked(harness, account=True)
    real = harness.objects.delete

    def remove(bucket: Bucket, name: str, generation: int | None = None) -> None:
        if not name.endswith("a.wav"):
            real(bucket, name, generation)

    harness.objects.delete = remove  # type: ignore[method-assign]
    done = harness.run_request(NUMBER)

    assert (done["state"], done["error"]["code"]) == ("failed", "still-there")
    assert "work/narration: 1" in done["error"]["message"]
    assert done["receipt"] is None
    assert "alice" in harness.account_admin.accounts


def test_a_night_without_storage_ends_no_erasure(harness: PersonalDataHarness) -> None:
    """Whoever is shut out already cannot ask for it again."""
    before, theirs = harness.find_remaining("alice"), harness.find_remaining("bob")
    asked(harness, account=True)
    real, over = harness.objects.list_objects, harness.clock.now() + timedelta(hours=12)

    def listed(bucket: Bucket, prefix: str) -> Any:
        if harness.clock.now() < over:
            raise StorageUnavailable
        return real(bucket, prefix)

    harness.objects.list_objects = listed  # type: ignore[method-assign]
    while harness.clock.now() < over:
        harness.deliver_request(NUMBER)
        (doc,) = harness.store.read([f"data_requests/{NUMBER}"])
        assert doc is not None
        assert doc.data["state"] == "open", doc.data["error"]
    done = harness.run_request(NUMBER)

    check_erased(harness, before, theirs, done)


def test_who_keeps_the_account_keeps_what_is_new(harness: PersonalDataHarness) -> None:
    asked(harness, account=False)
    later = harness.clock.now() + timedelta(seconds=30)
    new = "n" * 20
    (doc,) = harness.store.read([job_path(harness.jobs["alice"][0])])
    assert doc is not None
    harness.store.commit([Create(job_path(new), {**doc.data, "created_at": later})])

    done = harness.run_request(NUMBER)

    assert receipt_of(harness, done)["account"] == "kept"
    assert set(harness.find_remaining("alice")) == {f"jobs/{new}",
    *harness.store.list_paths_containing(
        "limits", owner_hash("alice"))}, "an erasure is no way to call more often"  # fmt: skip
    assert harness.account_admin.accounts == {"alice", "bob"}
    assert harness.account_admin.disabled == []


def test_an_account_of_a_thousand_jobs_is_gone_through_in_steps(
    harness: PersonalDataHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here a step is one job: the way is the same, only shorter."""
    monkeypatch.setattr("functions.personal_data.erasure.MAX_JOBS_PER_STEP", 1)
    before, theirs = harness.find_remaining("alice"), harness.find_remaining("bob")
    asked(harness, account=True)

    check_erased(harness, before, theirs, harness.run_request(NUMBER))


def test_what_is_made_between_the_two_looks_by_who_goes_on_is_kept(
    harness: PersonalDataHarness,
) -> None:
    asked(harness, account=False)
    for _ in range(2):
        harness.deliver_request(NUMBER)
    (doc,) = harness.store.read([f"data_requests/{NUMBER}"])
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
    # Of a copy that was asked for before, by a worker that had not noticed.
    harness.put_object(Bucket.OUTPUTS, stray)

    done = harness.run_request(NUMBER)

    assert done["state"] == "done"
    left = harness.find_remaining("alice")
    assert {"preferences/alice", "idempotency/new", copy} <= set(left)
    assert stray not in left


def test_an_erasure_that_failed_before_is_no_trace_of_its_own(harness: PersonalDataHarness) -> None:
    old = new_erasure("o" * 20, "alice", account=True, now=harness.clock.now())
    harness.store.commit([old, Update(old.path, {"state": "failed", "finished_at": NOW})])
    asked(harness, account=True)

    harness.run_request(NUMBER)

    assert old.path not in harness.store.documents


def test_a_step_that_runs_out_of_time_goes_on_where_it_was(
    harness: PersonalDataHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every second look at the clock says that the time is over."""
    looks = itertools.count()

    def check(_: TaskContext) -> None:
        if next(looks) % 2:
            raise DeadlineNear

    monkeypatch.setattr(TaskContext, "check", check)
    before, theirs = harness.find_remaining("alice"), harness.find_remaining("bob")
    asked(harness, account=True)

    done = harness.run_request(NUMBER)

    check_erased(harness, before, theirs, done)


def power_cuts(harness: PersonalDataHarness) -> int:
    """How many writes an undisturbed erasure takes."""
    asked(harness, account=True)
    harness.crash.write_count = 0
    harness.run_request(NUMBER)
    return harness.crash.write_count


@pytest.mark.parametrize("stride", [19, pytest.param(1, marks=pytest.mark.sweep)])
@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
def test_a_power_cut_at_any_write_loses_nothing_from_the_list(
    gcs: GcsEmulator, monkeypatch: pytest.MonkeyPatch, late: bool, stride: int
) -> None:
    writes = power_cuts(make_harness(gcs, monkeypatch))
    assert writes > 40
    for cut_at in range(1, writes, stride):
        house = make_harness(gcs, monkeypatch)
        before, theirs = house.find_remaining("alice"), house.find_remaining("bob")
        asked(house, account=True)
        house.crash.at_write, house.crash.after_write, house.crash.write_count = cut_at, late, 0

        done = house.run_request(NUMBER)

        assert house.crash.write_count > cut_at, "the power was not cut"
        check_erased(house, before, theirs, done)


def test_a_tombstone_is_gone_after_its_days(harness: PersonalDataHarness) -> None:
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
