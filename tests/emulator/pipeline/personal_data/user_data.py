"""A user with data of every kind, and what remains of it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from infra.local.client.api_client import Client
from infra.local.suite.handle import SuiteHandle, wait_until
from shared.flows.documents import Create, owned_documents
from shared.jobs.emails.preferences import Preferences, preferences_path
from shared.pipeline import Bucket
from shared.privacy.data_requests import job_folders, owner_folders, owner_hash
from shared.privacy.limit_counters import counter_fields, counters_of
from shared.runtime.services import Services
from tests.fakes.webhook_receiver import WebhookReceiver
from tests.fixtures.media.clip_specs import CLIP_SPECS
from tests.fixtures.suite.users import JOB_REQUEST, create_failed_job

OWNED = (
    "jobs", "mails", "shares", "webhooks", "deliveries", "data_requests", "idempotency", "totals",
)  # fmt: skip


def put_object(services: Services, bucket: Bucket, name: str) -> None:
    """Writes an object as a function would."""
    with services.objects.create(bucket, name, content_type="text/plain", spec="s") as out:
        out.write(b"text of a user")


def create_user_with_data(
    suite: SuiteHandle, services: Services, receiver: WebhookReceiver, folder: Path
) -> Client:
    """Returns the client of a user with a finished, a failed and a waiting job and related data."""
    client = suite.client()
    owner, hashed = client.user.uid, owner_hash(client.user.uid)
    client.call("POST", "/v1/webhooks", {"url": receiver.url})
    job_id = suite.start_job(client, "frames", CLIP_SPECS["cfr30"].encode().path)
    create_failed_job(suite, client, folder)
    client.call("POST", "/v1/jobs", JOB_REQUEST)
    suite.wait_for_job(client, job_id)
    for name in (
        f"narration/{hashed}/a.wav", f"slides/{hashed}/b.json", f"cache/films/{hashed}/c",
    ):  # fmt: skip
        put_object(services, Bucket.WORK, name)
    put_object(services, Bucket.WORK, f"quarantine/uploads/jobs/{job_id}/video.0.7")
    now = datetime.now(UTC)
    services.store.commit([Create(preferences_path(owner), Preferences().to_dict(owner))])
    for policy, key_hash in (("sign-ins", owner_hash(client.user.email)), ("create", hashed)):
        fields = {"count": 1, **counter_fields(key_hash, now)}
        services.store.commit([Create(f"limits/{policy}.{key_hash}.7", fields)])
    services.store.commit([Create(f"idempotency/{hashed}", {"owner": owner, "created_at": now})])
    wait_until(lambda: len(suite.list_emails(client.user.email)) == 2, "both e-mails")
    wait_until(lambda: len(receiver.requests) >= 2, "both calls")
    return client


def remaining_data(services: Services, owner: str, jobs: list[str]) -> list[str]:
    """Returns documents and objects of the user or the jobs, read directly from the stores."""
    names = [
        doc.path
        for collection in OWNED
        for doc in services.store.run_query(owned_documents(collection, owner))
        if doc.data.get("kind") != "erasure"
    ]
    names += [path for job in jobs for path in services.store.list_job_paths(job)]
    names += [
        doc.path for doc in services.store.read([f"preferences/{owner}", f"users/{owner}"]) if doc
    ]
    names += [doc.path for doc in services.store.run_query(counters_of(owner_hash(owner)))]
    folders = [
        *owner_folders(owner),
        *(folder for job in jobs for folder in job_folders(job)),
    ]
    names += [
        stored_object.name
        for folder in folders
        for stored_object in services.objects.list_objects(folder.bucket, folder.prefix)
    ]
    return names
