"""Everything of a person is removed and written down, wherever the power fails on the way."""

from __future__ import annotations

import hashlib
import itertools
import json
from datetime import datetime, timedelta
from typing import Any

import jwt
import pytest

from shared.entrypoints.task import ErrandTask
from shared.errors import DeadlineNear, StorageUnavailable
from shared.flows.documents import Create, Update, job_path
from shared.jobs.commands import delete
from shared.jobs.commands.delete import TOMBSTONE_DAYS
from shared.jobs.maintenance import sweep
from shared.pipeline import Bucket
from shared.privacy.data_requests import new_erasure, new_export, owner_folder
from shared.runtime.interpreter import Driver
from tests.fixtures.gcs.server import StandIn
from tests.fixtures.personal_data import NOW, House
from tests.unit.functions.personal_data.conftest import furnished

pytestmark = pytest.mark.slow

NUMBER = "e" * 20


def asked(house: House, *, account: bool) -> None:
    house.ledger.commit([new_erasure(NUMBER, "alice", account=account, now=house.clock.now())])


def inventory_of(house: House, done: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of the inventory, when its digest is the one that is signed."""
    place = done["inventory"]
    read = house.objects.read_at(Bucket(place["bucket"]), place["object"], place["generation"])
    content = read(0, place["size_bytes"])
    assert hashlib.sha256(content).hexdigest() == receipt_of(house, done)["inventory_sha256"]
    return [json.loads(line) for line in content.splitlines()]


def receipt_of(house: House, done: dict[str, Any]) -> dict[str, Any]:
    keys = [dict(doc.data) for doc in house.ledger.list_under("receipt_keys")]
    [key] = jwt.PyJWKSet.from_dict({"keys": keys}).keys
    return dict(
        jwt.decode(done["receipt"], key, algorithms=["EdDSA"], options={"verify_iat": False})
    )


def check_erased(house: House, before: list[str], theirs: list[str], done: dict[str, Any]) -> None:
    """All of Alice's is gone and written down, all of Bob's is there."""
    assert done["state"] == "done", done["error"]
    assert house.left_of("alice") == []
    assert house.left_of("bob") == theirs
    rows = inventory_of(house, done)
    names = {row["name"] for row in rows if row["kind"] == "document"}
    # Objects are named with their bucket.
    names |= {row["name"].partition("/")[2] for row in rows if row["kind"] == "object"}
    assert [name for name in before if name not in names] == []
    assert not any("bob" in name for name in names)
    receipt = receipt_of(house, done)
    assert set(receipt["left"].values()) == {0}
    assert receipt["kept"]["tombstones"] == 2
    assert house.ledger.list_under(f"data_requests/{NUMBER}/removed") == ()
    told = {name: value for name, value in done.items() if name != "cursor"}
    assert "alice" not in json.dumps(told, default=str), "what stays names nobody"


def test_an_account_goes_last_and_when_nothing_is_left(house: House) -> None:
    before, theirs = house.left_of("alice"), house.left_of("bob")
    assert len(before) > 25
    asked(house, account=True)

    done = house.fulfil(NUMBER)

    check_erased(house, before, theirs, done)
    assert house.keeper.accounts == {"bob"}
    assert house.keeper.shut == ["alice"]
    assert house.keeper.left_at_the_end == [[]]
    receipt = receipt_of(house, done)
    finished = datetime.fromisoformat(receipt["finished_at"])
    assert finished - datetime.fromisoformat(receipt["requested_at"]) >= timedelta(minutes=15)
    vanish = datetime.fromisoformat(receipt["copies_vanish_at"])
    assert vanish - finished == timedelta(days=7)


def test_a_receipt_that_was_altered_does_not_verify(house: House) -> None:
    asked(house, account=True)
    done = house.fulfil(NUMBER)
    head, body, signature = done["receipt"].split(".")
    forged = f"{head}.{body[:-2]}{'AA' if body[-2:] != 'AA' else 'BB'}.{signature}"

    with pytest.raises(jwt.InvalidSignatureError):
        receipt_of(house, {"receipt": forged})


def test_what_was_still_being_written_goes_with_the_second_look(house: House) -> None:
    asked(house, account=True)
    late = f"jobs/{house.jobs['alice'][1]}/a/late.zip"
    real = house.objects.listed
    written: list[str] = []

    def listed(bucket: Bucket, prefix: str) -> Any:
        # The running function writes once more when its job has been removed already.
        if house.clock.now() > asked_at + timedelta(minutes=14) and not written:
            written.append(late)
            house.put(Bucket.OUTPUTS, late)
        return real(bucket, prefix)

    asked_at = house.clock.now()
    house.objects.listed = listed  # type: ignore[method-assign]
    done = house.fulfil(NUMBER)

    assert written
    assert house.left_of("alice") == []
    assert any(row["name"].endswith("/late.zip") for row in inventory_of(house, done))


def test_something_that_comes_again_and_again_is_said_and_not_signed_for(house: House) -> None:
    asked(house, account=True)
    real = house.objects.remove

    def remove(bucket: Bucket, name: str, generation: int | None = None) -> None:
        if not name.endswith("a.wav"):
            real(bucket, name, generation)

    house.objects.remove = remove  # type: ignore[method-assign]
    done = house.fulfil(NUMBER)

    assert (done["state"], done["error"]["code"]) == ("failed", "still-there")
    assert "work/narration: 1" in done["error"]["message"]
    assert done["receipt"] is None
    assert "alice" in house.keeper.accounts


def test_a_night_without_storage_ends_no_erasure(house: House) -> None:
    """Whoever is shut out already cannot ask for it again."""
    before, theirs = house.left_of("alice"), house.left_of("bob")
    asked(house, account=True)
    real, over = house.objects.listed, house.clock.now() + timedelta(hours=12)

    def listed(bucket: Bucket, prefix: str) -> Any:
        if house.clock.now() < over:
            raise StorageUnavailable
        return real(bucket, prefix)

    house.objects.listed = listed  # type: ignore[method-assign]
    while house.clock.now() < over:
        house.deliver(NUMBER)
        (doc,) = house.ledger.read([f"data_requests/{NUMBER}"])
        assert doc is not None
        assert doc.data["state"] == "open", doc.data["error"]
    done = house.fulfil(NUMBER)

    check_erased(house, before, theirs, done)


def test_who_keeps_the_account_keeps_what_is_new(house: House) -> None:
    asked(house, account=False)
    later = house.clock.now() + timedelta(seconds=30)
    new = "n" * 20
    (doc,) = house.ledger.read([job_path(house.jobs["alice"][0])])
    assert doc is not None
    house.ledger.commit([Create(job_path(new), {**doc.data, "created_at": later})])

    done = house.fulfil(NUMBER)

    assert receipt_of(house, done)["account"] == "kept"
    assert set(house.left_of("alice")) == {f"jobs/{new}", *house.ledger.paths_naming(
        "limits", owner_folder("alice"))}, "an erasure is no way to call more often"  # fmt: skip
    assert house.keeper.accounts == {"alice", "bob"}
    assert house.keeper.shut == []


def test_an_account_of_a_thousand_jobs_is_gone_through_in_steps(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here a step is one job: the way is the same, only shorter."""
    monkeypatch.setattr("functions.personal_data.erasure.JOBS_IN_A_STEP", 1)
    before, theirs = house.left_of("alice"), house.left_of("bob")
    asked(house, account=True)

    check_erased(house, before, theirs, house.fulfil(NUMBER))


def test_what_is_made_between_the_two_looks_by_who_goes_on_is_kept(house: House) -> None:
    asked(house, account=False)
    for _ in range(2):
        house.deliver(NUMBER)
    (doc,) = house.ledger.read([f"data_requests/{NUMBER}"])
    assert doc is not None
    assert doc.data["phase"] == "checking"
    now = house.clock.now()
    copy = f"exports/{owner_folder('alice')}/{'n' * 20}/1-t.zip"
    stray = f"exports/{owner_folder('alice')}/{'o' * 20}/1-t.zip"
    house.ledger.commit(
        [
            Create("preferences/alice", {"mails": "none"}),
            Create("idempotency/new", {"owner": "alice", "claimed_at": now}),
            new_export("n" * 20, "alice", "", now),
        ]
    )
    house.put(Bucket.OUTPUTS, copy)
    # Of a copy that was asked for before, by a worker that had not noticed.
    house.put(Bucket.OUTPUTS, stray)

    done = house.fulfil(NUMBER)

    assert done["state"] == "done"
    left = house.left_of("alice")
    assert {"preferences/alice", "idempotency/new", copy} <= set(left)
    assert stray not in left


def test_an_erasure_that_failed_before_is_no_trace_of_its_own(house: House) -> None:
    old = new_erasure("o" * 20, "alice", account=True, now=house.clock.now())
    house.ledger.commit([old, Update(old.path, {"state": "failed", "finished_at": NOW})])
    asked(house, account=True)

    house.fulfil(NUMBER)

    assert old.path not in house.ledger.docs


def test_a_step_that_runs_out_of_time_goes_on_where_it_was(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every second look at the clock says that the time is over."""
    looks = itertools.count()

    def check(_: ErrandTask) -> None:
        if next(looks) % 2:
            raise DeadlineNear

    monkeypatch.setattr(ErrandTask, "check", check)
    before, theirs = house.left_of("alice"), house.left_of("bob")
    asked(house, account=True)

    done = house.fulfil(NUMBER)

    check_erased(house, before, theirs, done)


def power_cuts(house: House) -> int:
    """How many writes an undisturbed erasure takes."""
    asked(house, account=True)
    house.power.writes = 0
    house.fulfil(NUMBER)
    return house.power.writes


@pytest.mark.parametrize("stride", [19, pytest.param(1, marks=pytest.mark.sweep)])
@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
def test_a_power_cut_at_any_write_loses_nothing_from_the_list(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch, late: bool, stride: int
) -> None:
    writes = power_cuts(furnished(stand_in, monkeypatch))
    assert writes > 40
    for cut_at in range(1, writes, stride):
        house = furnished(stand_in, monkeypatch)
        before, theirs = house.left_of("alice"), house.left_of("bob")
        asked(house, account=True)
        house.power.cut_at, house.power.late, house.power.writes = cut_at, late, 0

        done = house.fulfil(NUMBER)

        assert house.power.writes > cut_at, "the power was not cut"
        check_erased(house, before, theirs, done)


def test_a_tombstone_is_gone_after_its_days(house: House) -> None:
    job = house.jobs["bob"][0]
    Driver(house.world).run(delete.delete(job, house.world.clockwork))
    driver = Driver(house.world)
    for days in (1, TOMBSTONE_DAYS - 2):
        house.clock.time += timedelta(days=days)
        driver.run(sweep.sweep(house.world.clockwork))
        assert house.ledger.docs[job_path(job)][0]["status"] == "deleted"
    house.clock.time += timedelta(days=2)
    driver.run(sweep.sweep(house.world.clockwork))

    assert job_path(job) not in house.ledger.docs
