"""Webhooks, cameras, share links and voices: the clients and the command over the API."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from moodreel import InvalidRequest, Job, NotFound
from shared.jobs.webhooks.deliveries import WEBHOOK
from shared.tasks.task import task_path
from tests.fixtures.client_service import ClientService
from tests.unit.client.command import Command

HOOK = "https://93.184.216.34/hook"
CAMERA = "rtsp://anna:secret@8.8.8.8/live"


@pytest.fixture
def job(service: ClientService, tmp_path: Path) -> Job:
    """A job that is done."""
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"clip")
    job = service.client().run("frames", clip)
    service.finish_job(job.id, {"frames.zip": b"zip"})
    return job.refresh()


def end_delivery(service: ClientService, delivery_id: str, **fields: Any) -> None:
    """The webhook was called once."""
    path = task_path(WEBHOOK, delivery_id)
    document, version = service.app.store.documents[path]
    now = document["created_at"]
    call: Mapping[str, Any] = {
        "at": now, "attempt": 1, "status": 500, "fault": "", "duration_ms": 31,
    }  # fmt: skip
    ended = {**document, "finished_at": now, "state": "failed", "tries": [call], **fields}
    service.app.store.documents[path] = ended, version + 1


def test_webhook_is_registered_rotated_and_deleted(service: ClientService) -> None:
    client = service.client()

    created = client.create_webhook(HOOK, ["job.done", "export.ready"])

    assert created.secret.startswith("whsec_")
    assert client.webhooks() == (created.webhook,)
    assert client.webhook(created.webhook.id).events == ("job.done", "export.ready")
    rotated = client.rotate_webhook_secret(created.webhook.id)
    assert rotated.secret != created.secret
    assert rotated.old_secret_until is not None
    assert rotated.webhook.secrets == 2
    assert client.enable_webhook(created.webhook.id).disabled is None
    client.delete_webhook(created.webhook.id)
    with pytest.raises(NotFound):
        client.webhook(created.webhook.id)
    with pytest.raises(InvalidRequest):
        client.create_webhook("http://example.org/hook")


def test_delivery_is_read_and_replayed(service: ClientService) -> None:
    client = service.client()
    hook = client.create_webhook(HOOK).webhook
    delivery = client.test_webhook(hook.id)
    assert (delivery.event, delivery.has_ended) == ("ping", False)
    end_delivery(service, delivery.id)

    (listed,) = client.deliveries(hook.id)

    assert listed == client.delivery(hook.id, delivery.id)
    assert [call.status for call in listed.tries] == [500]
    assert listed.body == {
        "type": "ping", "timestamp": listed.body["timestamp"], "data": {"webhook_id": hook.id},
    }  # fmt: skip


def test_camera_is_registered_and_deleted(service: ClientService) -> None:
    client = service.client()

    camera = client.add_camera("Door", CAMERA)

    assert (camera.source.address, camera.source.credentials) == ("rtsp://8.8.8.8/live", True)
    recording = client.record(camera.id)
    (live,) = client.cameras()
    assert live.status.recordings == (recording.id,)
    assert "8.8.8.8" not in client.preview_camera(camera.id).url
    client.delete_recording(recording.id)
    client.delete_camera(camera.id)
    assert client.cameras() == ()


def test_result_is_shared_until_the_link_is_revoked(service: ClientService, job: Job) -> None:
    client = service.client()

    link = job.share("frames.zip", valid_hours=2)

    assert client.api.base_url.split("//")[1] in link.url
    assert job.link("frames.zip").size_bytes == 3
    (listed,) = client.shares()
    assert (listed.id, listed.artifact, listed.revoked) == (link.id, "frames.zip", False)
    client.revoke_share(link.id)
    assert [share.revoked for share in client.shares()] == [True]
    assert next(event.what for event in job.history()) == "created"


def test_asynchronous_client_has_the_same_resources(service: ClientService) -> None:
    async def run() -> list[str]:
        async with service.async_client() as client:
            hook = (await client.create_webhook(HOOK)).webhook
            await client.test_webhook(hook.id)
            camera = await client.add_camera("Door", CAMERA)
            return [
                *[delivery.event async for delivery in client.deliveries(hook.id)],
                *[row.name for row in await client.cameras()],
                (await client.camera(camera.id)).status.state,
                *[share.id async for share in client.shares()],
            ]

    assert asyncio.run(run()) == ["ping", "Door", "idle"]


def test_command_manages_webhooks(service: ClientService, command: Command) -> None:
    created = command("webhooks", "create", HOOK, "--event", "job.done")
    assert created.out.startswith("whsec_"), created.err
    (hook,) = json.loads(command("webhooks", "--json").out)
    assert hook["id"] in command("webhooks").out
    assert command("webhooks", "secret", HOOK).out != created.out

    delivery = command("webhooks", "test", hook["id"], "--no-wait", "--json").out
    end_delivery(service, json.loads(delivery)["id"])

    assert "500 in 31 ms" in command("webhooks", "deliveries", HOOK).out
    assert command("webhooks", "enable", HOOK).code == 0
    assert command("webhooks", "delete", HOOK).code == 0
    missing = command("webhooks", "delete", HOOK)
    assert (missing.code, "There is no webhook" in missing.err) == (2, True)


def test_command_manages_cameras(service: ClientService, command: Command) -> None:
    camera_id = command("cameras", "add", "Door", CAMERA).out.strip()
    listed = command("cameras").out
    assert (camera_id in listed, "secret" in listed) == (True, False)
    recording = service.client().record(camera_id)
    assert recording.id in command("cameras", "show", "Door").out
    assert command("cameras", "preview", "Door").out.startswith("http")
    assert command("recordings", "stop", recording.id).code == 0
    assert command("recordings", "delete", recording.id, "--yes").code == 0
    assert command("cameras", "delete", "Door").code == 0
    assert json.loads(command("cameras", "--json").out) == []
    missing = command("record", "Garden")
    assert (missing.code, "There is no camera 'Garden'." in missing.err) == (2, True)


def test_command_shares_the_main_result(command: Command, job: Job) -> None:
    shared = command("share", "last", "--hours", "2")
    assert (shared.code, "frames.zip, until" in shared.err) == (0, True), shared.err
    (link,) = json.loads(command("shares", "--json").out)
    assert "frames.zip" in command("shares").out
    assert command("shares", "revoke", link["id"]).code == 0
    assert "revoked" in command("shares").out
    assert command("share", job.id, "film.mp4").code == 4
