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
from shared.privacy.data_requests import PERSONAL_DATA, new_export, owner_hash
from shared.tasks.task import task_path
from tests.fixtures.personal_data import PersonalDataHarness

NUMBER = "c" * 20
FOLDER = f"exports/{owner_hash('alice')}/{NUMBER}/"


def asked(harness: PersonalDataHarness) -> None:
    harness.store.commit([new_export(NUMBER, "alice", "alice@moodreel.test", harness.clock.now())])


def made(harness: PersonalDataHarness) -> dict[str, Any]:
    """The request once its copy is ready."""
    for _ in range(60):
        harness.deliver_request(NUMBER)
        (doc,) = harness.store.read([task_path(PERSONAL_DATA, NUMBER)])
        assert doc is not None
        if doc.data["phase"] == "ready":
            return dict(doc.data)
    raise AssertionError("it is never ready")


def rows_of(harness: PersonalDataHarness, done: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The lines of all parts together, by file."""
    found: dict[str, list[dict[str, Any]]] = {}
    for part in done["parts"]:
        read = harness.objects.range_reader(
            Bucket(part["bucket"]), part["object"], part["generation"]
        )
        archive = zipfile.ZipFile(io.BytesIO(read(0, part["size_bytes"])))
        assert archive.testzip() is None
        for name in archive.namelist():
            if name.endswith(".jsonl"):
                lines = [json.loads(line) for line in archive.read(name).splitlines()]
                found.setdefault(name, []).extend(lines)
    return found


@pytest.mark.parametrize("most", [1, 2, 1000])
def test_every_document_is_in_it_once_however_many_parts_it_takes(
    harness: PersonalDataHarness, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr("functions.personal_data.export.MAX_JOBS", most)
    monkeypatch.setattr("functions.personal_data.export.MAX_ROWS", most)
    asked(harness)

    done = made(harness)

    rows = rows_of(harness, done)
    assert sorted(row["id"] for row in rows["jobs.jsonl"]) == harness.jobs["alice"]
    counts = {name: len(lines) for name, lines in rows.items()}
    assert counts == {
        "jobs.jsonl": 2, "mails.jsonl": 2, "webhooks.jsonl": 1, "deliveries.jsonl": 1,
        "shares.jsonl": 1, "cameras.jsonl": 1, "recordings.jsonl": 2,
    }  # fmt: skip
    assert (len(done["parts"]) > 1) is (most == 1)
    assert not any("bob" in json.dumps(row) for lines in rows.values() for row in lines)


def test_a_part_that_was_written_and_not_recorded_is_written_anew_and_goes_in_time(
    harness: PersonalDataHarness,
) -> None:
    asked(harness)
    harness.crash.at_write, harness.crash.after_write, harness.crash.write_count = 3, False, 0

    done = made(harness)

    assert harness.crash.write_count > 3, "the power was not cut"
    assert len(rows_of(harness, done)["jobs.jsonl"]) == 2
    assert len(harness.objects.list_objects(Bucket.OUTPUTS, FOLDER)) == 2
    harness.run_request(NUMBER)
    assert harness.objects.list_objects(Bucket.OUTPUTS, FOLDER) == ()


def test_a_copy_is_gone_after_its_week_and_the_request_after_a_month(
    harness: PersonalDataHarness,
) -> None:
    asked(harness)
    done = made(harness)
    assert len(harness.objects.list_objects(Bucket.OUTPUTS, FOLDER)) == len(done["parts"])
    assert done["next_check_at"] == done["due_at"], "the sweeper comes when it is over"

    gone = harness.run_request(NUMBER)

    assert (gone["phase"], gone["parts"]) == ("expired", [])
    assert harness.objects.list_objects(Bucket.OUTPUTS, FOLDER) == ()
    assert gone["expires_at"] - harness.clock.now() <= timedelta(days=30)


def test_a_copy_that_waits_keeps_no_message_waiting(harness: PersonalDataHarness) -> None:
    asked(harness)
    made(harness)

    reply = harness.deliver_request(NUMBER, when_due=False)

    assert reply is Reply.ACK
