"""A copy of everything: complete, in as many parts as it takes, and gone after its week."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta
from typing import Any

import pytest

from shared.flows.effects import Reply
from shared.pipeline import Bucket
from shared.privacy.data_requests import PERSONAL_DATA, new_export, owner_folder
from shared.tasks.task import errand_path
from tests.fixtures.personal_data import House

NUMBER = "c" * 20
FOLDER = f"exports/{owner_folder('alice')}/{NUMBER}/"


def asked(house: House) -> None:
    house.ledger.commit([new_export(NUMBER, "alice", "alice@moodreel.test", house.clock.now())])


def made(house: House) -> dict[str, Any]:
    """The request once its copy is ready."""
    for _ in range(60):
        house.deliver(NUMBER)
        (doc,) = house.ledger.read([errand_path(PERSONAL_DATA, NUMBER)])
        assert doc is not None
        if doc.data["phase"] == "ready":
            return dict(doc.data)
    raise AssertionError("it is never ready")


def rows_of(house: House, done: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The lines of all parts together, by file."""
    found: dict[str, list[dict[str, Any]]] = {}
    for part in done["parts"]:
        read = house.objects.read_at(Bucket(part["bucket"]), part["object"], part["generation"])
        archive = zipfile.ZipFile(io.BytesIO(read(0, part["size_bytes"])))
        assert archive.testzip() is None
        for name in archive.namelist():
            if name.endswith(".jsonl"):
                lines = [json.loads(line) for line in archive.read(name).splitlines()]
                found.setdefault(name, []).extend(lines)
    return found


@pytest.mark.parametrize("most", [1, 2, 1000])
def test_every_document_is_in_it_once_however_many_parts_it_takes(
    house: House, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr("functions.personal_data.export.JOBS_MOST", most)
    monkeypatch.setattr("functions.personal_data.export.ROWS_MOST", most)
    asked(house)

    done = made(house)

    rows = rows_of(house, done)
    assert sorted(row["id"] for row in rows["jobs.jsonl"]) == house.jobs["alice"]
    counts = {name: len(lines) for name, lines in rows.items()}
    assert counts == {
        "jobs.jsonl": 2, "mails.jsonl": 2, "webhooks.jsonl": 1, "deliveries.jsonl": 1,
        "shares.jsonl": 1, "cameras.jsonl": 1, "recordings.jsonl": 2,
    }  # fmt: skip
    assert (len(done["parts"]) > 1) is (most == 1)
    assert not any("bob" in json.dumps(row) for lines in rows.values() for row in lines)


def test_a_part_that_was_written_and_not_recorded_is_written_anew_and_goes_in_time(
    house: House,
) -> None:
    asked(house)
    house.power.cut_at, house.power.late, house.power.writes = 3, False, 0

    done = made(house)

    assert house.power.writes > 3, "the power was not cut"
    assert len(rows_of(house, done)["jobs.jsonl"]) == 2
    assert len(house.objects.listed(Bucket.OUTPUTS, FOLDER)) == 2
    house.fulfil(NUMBER)
    assert house.objects.listed(Bucket.OUTPUTS, FOLDER) == ()


def test_a_copy_is_gone_after_its_week_and_the_request_after_a_month(house: House) -> None:
    asked(house)
    done = made(house)
    assert len(house.objects.listed(Bucket.OUTPUTS, FOLDER)) == len(done["parts"])
    assert done["look_at"] == done["due_at"], "the sweeper comes when it is over"

    gone = house.fulfil(NUMBER)

    assert (gone["phase"], gone["parts"]) == ("expired", [])
    assert house.objects.listed(Bucket.OUTPUTS, FOLDER) == ()
    assert gone["expires_at"] - house.clock.now() <= timedelta(days=30)


def test_a_copy_that_waits_keeps_no_message_waiting(house: House) -> None:
    asked(house)
    made(house)

    reply = house.deliver(NUMBER, on_time=False)

    assert reply is Reply.ACK
