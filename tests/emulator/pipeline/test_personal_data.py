"""Everything that is kept about a person: copied on request, removed on request, and proven."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest

from infra.local.suite.api_client import Client
from infra.local.suite.handle import SuiteHandle, wait_until
from infra.local.suite.http import request
from shared.flows.documents import Create
from shared.jobs.preferences import Preferences, preferences_path
from shared.pipeline import Bucket
from shared.privacy.data_requests import job_folders, owner_folders, owner_hash
from shared.runtime.interpreter import Services
from tests.fakes.webhook_receiver import WebhookReceiver, running_receiver
from tests.fixtures.media.clips import CLIP_SPECS
from tests.fixtures.suite import firestore
from tests.fixtures.suite.users import JOB_REQUEST, create_failed_job

pytestmark = pytest.mark.suite

OWNED = ("jobs", "mails", "shares", "webhooks", "deliveries", "data_requests", "idempotency")


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with running_receiver(204) as found:
        yield found


def put(services: Services, bucket: Bucket, name: str) -> None:
    """An object as a function would have left it."""
    with services.objects.create(bucket, name, content_type="text/plain", spec="s") as out:
        out.write(b"words of a person")


def furnished(
    suite: SuiteHandle, services: Services, receiver: WebhookReceiver, folder: Path
) -> Client:
    """Somebody with a finished, a failed and a waiting job, and all that comes with them."""
    client = suite.client()
    owner, hashed = client.user.uid, owner_hash(client.user.uid)
    client.call("POST", "/v1/webhooks", {"url": receiver.url})
    done = suite.start_job(client, "frames", CLIP_SPECS["cfr30"].encode().path)
    create_failed_job(suite, client, folder)
    client.call("POST", "/v1/jobs", JOB_REQUEST)
    suite.wait_for_job(client, done)
    for name in (f"narration/{hashed}/a.wav", f"slides/{hashed}/b.json"):
        put(services, Bucket.WORK, name)
    put(services, Bucket.WORK, f"quarantine/uploads/jobs/{done}/video.0.7")
    now = datetime.now(UTC)
    services.store.commit([Create(preferences_path(owner), Preferences().to_dict(owner))])
    services.store.commit(
        [Create(f"limits/sign-ins.{owner_hash(client.user.email)}.7", {"expires_at": now})]
    )
    services.store.commit([Create(f"limits/create.{hashed}.77", {"count": 1, "expires_at": now})])
    services.store.commit([Create(f"idempotency/{hashed}", {"owner": owner, "created_at": now})])
    wait_until(lambda: len(suite.list_emails(client.user.email)) == 2, "both mails")
    wait_until(lambda: len(receiver.requests) >= 2, "both calls")
    return client


def left_of(services: Services, owner: str, jobs: list[str]) -> list[str]:
    """All that names the person or their jobs, looked for past every rule and every function."""
    found = [
        doc.path
        for collection in OWNED
        for doc in services.store.list_owned_by_id(collection, owner)
        if doc.data.get("kind") != "erasure"
    ]
    found += [path for job in jobs for path in services.store.list_job_paths(job)]
    found += [
        doc.path for doc in services.store.read([f"preferences/{owner}", f"users/{owner}"]) if doc
    ]
    found += services.store.list_paths_containing("limits", owner_hash(owner))
    folders = [*owner_folders(owner), *(one for job in jobs for one in job_folders(job))]
    found += [
        one.name
        for place in folders
        for one in services.objects.list_objects(place.bucket, place.prefix)
    ]
    return found


def make_request_due(suite: SuiteHandle, number: str) -> None:
    """The quarter of an hour is over."""
    past = datetime.now(UTC) - timedelta(seconds=1)
    firestore.update_document(
        suite, f"data_requests/{number}", {"due_at": past, "next_check_at": past}
    )
    suite.trigger_schedule("sweeper")


def told(url: str) -> dict[str, Any]:
    """An erasure as anybody with its link sees it."""
    answer = request("GET", url)
    assert answer.status == 200, answer.body
    return dict(answer.json())


def in_phase(url: str, phase: str) -> dict[str, Any]:
    """The erasure once it is so far."""
    return wait_until(
        lambda: next((one for one in [told(url)] if one["phase"] == phase), None), phase, 60
    )


def verified(erasure: dict[str, Any]) -> dict[str, Any]:
    """What the receipt says, when its signature is that of a served key."""
    keys = jwt.PyJWKSet.from_dict(request("GET", erasure["keys_url"]).json())
    kid = jwt.get_unverified_header(erasure["receipt"])["kid"]
    return dict(jwt.decode(erasure["receipt"], keys[kid], algorithms=["EdDSA"]))


def test_an_account_is_removed_to_the_last_trace_and_a_receipt_proves_it(
    suite: SuiteHandle, services: Services, receiver: WebhookReceiver, tmp_path: Path
) -> None:
    client = furnished(suite, services, receiver, tmp_path)
    bystander = suite.client()
    theirs = bystander.call("POST", "/v1/jobs", JOB_REQUEST)["job"]["id"]
    owner = client.user.uid
    jobs = [one["id"] for one in client.call("GET", "/v1/jobs")["jobs"]]
    before = left_of(services, owner, jobs)
    assert len(before) > 30

    first = client.call("DELETE", "/v1/me")
    erasure = in_phase(first["url"], "checking")
    # What was still being written when its job was removed.
    late = next(one for one in job_folders(jobs[0]) if one.bucket is Bucket.OUTPUTS)
    put(services, late.bucket, f"{late.prefix}late.zip")
    assert [path for path in left_of(services, owner, jobs) if path.startswith("jobs/")] == [
        f"jobs/{job}" for job in sorted(jobs)
    ]
    make_request_due(suite, first["id"])
    erasure = in_phase(first["url"], "erased")

    assert left_of(services, owner, jobs) == []
    receipt = verified(erasure)
    inventory = request("GET", request("GET", erasure["inventory_url"]).headers["Location"]).body
    rows = [json.loads(line) for line in inventory.splitlines()]
    names = {row["name"] for row in rows}
    assert hashlib.sha256(inventory).hexdigest() == receipt["inventory_sha256"]
    missing = [
        path
        for path in before
        if path not in names and not any(one.endswith("/" + path) for one in names)
    ]
    assert missing == []
    assert any(name.endswith("/late.zip") for name in names)
    assert receipt["documents_removed"] + receipt["objects_removed"] == len(rows)
    assert receipt["account"] == "removed"
    assert set(receipt["left"].values()) == {0}
    assert receipt["kept"]["tombstones"] == len(jobs) == 3
    ends = datetime.fromisoformat(receipt["copies_vanish_at"])
    assert timedelta(days=13) < ends - datetime.now(UTC) <= timedelta(days=14)
    assert client.user._post("signInWithPassword").status == 400, "the account is gone"
    assert bystander.get_job(theirs)["status"] == "awaiting_upload"
    wait_until(
        lambda: not services.store.list_documents(f"data_requests/{first['id']}/removed"),
        "the chunks to go",
    )


def test_data_alone_is_removed_and_what_is_new_since_is_kept(
    suite: SuiteHandle, services: Services
) -> None:
    client = suite.client()
    old = client.call("POST", "/v1/jobs", JOB_REQUEST)["job"]["id"]
    first = client.call("POST", "/v1/me/erasures", {"account": False})
    again = client.call("POST", "/v1/me/erasures", {"account": False})
    in_phase(first["url"], "checking")
    new = client.call("POST", "/v1/jobs", JOB_REQUEST)["job"]["id"]
    make_request_due(suite, first["id"])
    erasure = in_phase(first["url"], "erased")

    assert again["id"] == first["id"], "twice is once"
    assert client.send("GET", f"/v1/jobs/{old}").status == 404
    assert client.get_job(new)["status"] == "awaiting_upload"
    assert verified(erasure)["account"] == "kept"


def test_a_power_cut_at_every_step_changes_nothing(suite: SuiteHandle, services: Services) -> None:
    client = suite.client()
    job = client.call("POST", "/v1/jobs", JOB_REQUEST)["job"]["id"]
    first = client.call("POST", "/v1/me/erasures", {"account": False})
    number = first["id"]
    in_phase(first["url"], "checking")
    for point in ("after_work", "after_claim"):
        order = suite.crash_once(point, "personal_data", number)
        make_request_due(suite, number)
        wait_until(lambda order=order: not order.exists(), "the crash")  # type: ignore[misc]
        wait_until(lambda: suite.services()["personal_data"]["ready"], "it to come back")
        past = datetime.now(UTC) - timedelta(seconds=1)
        firestore.update_document(suite, f"data_requests/{number}", {"lease_until": past})
    make_request_due(suite, number)
    erasure = in_phase(first["url"], "erased")

    left = left_of(services, client.user.uid, [job])
    # Who keeps the account keeps what is counted for limits.
    assert {path.split(".")[0] for path in left} == {"limits/jobs", "limits/changes"}
    rows = request("GET", request("GET", erasure["inventory_url"]).headers["Location"]).body
    assert f'"jobs/{job}"'.encode() in rows
    assert verified(erasure)["kept"]["tombstones"] == 1


def test_everything_is_copied_with_links_and_without_secrets(
    suite: SuiteHandle, services: Services, receiver: WebhookReceiver, tmp_path: Path
) -> None:
    client = furnished(suite, services, receiver, tmp_path)
    first = client.call("POST", "/v1/me/exports")
    assert client.call("POST", "/v1/me/exports")["id"] == first["id"], "twice is once"
    path = f"/v1/me/exports/{first['id']}"
    export = wait_until(
        lambda: next((one for one in [client.call("GET", path)] if one["phase"] == "ready"), None),
        "the copy",
    )

    [part] = export["parts"]
    bytes_ = request("GET", client.send("GET", part["url"]).headers["Location"]).body
    link = client.call("GET", f"{part['url']}/link")
    assert (link["filename"], link["size_bytes"]) == (part["name"], len(bytes_))
    assert request("GET", link["url"]).body == bytes_
    archive = zipfile.ZipFile(io.BytesIO(bytes_))
    rows = {
        name: [json.loads(line) for line in archive.read(name).splitlines()]
        for name in archive.namelist()
        if name.endswith(".jsonl")
    }
    assert {name: len(found) for name, found in rows.items()} == {
        "jobs.jsonl": 3,
        "webhooks.jsonl": 1,
        "deliveries.jsonl": 2,
        "shares.jsonl": 1,
        "mails.jsonl": 2,
        "cameras.jsonl": 0,
        "recordings.jsonl": 0,
    }
    done = next(one for one in rows["jobs.jsonl"] if one["status"] == "done")
    result = done["links"]["frames.zip"].removeprefix(suite.url("api"))
    assert client.send("GET", result).status == 302
    assert done["stages_documents"]
    assert done["events_documents"]
    account = json.loads(archive.read("account.json"))
    assert account["email"] == client.user.email
    assert account["preferences"] == Preferences().to_dict(client.user.uid)
    assert b"whsec_" not in b"".join(archive.read(name) for name in archive.namelist())
    assert suite.client().send("GET", path).status == 404
    assert suite.client().send("GET", part["url"]).status == 404
    assert suite.client().send("GET", f"{part['url']}/link").status == 404

    make_request_due(suite, first["id"])
    wait_until(lambda: client.call("GET", path)["phase"] == "expired", "its week to be over")
    folder = f"exports/{owner_hash(client.user.uid)}/"
    assert services.objects.list_objects(Bucket.OUTPUTS, folder) == ()
    assert client.send("GET", part["url"]).status == 404


def test_a_guess_leads_to_no_erasure(suite: SuiteHandle) -> None:
    for path in ("0" * 20, "x", "..", "A" * 20):
        assert request("GET", f"{suite.url('api')}/v1/erasures/{path}").status == 404
