"""Tests of re-declared uploads: what they leave in the bucket, and their limits."""

from __future__ import annotations

import pytest

from functions.upload_trigger.intake import examine_upload
from shared.entrypoints.stage import UnitContext
from shared.errors import PermanentError, StorageUnavailable
from shared.flows.effects import Reply
from shared.flows.envelope import JOIN
from shared.jobs.model import Status
from shared.jobs.units.outcomes import UnitDone, inputs_uploaded
from shared.pipeline import Bucket
from shared.runtime.interpreter import Interpreter
from tests.fixtures import prompt_uploads
from tests.fixtures.gcs.server import GcsEmulator
from tests.fixtures.prompt_uploads import PROMPT, PromptUploads, file_fields


def test_upload_urls_are_rate_limited(gcs: GcsEmulator) -> None:
    uploads = PromptUploads.create(gcs)
    responses = [uploads.declare(100 + number) for number in range(100)]

    accepted = [response for response in responses if response.status_code == 200]
    assert len(accepted) == uploads.app.settings.uploads_per_minute
    refused = responses[-1]
    assert (refused.status_code, refused.json["code"]) == (429, "rate-limited")
    assert int(refused.headers["Retry-After"]) > 0
    assert refused.headers["RateLimit-Policy"] == '"uploads";q=60;w=60'


def test_superseded_upload_is_deleted_when_it_arrives(gcs: GcsEmulator) -> None:
    uploads = PromptUploads.create(gcs)
    grants = [uploads.declare(101 + number).json for number in range(3)]
    for number, grant in enumerate(grants):
        uploads.put(grant)
        assert uploads.deliver(uploads.event(f"prompt.{number + 1}")) is Reply.ACK

    assert uploads.list_names() == ["prompt.3"]
    assert uploads.job.inputs[0].upload == 3


@pytest.mark.parametrize("status", [*Status, "dead letter"])
def test_older_upload_that_finishes_after_the_newer_is_deleted(
    gcs: GcsEmulator, status: str
) -> None:
    """Also when the job has ended in the meantime, and when only dead_letter sees the event."""
    uploads = PromptUploads.create(gcs)
    older, newer = uploads.declare(101).json, uploads.declare(102).json
    uploads.put(newer)
    assert uploads.deliver(uploads.event("prompt.2")) is Reply.ACK
    uploads.put(older)
    late = uploads.event("prompt.1")
    if status == "dead letter":
        assert uploads.deliver_to_dead_letter(late) is Reply.ACK
    else:
        uploads.change_job(status=status)
        assert uploads.deliver(late) is Reply.ACK

    assert uploads.list_names() == ["prompt.2"]


def test_newer_upload_than_declared_is_kept(gcs: GcsEmulator) -> None:
    """Such an object exists after Firestore was restored from a backup."""
    uploads = PromptUploads.create(gcs)
    with uploads.objects.create(
        Bucket.UPLOADS,
        f"prompts/{uploads.job_id}/prompt.7",
        content_type="text/plain",
        spec="",
    ) as writer:
        writer.write(PROMPT)
    uploads.deliver(uploads.event("prompt.7"))

    assert uploads.list_names() == ["prompt.7"]


def test_rejected_upload_is_deleted_when_it_is_superseded(gcs: GcsEmulator) -> None:
    uploads = PromptUploads.create(gcs)
    for number in range(4):
        uploads.put(uploads.declare().json, b" ")
        uploads.deliver(uploads.event(f"prompt.{number}"))
        assert uploads.job.status is Status.FAILED
        assert uploads.declare().status_code == 200
        assert uploads.list_names() == []
        uploads.send(f"/v1/jobs/{uploads.job_id}/redrive", None)


def test_superseded_upload_is_deleted_after_an_interruption(
    gcs: GcsEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploads = PromptUploads.create(gcs)
    uploads.put(uploads.declare().json, b" ")
    uploads.deliver(uploads.event("prompt.0"))

    def raise_unavailable(*_: object) -> None:
        raise StorageUnavailable

    with monkeypatch.context() as patch:
        patch.setattr(uploads.objects, "list_objects", raise_unavailable)
        assert uploads.declare(101).status_code == 200
    assert uploads.list_names() == ["prompt.0"]
    Interpreter(uploads.services).run(inputs_uploaded(uploads.job))

    assert uploads.list_names() == []


def test_examined_upload_cannot_be_superseded(gcs: GcsEmulator) -> None:
    """Its object is used, even when the client cannot see it any more."""
    uploads = PromptUploads.create(gcs)
    uploads.put(uploads.declare().json)
    uploads.deliver(uploads.event("prompt.0"))
    uploads.objects.delete(Bucket.UPLOADS, f"prompts/{uploads.job_id}/prompt.0")

    response = uploads.declare(101)
    assert (response.status_code, response.json["code"]) == (409, "wrong-state")


def test_claim_of_an_upload_conflicts_with_its_replacement(
    gcs: GcsEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The upload arrives and is claimed after the API has looked for it: it is kept."""
    uploads = PromptUploads.create(gcs)
    grant = uploads.declare().json
    stat = uploads.objects.stat
    lookups = []

    def stat_before_the_upload(bucket: Bucket, name: str) -> object:
        lookups.append(name)
        if len(lookups) > 1:
            return stat(bucket, name)
        monkeypatch.setattr(uploads.objects, "stat", stat)
        uploads.put(grant)
        uploads.deliver(uploads.event("prompt.0"))
        monkeypatch.setattr(uploads.objects, "stat", stat_before_the_upload)
        return None

    monkeypatch.setattr(uploads.objects, "stat", stat_before_the_upload)
    response = uploads.declare(101)

    assert (response.status_code, response.json["code"]) == (409, "wrong-state")
    assert uploads.list_names() == ["prompt.0"]
    assert uploads.job.inputs[0].upload == 0


def test_worker_without_a_lease_records_no_superseded_upload(
    gcs: GcsEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploads = PromptUploads.create(gcs)
    uploads.put(uploads.declare().json)
    event = uploads.event("prompt.0")

    def reject(_: UnitContext) -> UnitDone:
        raise PermanentError("The prompt cannot be read.")

    def examine_slowly(context: UnitContext) -> UnitDone:
        result = examine_upload(context)
        uploads.services.clock.sleep(60)
        # Another worker claims the unit and rejects the upload, and the user gives another file.
        monkeypatch.setattr(prompt_uploads, "examine_upload", reject)
        uploads.deliver(event)
        assert uploads.job.status is Status.FAILED
        assert uploads.declare(101).status_code == 200
        return result

    monkeypatch.setattr(prompt_uploads, "examine_upload", examine_slowly)
    assert uploads.deliver(event) is Reply.NACK
    assert uploads.deliver(event) is Reply.ACK
    assert uploads.job.inputs[0].upload == 1
    assert not [message for message in uploads.app.published if message.part == JOIN]


def test_replacement_must_fit_into_the_storage_limit(gcs: GcsEmulator) -> None:
    uploads = PromptUploads.create(gcs, max_storage_mb=1)
    assert uploads.declare(1_000_000).status_code == 200
    assert uploads.stored_bytes == 1_000_000
    assert uploads.declare(999_999).status_code == 200
    other = uploads.send(
        "/v1/jobs", {"recipe": "presentation", "inputs": {"prompt": file_fields(1)}}
    ).json["job"]["id"]
    response = uploads.send(f"/v1/jobs/{other}/uploads/prompt", {"file": file_fields(2)})

    assert (response.status_code, response.json["code"]) == (403, "storage-full")
    assert uploads.stored_bytes == 1_000_000


def test_checks_of_uploads_are_rate_limited(gcs: GcsEmulator) -> None:
    uploads = PromptUploads.create(gcs, uploads_per_minute=3)
    path = f"/v1/jobs/{uploads.job_id}/uploads/prompt/finalize"
    statuses = [uploads.send(path, {}).status_code for _ in range(5)]

    assert statuses == [409, 409, 409, 429, 429]


def test_upload_that_is_larger_than_declared_is_deleted(gcs: GcsEmulator) -> None:
    """Cloud Storage rejects it by the signed header; this holds whatever wrote the object."""
    uploads = PromptUploads.create(gcs, size_bytes=len(PROMPT) - 1)
    name = f"prompts/{uploads.job_id}/prompt.0"
    with uploads.objects.create(Bucket.UPLOADS, name, content_type="text/plain", spec="") as writer:
        writer.write(PROMPT)
    uploads.deliver(uploads.event("prompt.0"))

    assert uploads.job.error is not None
    assert uploads.job.error["code"] == "upload-too-large"
    assert uploads.list_names() == []


def test_examined_uploads_count_with_their_real_size(gcs: GcsEmulator) -> None:
    uploads = PromptUploads.create(gcs, size_bytes=100_000)
    assert uploads.stored_bytes == 100_000
    uploads.put(uploads.declare().json)
    uploads.deliver(uploads.event("prompt.0"))
    (join,) = [message for message in uploads.app.published if message.part == JOIN]
    uploads.deliver(join)

    assert uploads.job.inputs[0].size_bytes == len(PROMPT)
    assert uploads.stored_bytes == len(PROMPT)
