"""Exports of a user's data over the running suite."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest

from infra.local.client.http import request
from infra.local.suite.handle import SuiteHandle, wait_until
from shared.jobs.emails.preferences import Preferences
from shared.pipeline import Bucket
from shared.privacy.data_requests import owner_hash
from shared.runtime.services import Services
from tests.emulator.pipeline.personal_data.user_data import create_user_with_data
from tests.fakes.webhook_receiver import WebhookReceiver
from tests.fixtures.suite.data_requests import make_request_due

pytestmark = pytest.mark.suite


def test_export_has_all_data_with_links_and_without_secrets(
    suite: SuiteHandle, services: Services, receiver: WebhookReceiver, tmp_path: Path
) -> None:
    client = create_user_with_data(suite, services, receiver, tmp_path)
    first = client.call("POST", "/v1/me/exports")
    assert client.call("POST", "/v1/me/exports")["id"] == first["id"], (
        "a repeated request starts no second export"
    )
    path = f"/v1/me/exports/{first['id']}"
    export = wait_until(
        lambda: next((row for row in [client.call("GET", path)] if row["phase"] == "ready"), None),
        "the export",
    )

    [part] = export["parts"]
    content = request("GET", client.send("GET", part["url"]).headers["Location"]).body
    link = client.call("GET", f"{part['url']}/link")
    assert (link["filename"], link["size_bytes"]) == (part["name"], len(content))
    assert request("GET", link["url"]).body == content
    archive = zipfile.ZipFile(io.BytesIO(content))
    rows = {
        name: [json.loads(line) for line in archive.read(name).splitlines()]
        for name in archive.namelist()
        if name.endswith(".jsonl")
    }
    assert {name: len(rows_of_file) for name, rows_of_file in rows.items()} == {
        "jobs.jsonl": 3,
        "api_keys.jsonl": 0,
        "webhooks.jsonl": 1,
        "bucket_bindings.jsonl": 0,
        "deliveries.jsonl": 2,
        "shares.jsonl": 1,
        "mails.jsonl": 2,
        "cameras.jsonl": 0,
        "recordings.jsonl": 0,
        "totals.jsonl": len({row["id"][0] for row in rows["jobs.jsonl"]}),
    }
    job = next(row for row in rows["jobs.jsonl"] if row["status"] == "done")
    result = job["links"]["frames.zip"].removeprefix(suite.url("api"))
    assert client.send("GET", result).status == 302
    assert job["stages_documents"]
    assert job["events_documents"]
    account = json.loads(archive.read("account.json"))
    assert account["email"] == client.user.email
    assert account["preferences"] == Preferences().to_dict(client.user.uid)
    assert b"whsec_" not in b"".join(archive.read(name) for name in archive.namelist())
    assert suite.client().send("GET", path).status == 404
    assert suite.client().send("GET", part["url"]).status == 404
    assert suite.client().send("GET", f"{part['url']}/link").status == 404

    make_request_due(suite, first["id"])
    wait_until(lambda: client.call("GET", path)["phase"] == "expired", "the export to expire")
    folder = f"exports/{owner_hash(client.user.uid)}/"
    assert services.objects.list_objects(Bucket.OUTPUTS, folder) == ()
    assert client.send("GET", part["url"]).status == 404
