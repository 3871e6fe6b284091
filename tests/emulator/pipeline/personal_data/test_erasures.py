"""Erasures of a user's data over the running suite."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest

from infra.local.client.http import request
from infra.local.suite.handle import SuiteHandle, wait_until
from shared.flows.documents import all_documents
from shared.pipeline import Bucket
from shared.privacy.data_requests import job_folders, owner_hash
from shared.runtime.services import Services
from tests.emulator.pipeline.personal_data.user_data import (
    create_user_with_data,
    put_object,
    remaining_data,
)
from tests.fakes.webhook_receiver import WebhookReceiver
from tests.fixtures.suite import firestore
from tests.fixtures.suite.data_requests import make_request_due
from tests.fixtures.suite.users import JOB_REQUEST

pytestmark = pytest.mark.suite


def read_erasure(url: str) -> dict[str, Any]:
    """Returns an erasure as its public link shows it."""
    response = request("GET", url)
    assert response.status == 200, response.body
    return dict(response.json())


def wait_for_phase(url: str, phase: str) -> dict[str, Any]:
    """Returns the erasure once it is in this phase."""
    return wait_until(
        lambda: next((row for row in [read_erasure(url)] if row["phase"] == phase), None), phase
    )


def verify_receipt(erasure: dict[str, Any]) -> dict[str, Any]:
    """Returns the claims of the receipt after a check of its signature with the served keys."""
    keys = jwt.PyJWKSet.from_dict(request("GET", erasure["keys_url"]).json())
    kid = jwt.get_unverified_header(erasure["receipt"])["kid"]
    return dict(jwt.decode(erasure["receipt"], keys[kid], algorithms=["EdDSA"]))


def test_account_is_erased_completely_with_a_verifiable_receipt(
    suite: SuiteHandle, services: Services, receiver: WebhookReceiver, tmp_path: Path
) -> None:
    client = create_user_with_data(suite, services, receiver, tmp_path)
    other_client = suite.client()
    other_job_id = other_client.call("POST", "/v1/jobs", JOB_REQUEST)["job"]["id"]
    owner = client.user.uid
    jobs = [job["id"] for job in client.call("GET", "/v1/jobs")["jobs"]]
    before = remaining_data(services, owner, jobs)
    assert len(before) > 30

    first = client.call("DELETE", "/v1/me")
    erasure = wait_for_phase(first["url"], "checking")
    # An object that was still being written when its job was removed.
    folder = next(
        location for location in job_folders(jobs[0]) if location.bucket is Bucket.OUTPUTS
    )
    put_object(services, folder.bucket, f"{folder.prefix}late.zip")
    assert [path for path in remaining_data(services, owner, jobs) if path.startswith("jobs/")] == [
        f"jobs/{job}" for job in sorted(jobs)
    ]
    make_request_due(suite, first["id"])
    erasure = wait_for_phase(first["url"], "erased")

    assert remaining_data(services, owner, jobs) == []
    receipt = verify_receipt(erasure)
    inventory = request("GET", request("GET", erasure["inventory_url"]).headers["Location"]).body
    rows = [json.loads(line) for line in inventory.splitlines()]
    names = {row["name"] for row in rows}
    assert hashlib.sha256(inventory).hexdigest() == receipt["inventory_sha256"]
    missing = [
        path
        for path in before
        if path not in names and not any(name.endswith("/" + path) for name in names)
    ]
    assert missing == []
    assert any(name.endswith("/late.zip") for name in names)
    assert receipt["documents_removed"] + receipt["objects_removed"] == len(rows)
    assert receipt["account"] == "removed"
    assert set(receipt["left"].values()) == {0}
    assert receipt["kept"]["tombstones"] == len(jobs) == 3
    copies_vanish_at = datetime.fromisoformat(receipt["copies_vanish_at"])
    assert timedelta(days=13) < copies_vanish_at - datetime.now(UTC) <= timedelta(days=14)
    credentials = {"email": client.user.email, "password": client.user.password}
    sign_in = client.user._post("signInWithPassword", credentials)
    assert sign_in.status == 400, "the account still exists"
    assert other_client.get_job(other_job_id)["status"] == "awaiting_upload"
    wait_until(
        lambda: not services.store.run_query(all_documents(f"data_requests/{first['id']}/removed")),
        "the inventory chunks to be removed",
    )


def test_erasure_of_data_keeps_the_account_and_newer_data(
    suite: SuiteHandle, services: Services
) -> None:
    client = suite.client()
    old_job_id = client.call("POST", "/v1/jobs", JOB_REQUEST)["job"]["id"]
    first = client.call("POST", "/v1/me/erasures", {"account": False})
    repeated = client.call("POST", "/v1/me/erasures", {"account": False})
    wait_for_phase(first["url"], "checking")
    new_job_id = client.call("POST", "/v1/jobs", JOB_REQUEST)["job"]["id"]
    make_request_due(suite, first["id"])
    erasure = wait_for_phase(first["url"], "erased")

    assert repeated["id"] == first["id"], "a repeated request starts no second erasure"
    assert repeated["url"] != first["url"], "the URL is stored"
    assert request("GET", repeated["url"]).json()["receipt"] == erasure["receipt"]
    assert request("GET", f"{suite.url('api')}/v1/erasures/{first['id']}").status == 404
    assert client.send("GET", f"/v1/jobs/{old_job_id}").status == 404
    assert client.get_job(new_job_id)["status"] == "awaiting_upload"
    assert verify_receipt(erasure)["account"] == "kept"


def test_crashes_during_an_erasure_change_nothing(suite: SuiteHandle, services: Services) -> None:
    client = suite.client()
    job_id = client.call("POST", "/v1/jobs", JOB_REQUEST)["job"]["id"]
    first = client.call("POST", "/v1/me/erasures", {"account": False})
    request_id = first["id"]
    wait_for_phase(first["url"], "checking")
    # Both are requested at once: after a crash the message comes again, and on a busy machine
    # that attempt could end before the next crash is requested.
    crash_files = [
        suite.crash_once(point, "personal_data", request_id)
        for point in ("after_claim", "after_work")
    ]
    for crash_file in crash_files:
        make_request_due(suite, request_id)
        wait_until(lambda crash_file=crash_file: not crash_file.exists(), "the crash")  # type: ignore[misc]
        wait_until(lambda: suite.services()["personal_data"]["ready"], "the function to restart")
        past = datetime.now(UTC) - timedelta(seconds=1)
        firestore.update_document(suite, f"data_requests/{request_id}", {"lease_until": past})
    make_request_due(suite, request_id)
    erasure = wait_for_phase(first["url"], "erased")

    remaining = remaining_data(services, client.user.uid, [job_id])
    # The counters of rate limits and the totals stay with the account.
    kept = {"limits/jobs", "limits/changes", f"totals/{owner_hash(client.user.uid)}"}
    assert {path.split(".")[0] for path in remaining} == kept
    rows = request("GET", request("GET", erasure["inventory_url"]).headers["Location"]).body
    assert f'"jobs/{job_id}"'.encode() in rows
    assert verify_receipt(erasure)["kept"]["tombstones"] == 1


def test_guessed_erasure_is_not_found(suite: SuiteHandle) -> None:
    for path in ("0" * 20, "x", "..", "A" * 20):
        assert request("GET", f"{suite.url('api')}/v1/erasures/{path}").status == 404
