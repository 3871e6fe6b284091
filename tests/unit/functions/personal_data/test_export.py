"""Exports: complete, in several parts, and deleted after a week."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta
from typing import Any

import pytest

from functions.api.webhooks.event_schemas import ExportEvent
from shared.capabilities import hash_capability
from shared.flows.documents import Create, owned_documents
from shared.flows.effects import Reply
from shared.jobs.webhooks.events import EVENT
from shared.pipeline import Bucket
from shared.privacy.data_requests import PERSONAL_DATA, new_export, owner_hash
from shared.tasks.task import task_path
from tests.fixtures.personal_data import PersonalDataHarness

REQUEST_ID = "c" * 20
FOLDER = f"exports/{owner_hash('alice')}/{REQUEST_ID}/"


def request_export(harness: PersonalDataHarness) -> None:
    harness.store.commit(
        [new_export(REQUEST_ID, "alice", "alice@moodreel.test", harness.clock.now())]
    )


def run_until_ready(harness: PersonalDataHarness) -> dict[str, Any]:
    """Returns the document of the request when the export is ready."""
    for _ in range(60):
        harness.deliver_request(REQUEST_ID)
        (doc,) = harness.store.read([task_path(PERSONAL_DATA, REQUEST_ID)])
        assert doc is not None
        if doc.data["phase"] == "ready":
            return dict(doc.data)
    raise AssertionError("the export is never ready")


def read_rows(
    harness: PersonalDataHarness, document: dict[str, Any]
) -> dict[str, list[dict[str, Any]]]:
    """Returns the rows of all parts by file."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for part in document["parts"]:
        read = harness.objects.range_reader(
            Bucket(part["bucket"]), part["object"], part["generation"]
        )
        archive = zipfile.ZipFile(io.BytesIO(read(0, part["size_bytes"])))
        assert archive.testzip() is None
        for name in archive.namelist():
            if name.endswith(".jsonl"):
                lines = [json.loads(line) for line in archive.read(name).splitlines()]
                rows.setdefault(name, []).extend(lines)
    return rows


@pytest.mark.parametrize("max_rows", [1, 2, 1000])
def test_every_document_is_exported_once(
    harness: PersonalDataHarness, monkeypatch: pytest.MonkeyPatch, max_rows: int
) -> None:
    monkeypatch.setattr("functions.personal_data.export.MAX_JOBS", max_rows)
    monkeypatch.setattr("functions.personal_data.export.MAX_ROWS", max_rows)
    request_export(harness)

    document = run_until_ready(harness)

    rows = read_rows(harness, document)
    assert sorted(row["id"] for row in rows["jobs.jsonl"]) == harness.jobs["alice"]
    counts = {name: len(lines) for name, lines in rows.items()}
    assert counts == {
        "jobs.jsonl": 2, "mails.jsonl": 2, "webhooks.jsonl": 1, "bucket_bindings.jsonl": 1,
        "deliveries.jsonl": 1,
        "shares.jsonl": 1, "cameras.jsonl": 1, "recordings.jsonl": 2, "totals.jsonl": 1,
        "api_keys.jsonl": 1,
    }  # fmt: skip
    assert (len(document["parts"]) > 1) is (max_rows == 1)
    assert not any("bob" in json.dumps(row) for lines in rows.values() for row in lines)


def test_export_that_is_ready_is_told_once(harness: PersonalDataHarness) -> None:
    request_export(harness)
    document = run_until_ready(harness)
    harness.deliver_request(REQUEST_ID)

    docs = harness.store.run_query(owned_documents("deliveries", "alice"))
    [task] = [doc.data for doc in docs if doc.data["kind"] == EVENT]
    event = ExportEvent.model_validate_json(task["body"])
    assert task["email"] == "alice@moodreel.test"
    assert event.data.request_id == REQUEST_ID
    assert [part.size_bytes for part in event.data.parts] == [
        part["size_bytes"] for part in document["parts"]
    ]
    assert event.data.parts[0].url == f"/v1/me/exports/{REQUEST_ID}/parts/1"


def test_export_contains_no_token_of_a_share_link(harness: PersonalDataHarness) -> None:
    token = "5" * 48
    link = {"owner": "alice", "artifact": "frames.zip"}
    mail = {"owner": "alice", "token": token, "share": hash_capability(token)}
    harness.store.commit([Create(f"shares/{token}", link), Create("mails/m", mail)])
    request_export(harness)

    rows = read_rows(harness, run_until_ready(harness))

    assert {"id": hash_capability(token), **link} in rows["shares.jsonl"]
    assert token not in json.dumps(rows)


def test_part_of_a_crashed_attempt_is_written_again_and_deleted(
    harness: PersonalDataHarness,
) -> None:
    request_export(harness)
    harness.crash.at_write, harness.crash.after_write, harness.crash.write_count = 3, False, 0

    document = run_until_ready(harness)

    assert harness.crash.write_count > 3, "nothing crashed"
    assert len(read_rows(harness, document)["jobs.jsonl"]) == 2
    assert len(harness.objects.list_objects(Bucket.OUTPUTS, FOLDER)) == 2
    harness.run_request(REQUEST_ID)
    assert harness.objects.list_objects(Bucket.OUTPUTS, FOLDER) == ()


def test_export_is_deleted_after_a_week(
    harness: PersonalDataHarness,
) -> None:
    request_export(harness)
    document = run_until_ready(harness)
    assert len(harness.objects.list_objects(Bucket.OUTPUTS, FOLDER)) == len(document["parts"])
    assert document["next_check_at"] == document["due_at"], "the sweeper deletes it on time"

    expired = harness.run_request(REQUEST_ID)

    assert (expired["phase"], expired["parts"]) == ("expired", [])
    assert harness.objects.list_objects(Bucket.OUTPUTS, FOLDER) == ()
    assert expired["expires_at"] - harness.clock.now() <= timedelta(days=30)


def test_ready_export_keeps_no_message(harness: PersonalDataHarness) -> None:
    request_export(harness)
    run_until_ready(harness)

    reply = harness.deliver_request(REQUEST_ID, when_due=False)

    assert reply is Reply.ACK
