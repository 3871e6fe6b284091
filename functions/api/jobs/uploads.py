"""Uploads of a job that is there: a fresh URL, another file in a bad one's place, and the word that
all of it has arrived."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from pydantic import Field

from functions.api.jobs.create import input_errors, sign_input_upload
from functions.api.jobs.requests import FileMetadata
from functions.api.jobs.sources import InputSource
from shared.errors import NotFound, WrongState
from shared.flows.documents import CommitResult, Update, job_path, unit_path
from shared.flows.envelope import upload_name
from shared.http.problems import InvalidFields, UploadDiffers, UploadMissing
from shared.http.request import ApiRequest, ApiResponse
from shared.http.schemas import RequestModel, ResponseModel
from shared.jobs.commands import redrive
from shared.jobs.model import Job, JobInput, Status, history_event
from shared.pipeline import Bucket
from shared.runtime.uploads import find_upload


class UploadRequest(RequestModel):
    """How an input will be sent. `file` describes another file than was declared at first."""

    resumable: bool = False
    file: FileMetadata | None = None


class UploadCheck(RequestModel):
    """What was sent, as the sender knows it: CRC32C as Cloud Storage writes it, base64 of its four
    bytes, big-endian."""

    size_bytes: Annotated[int, Field(gt=0, lt=1 << 53)] | None = None
    crc32c: Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]{6}==$")] | None = None


class UploadView(ResponseModel):
    """An input that is there."""

    name: str
    filename: str
    content_type: str
    size_bytes: int
    crc32c: str
    upload: int


def begin_upload(request: ApiRequest) -> ApiResponse:
    """A fresh URL for an input. Another file, or one after a failure of the intake, gets the next
    upload number: what still comes under the older one is not looked at. Raises WrongState."""
    wish = request.body(UploadRequest)
    declared = _declared(request.job, request.path_params["input"])
    if wish.file is not None:
        _check(request, request.job, declared.name, wish.file)
    while True:
        (doc,) = request.services.store.read([job_path(request.job.id)])
        if doc is None or doc.data["status"] == Status.DELETED:
            raise NotFound("There is no such job.")
        job = Job.from_doc(doc)
        again = _again(request, job, declared.name)
        now_is = _declared(job, declared.name)
        fresh = _fresh(job, now_is, wish.file, again=again)
        if fresh == now_is or _exchanged(request, job, fresh):
            return ApiResponse(sign_input_upload(request, fresh, resumable=wish.resumable))


def finish_upload(request: ApiRequest) -> ApiResponse:
    """Compare what has arrived with what was meant, and start the chain if its event was lost.
    Raises UploadMissing, UploadDiffers."""
    check = request.body(UploadCheck)
    declared = _declared(request.job, request.path_params["input"])
    there = find_upload(request.services.objects, declared)
    if there is None:
        raise UploadMissing
    meant = declared.size_bytes if check.size_bytes is None else check.size_bytes
    if there.size_bytes != meant:
        raise UploadDiffers(f"{there.size_bytes} bytes have arrived, not {meant}.")
    if check.crc32c is not None and there.crc32c != check.crc32c:
        raise UploadDiffers(f"What has arrived has the CRC32C {there.crc32c}, not {check.crc32c}.")
    request.run(lambda _: redrive.announce_uploads(request.job.id))
    return ApiResponse(
        UploadView(
            name=declared.name,
            filename=declared.filename,
            content_type=there.content_type,
            size_bytes=there.size_bytes,
            crc32c=there.crc32c,
            upload=declared.upload,
        )
    )


def _declared(job: Job, name: str) -> JobInput:
    found = next((one for one in job.inputs if one.name == name), None)
    if found is None:
        raise NotFound("The job has no input of that name.")
    return found


def _check(request: ApiRequest, job: Job, name: str, file: FileMetadata) -> None:
    row = job.recipe.find_input(name)
    if row is None:
        raise NotFound("The job has no input of that name.")
    source = InputSource(file.filename, file.content_type, file.size_bytes)
    wrong = input_errors(row, source, request.settings)
    if wrong:
        raise InvalidFields([(f"file.{key}", why) for key, why in wrong])


def _again(request: ApiRequest, job: Job, name: str) -> bool:
    """Whether the intake refused an upload, so that the next one takes its place. Raises WrongState
    when nothing can be uploaded any more."""
    failed_at = (job.error or {}).get("stage")
    first = job.recipe.stages[0]
    if job.status is Status.FAILED and failed_at == first:
        (unit,) = request.services.store.read([unit_path(job.id, first, 0, name)])
        if unit is None or unit.data["state"] != "done":
            return True
        raise WrongState(f"The {name} of this job is in order; another input was refused.")
    if job.status is not Status.AWAITING_UPLOAD:
        raise WrongState(f"The job is {job.status}; it takes no uploads any more.")
    one = _declared(job, name)
    if request.services.objects.stat(Bucket.UPLOADS, one.object) is not None:
        raise WrongState(f"The {name} of this job is uploaded already.")
    return False


def _fresh(job: Job, now_is: JobInput, file: FileMetadata | None, *, again: bool) -> JobInput:
    described = now_is
    if file is not None:
        described = replace(
            now_is,
            content_type=file.content_type.lower(),
            size_bytes=file.size_bytes,
            filename=file.filename,
        )
    if not again and described == now_is and not now_is.source:
        return now_is
    upload = now_is.upload + 1
    return replace(
        described,
        object=upload_name(job.recipe_name, job.id, now_is.name, upload),
        upload=upload,
        source="",
    )


def _exchanged(request: ApiRequest, job: Job, fresh: JobInput) -> bool:
    """Whether the job expects this upload now; False when it was changed meanwhile."""
    now = request.services.clock.now()
    inputs = tuple(fresh if one.name == fresh.name else one for one in job.inputs)
    fields = {
        "inputs": [one.to_dict() for one in inputs],
        "stored_bytes": sum(one.size_bytes for one in inputs)
        + sum(one.size_bytes for one in job.artifacts),
        "updated_at": now,
    }
    told = history_event(
        job.id, now, "upload_renewed", epoch=job.epoch, input=fresh.name, upload=fresh.upload
    )
    done = request.services.store.commit([Update(job_path(job.id), fields, job.version), told])
    return done is CommitResult.OK
