"""Tests of declared checksums, and of uploads that differ from what their sender expects."""

from __future__ import annotations

import base64
from typing import Any

import google_crc32c
import pytest

from functions.upload_trigger.intake import examine_upload
from shared.entrypoints.stage import UnitContext
from shared.flows.effects import Reply
from shared.flows.envelope import JOIN
from shared.jobs.model import JobInput, Status
from shared.jobs.units.outcomes import UnitDone
from tests.fixtures import prompt_uploads
from tests.fixtures.gcs.server import GcsEmulator
from tests.fixtures.prompt_uploads import PROMPT, PromptUploads, file_fields

DAMAGED = PROMPT.replace(b"ten", b"two")


def crc32c(data: bytes) -> str:
    """The CRC32C in the format of Cloud Storage."""
    return base64.b64encode(int(google_crc32c.value(data)).to_bytes(4, "big")).decode()


def finalize(uploads: PromptUploads, **expected: Any) -> tuple[int, str]:
    """Checks the job's upload. Returns the status and the code of a problem."""
    response = uploads.send(f"/v1/jobs/{uploads.job_id}/uploads/prompt/finalize", expected)
    return response.status_code, response.json.get("code", "")


def error_code(uploads: PromptUploads) -> str:
    """The code of the error with which the job has failed."""
    assert uploads.job.status is Status.FAILED
    assert uploads.job.error is not None
    return str(uploads.job.error["code"])


def published_joins(uploads: PromptUploads) -> int:
    return sum(message.part == JOIN for message in uploads.app.published)


def redrive(uploads: PromptUploads) -> Any:
    return uploads.send(f"/v1/jobs/{uploads.job_id}/redrive", None)


def upload_again(uploads: PromptUploads) -> None:
    """Follows the next step of `upload-differs`: another upload, and a redrive."""
    grant = uploads.declare().json
    assert redrive(uploads).json["status"] == "awaiting_upload"
    uploads.put(grant)
    number = uploads.job.inputs[0].upload
    assert uploads.deliver(uploads.event(f"prompt.{number}")) is Reply.ACK
    assert uploads.list_names() == [f"prompt.{number}"]


def test_upload_that_matches_its_declared_checksum_is_examined(gcs: GcsEmulator) -> None:
    uploads = PromptUploads.create(gcs, crc32c=crc32c(PROMPT))
    uploads.put(uploads.declare().json)
    uploads.deliver(uploads.event("prompt.0"))

    assert published_joins(uploads) == 1


def test_upload_that_differs_from_its_declared_checksum_does_not_start_the_job(
    gcs: GcsEmulator,
) -> None:
    uploads = PromptUploads.create(gcs, crc32c=crc32c(PROMPT))
    uploads.put(uploads.declare().json, DAMAGED)
    assert uploads.deliver(uploads.event("prompt.0")) is Reply.ACK

    assert error_code(uploads) == "upload-differs"
    assert published_joins(uploads) == 0
    upload_again(uploads)
    assert published_joins(uploads) == 1


def test_checksum_can_be_declared_with_the_upload(gcs: GcsEmulator) -> None:
    uploads = PromptUploads.create(gcs)
    uploads.put(uploads.declare(100, crc32c=crc32c(PROMPT)).json, DAMAGED)
    uploads.deliver(uploads.event("prompt.1"))

    assert error_code(uploads) == "upload-differs"


def test_replacement_without_a_checksum_is_not_compared(gcs: GcsEmulator) -> None:
    uploads = PromptUploads.create(gcs, crc32c=crc32c(PROMPT))
    uploads.put(uploads.declare(100).json, DAMAGED)
    uploads.deliver(uploads.event("prompt.1"))

    assert published_joins(uploads) == 1


@pytest.mark.parametrize("value", ["", "AAAAAA", "AAAAAAAA", "AAAAA===", "AAAAA-==", 7])
def test_checksum_of_another_format_is_refused(gcs: GcsEmulator, value: object) -> None:
    uploads = PromptUploads.create(gcs)
    response = uploads.send(
        "/v1/jobs",
        {"recipe": "presentation", "inputs": {"prompt": file_fields(9, crc32c=value)}},
    )

    assert (response.status_code, response.json["code"]) == (422, "invalid-request")
    assert response.json["errors"][0]["field"] == "inputs.prompt.crc32c"


def test_upload_that_differs_is_not_used_by_other_jobs(gcs: GcsEmulator) -> None:
    uploads = PromptUploads.create(gcs, crc32c=crc32c(PROMPT))
    uploads.put(uploads.declare().json, DAMAGED)
    latest = uploads.send("/v1/jobs", {"recipe": "presentation", "inputs": {"prompt": "latest"}})
    copy = uploads.send("/v1/jobs", {"recipe": "presentation", "from": uploads.job_id})

    assert (latest.status_code, copy.status_code) == (422, 422)


@pytest.mark.parametrize(
    "expected", [{"crc32c": crc32c(PROMPT)}, {"size_bytes": 7}, {"size_bytes": len(PROMPT) + 1}]
)
@pytest.mark.parametrize("event_is_first", [False, True])
def test_wrong_upload_is_stopped_before_it_is_examined(
    gcs: GcsEmulator,
    expected: dict[str, Any],
    event_is_first: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Before its event, and while a worker examines it."""
    uploads = PromptUploads.create(gcs, size_bytes=len(PROMPT))
    uploads.put(uploads.declare().json, DAMAGED)
    event = uploads.event("prompt.0")
    statuses = []

    def examine_slowly(context: UnitContext) -> UnitDone:
        result = examine_upload(context)
        statuses.append(finalize(uploads, **expected))
        return result

    if event_is_first:
        monkeypatch.setattr(prompt_uploads, "examine_upload", examine_slowly)
        uploads.deliver(event)
    else:
        statuses.append(finalize(uploads, **expected))
    monkeypatch.undo()
    uploads.deliver(event)

    assert statuses == [(422, "upload-differs")]
    assert error_code(uploads) == "upload-differs"
    assert published_joins(uploads) == 0
    assert uploads.list_names() == []
    assert finalize(uploads, **expected) == (409, "upload-missing")
    upload_again(uploads)
    assert published_joins(uploads) == 1


def test_wrong_upload_is_stopped_after_it_was_examined(gcs: GcsEmulator) -> None:
    """Finished units are kept, so this job cannot be redriven with another upload."""
    uploads = PromptUploads.create(gcs)
    uploads.put(uploads.declare().json, DAMAGED)
    uploads.deliver(uploads.event("prompt.0"))
    (join,) = [message for message in uploads.app.published if message.part == JOIN]

    assert finalize(uploads, crc32c=crc32c(PROMPT)) == (422, "wrong-upload")
    assert error_code(uploads) == "wrong-upload"
    published = len(uploads.app.published)
    assert uploads.deliver(join) is Reply.ACK
    assert {message.stage for message in uploads.app.published[published:]} <= {"notification"}
    assert uploads.list_names() == []
    for response in (redrive(uploads), uploads.declare(), uploads.declare(101)):
        assert (response.status_code, response.json["code"]) == (409, "wrong-state")
    assert finalize(uploads, crc32c=crc32c(PROMPT)) == (409, "upload-missing")


def test_failed_job_with_a_wrong_upload_cannot_be_resumed_with_it(gcs: GcsEmulator) -> None:
    """A later stage has failed, so a redrive would continue with the wrong upload."""
    uploads = PromptUploads.create(gcs)
    uploads.put(uploads.declare().json, DAMAGED)
    uploads.deliver(uploads.event("prompt.0"))
    uploads.change_job(
        status=Status.FAILED,
        error={"code": "unexpected", "message": "It broke.", "stage": "slide_generation"},
    )

    assert finalize(uploads, crc32c=crc32c(PROMPT)) == (422, "wrong-upload")
    assert redrive(uploads).status_code == 409


@pytest.mark.parametrize("status", [Status.DONE, Status.CANCELLED])
def test_job_that_has_ended_stays_as_it_is(gcs: GcsEmulator, status: Status) -> None:
    uploads = PromptUploads.create(gcs)
    uploads.put(uploads.declare().json, DAMAGED)
    uploads.deliver(uploads.event("prompt.0"))
    uploads.change_job(status=status)

    assert finalize(uploads, crc32c=crc32c(PROMPT)) == (422, "wrong-upload")
    assert (uploads.job.status, uploads.job.error) == (status, None)
    assert uploads.list_names() == ["prompt.0"]


def test_inputs_without_a_checksum_are_stored_as_before() -> None:
    fields = JobInput("video", "jobs/j/video.0", "video/mp4", 7, "a.mp4").to_dict()

    assert "crc32c" not in fields
    assert JobInput(**fields).crc32c == ""
