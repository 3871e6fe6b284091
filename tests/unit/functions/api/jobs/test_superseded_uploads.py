"""Uploads that are rejected when another upload is declared already: by another request, or by the
rejection itself, whose response was lost."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from shared.flows.documents import CommitResult, Write, job_path
from shared.flows.envelope import JOIN
from shared.jobs.commands.reject_upload import reject_upload
from shared.jobs.model import Status
from tests.fixtures.gcs.server import GcsEmulator
from tests.fixtures.prompt_uploads import PROMPT, PromptUploads

EXPECTED = {"size_bytes": len(PROMPT) + 1}


def finalize(uploads: PromptUploads) -> tuple[int, str, str]:
    """Checks the job's upload. Returns the status, the code and the detail of the problem."""
    response = uploads.send(f"/v1/jobs/{uploads.job_id}/uploads/prompt/finalize", EXPECTED)
    return response.status_code, response.json["code"], response.json["detail"]


def lose_responses(uploads: PromptUploads, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes every commit of the job report what a repetition of it would."""
    commit = uploads.app.store.commit

    def commit_twice(writes: Iterable[Write]) -> CommitResult:
        writes = list(writes)
        result = commit(writes)
        changes_job = any(write.path == job_path(uploads.job_id) for write in writes)
        return commit(writes) if changes_job else result

    monkeypatch.setattr(uploads.app.store, "commit", commit_twice)


def notifications(uploads: PromptUploads) -> list[str]:
    return [item.part for item in uploads.app.published if item.stage == "notification"]


def reject_late(uploads: PromptUploads, number: int) -> tuple[str, str, int]:
    """Rejects the job's first upload while `number` is declared. Returns the code and the message
    of the error, and the number of the declared upload."""
    rejected = uploads.job.inputs[0]
    uploads.change_job(inputs=[{**rejected.to_dict(), "upload": number}])
    clock = uploads.services.clock_and_ids
    flow = reject_upload(uploads.job, rejected, "The upload has 7 bytes, not 9", clock)
    run: Any = uploads._run
    error, declared = run(flow)
    assert declared is not None
    return error.code, str(error), declared.upload


@pytest.mark.parametrize("is_lost", [False, True], ids=["received", "lost"])
def test_rejection_before_the_examination_is_announced(
    gcs: GcsEmulator, is_lost: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploads = PromptUploads.create(gcs)
    uploads.put(uploads.declare().json)
    if is_lost:
        lose_responses(uploads, monkeypatch)

    status, code, detail = finalize(uploads)

    assert (status, code) == (422, "upload-differs")
    assert detail.endswith("; upload the file again and redrive the job.")
    assert uploads.job.error is not None
    assert uploads.job.error["code"] == "upload-differs"
    assert notifications(uploads) == ["failed.e0"]
    assert uploads.job.inputs[0].upload == 1
    assert uploads.list_names() == []


@pytest.mark.parametrize("is_lost", [False, True], ids=["received", "lost"])
@pytest.mark.parametrize("has_ended", [False, True], ids=["running", "failed"])
def test_rejection_after_the_examination_is_final(
    gcs: GcsEmulator, is_lost: bool, has_ended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploads = PromptUploads.create(gcs)
    uploads.put(uploads.declare().json)
    uploads.deliver(uploads.event("prompt.0"))
    assert any(message.part == JOIN for message in uploads.app.published)
    if has_ended:
        error = {"code": "unexpected", "message": "It broke.", "stage": "slide_generation"}
        uploads.change_job(status=Status.FAILED, error=error)
    if is_lost:
        lose_responses(uploads, monkeypatch)

    status, code, detail = finalize(uploads)

    assert (status, code) == (422, "wrong-upload")
    assert detail.endswith("; create a new job with the right file.")
    assert uploads.job.error is not None
    assert uploads.job.error["code"] == "wrong-upload"
    assert notifications(uploads) == ["failed.e0"]
    assert uploads.list_names() == []


@pytest.mark.parametrize("is_lost", [False, True], ids=["received", "lost"])
def test_next_job_starts_after_a_rejection(
    gcs: GcsEmulator, is_lost: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploads = PromptUploads.create(gcs)
    uploads.put(uploads.declare().json)
    uploads.deliver(uploads.event("prompt.0"))
    first, uploads.job_id = uploads.job_id, make_queued_job(uploads)
    second, uploads.job_id = uploads.job_id, first
    if is_lost:
        lose_responses(uploads, monkeypatch)

    finalize(uploads)

    uploads.job_id = second
    assert uploads.job.status is Status.RUNNING


def make_queued_job(uploads: PromptUploads) -> str:
    """Returns the id of another job of the user, which waits for its turn."""
    body = {"recipe": "presentation", "inputs": {"prompt": "latest"}}
    response = uploads.send("/v1/jobs", body)
    assert response.status_code == 201, response.json
    job_id, first = str(response.json["job"]["id"]), uploads.job_id
    uploads.job_id = job_id
    uploads.change_job(status=Status.QUEUED, queued_at=uploads.job.created_at)
    uploads.job_id = first
    return job_id


@pytest.mark.parametrize(
    "status",
    [Status.AWAITING_UPLOAD, Status.QUEUED, Status.RUNNING, Status.DONE, Status.CANCELLED],
)
def test_superseded_upload_of_a_job_that_has_not_failed(gcs: GcsEmulator, status: Status) -> None:
    uploads = PromptUploads.create(gcs)
    uploads.change_job(status=status)

    assert reject_late(uploads, 1) == (
        "upload-differs",
        "The upload has 7 bytes, not 9; another upload of the file was declared in its place.",
        1,
    )
    assert uploads.job.status is status


def test_superseded_upload_of_a_failed_job(gcs: GcsEmulator) -> None:
    uploads = PromptUploads.create(gcs)
    error = {"code": "upload-differs", "message": "", "stage": "upload_trigger"}
    uploads.change_job(status=Status.FAILED, error=error)

    assert reject_late(uploads, 2) == (
        "upload-differs",
        "The upload has 7 bytes, not 9; upload the file again and redrive the job.",
        2,
    )


def test_superseded_upload_of_a_job_that_used_it(gcs: GcsEmulator) -> None:
    uploads = PromptUploads.create(gcs)
    uploads.change_job(status=Status.FAILED, error={"code": "wrong-upload", "message": ""})

    assert reject_late(uploads, 1) == (
        "wrong-upload",
        "The upload has 7 bytes, not 9; create a new job with the right file.",
        1,
    )
