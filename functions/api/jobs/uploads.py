"""Uploads of an existing job: new URLs, replacement of a rejected file, and the finalize check."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from pydantic import Field

from functions.api import rate_limit_policies
from functions.api.jobs.input_checks import find_input_errors
from functions.api.jobs.requests import Crc32c, FileMetadata
from functions.api.jobs.sources import InputSource
from functions.api.storage import check_storage
from shared.errors import NotFound, TransientError, WrongState
from shared.flows.documents import CommitResult, job_path, unit_path
from shared.http.limits.rate_limits import consume
from shared.http.problems import InvalidFields, UploadMissing
from shared.http.request import ApiRequest, ApiResponse
from shared.http.schemas import RequestModel, ResponseModel, Timestamp
from shared.jobs.commands import redrive
from shared.jobs.commands.reject_upload import reject_upload
from shared.jobs.model import Job, JobInput, Status
from shared.jobs.rules import is_done, is_leased
from shared.jobs.stage import Unit
from shared.jobs.uploads import next_upload, supersede_upload
from shared.pipeline import Bucket
from shared.recipes.stored_object import StoredObject
from shared.runtime.uploads import delete_superseded_uploads, ensure_upload

UPLOAD_VALID_S = 6 * 3600
"""An upload must begin within this time. Google-managed keys sign for at most 12 hours."""


class UploadGrant(ResponseModel):
    """The request that uploads a file. Begin it before `expires_at`. A POST begins a resumable
    session: PUT the bytes, in one or several chunks, to the URL in the `Location` header of its
    response."""

    method: str
    url: str
    headers: dict[str, str]
    expires_at: Timestamp


class UploadRequest(RequestModel):
    """How to upload an input. `file` replaces the file that was declared before."""

    resumable: bool = False
    file: FileMetadata | None = None


class UploadCheck(RequestModel):
    """The size and checksum that the sender expects. `crc32c` has the format of Cloud Storage:
    base64 of its four bytes, big-endian."""

    size_bytes: Annotated[int, Field(gt=0, lt=1 << 53)] | None = None
    crc32c: Crc32c | None = None


class UploadView(ResponseModel):
    """An uploaded input."""

    name: str
    filename: str
    content_type: str
    size_bytes: int
    crc32c: str
    upload: int


def begin_upload(request: ApiRequest) -> ApiResponse:
    """Returns a new upload URL for an input. A replacement file, or a file after a failure of
    the pipeline, gets the next upload number. Uploads under older numbers are deleted, also those
    that arrive later.

    Raises WrongState, InvalidFields, StorageFull, LimitReached.
    """
    body = request.body(UploadRequest)
    declared = _find_input(request.job, request.path_params["input"])
    if body.file is not None:
        _check_file(request, request.job, declared.name, body.file)
    rate_limit = consume(request, rate_limit_policies.uploads(request.settings), request.user.uid)
    renewed = _declare(request, declared.name, body.file)
    grant = sign_input_upload(request, renewed, resumable=body.resumable)
    return ApiResponse(grant, headers=rate_limit.headers)


def _declare(request: ApiRequest, name: str, file: FileMetadata | None) -> JobInput:
    """Returns the input to upload, which is declared in the job. Raises NotFound, WrongState,
    StorageFull."""
    store, first = request.services.store, request.job.recipe.stages[0]
    paths = [job_path(request.job.id), unit_path(request.job.id, first, 0, name)]
    while True:
        doc, unit_doc = store.read(paths)
        if doc is None or unit_doc is None or doc.data["status"] == Status.DELETED:
            raise NotFound("There is no such job.")
        job, now = Job.from_doc(doc), request.services.clock.now()
        unit = Unit.from_doc(unit_doc)
        was_rejected = _was_rejected(request, job, name, unit)
        current = _find_input(job, name)
        renewed = _renew(job, current, file, was_rejected=was_rejected)
        if renewed == current:
            return current
        check_storage(request, renewed.size_bytes - current.size_bytes)
        if store.commit(supersede_upload(job, unit, renewed, now)) is CommitResult.OK:
            _delete_superseded(request, renewed)
            return renewed


def _delete_superseded(request: ApiRequest, renewed: JobInput) -> None:
    """Deletes the older uploads of an input. After an error the next redrive or sweep of the
    job deletes them."""
    try:
        delete_superseded_uploads(request.services.objects, renewed)
    except TransientError as error:
        request.services.log("upload.not_deleted", severity="WARNING", reason=repr(error))


def sign_input_upload(
    request: ApiRequest, job_input: JobInput, *, resumable: bool = False
) -> UploadGrant:
    """Signs the request that uploads an input."""
    signed = request.services.objects.sign_upload(
        Bucket.UPLOADS,
        job_input.object,
        content_type=job_input.content_type,
        # The declared size was checked against the limits, so a larger upload is rejected.
        max_bytes=job_input.size_bytes,
        valid_s=UPLOAD_VALID_S,
        resumable=resumable,
    )
    return UploadGrant(
        method=signed.method,
        url=signed.url,
        headers=dict(signed.headers),
        expires_at=signed.expires_at,
    )


def finish_upload(request: ApiRequest) -> ApiResponse:
    """Compares an upload with the expected size and checksum, and starts the pipeline if the event
    of the upload was lost. An upload that differs stops the job.

    Raises UploadMissing, UploadDiffers, WrongUpload, LimitReached.
    """
    check = request.body(UploadCheck)
    declared = _find_input(request.job, request.path_params["input"])
    rate_limit = consume(request, rate_limit_policies.uploads(request.settings), request.user.uid)
    stored = ensure_upload(request.services.objects, declared)
    if stored is None:
        raise UploadMissing
    difference = _find_difference(declared, stored, check)
    if difference:
        error, renewed = request.run(
            lambda clock: reject_upload(request.job, declared, difference, clock)
        )
        if renewed is not None:
            _delete_superseded(request, renewed)
        raise error
    request.run(lambda clock: redrive.announce_uploads(request.job.id, clock))
    return ApiResponse(
        UploadView(
            name=declared.name,
            filename=declared.filename,
            content_type=stored.content_type,
            size_bytes=stored.size_bytes,
            crc32c=stored.crc32c,
            upload=declared.upload,
        ),
        headers=rate_limit.headers,
    )


def _find_difference(declared: JobInput, stored: StoredObject, check: UploadCheck) -> str:
    """Returns how an upload differs from its declaration or from `check`; "" if it does not."""
    expected_bytes = declared.size_bytes if check.size_bytes is None else check.size_bytes
    if stored.size_bytes != expected_bytes:
        return f"The upload has {stored.size_bytes} bytes, not {expected_bytes}"
    for crc32c in (check.crc32c, declared.crc32c):
        if crc32c and stored.crc32c != crc32c:
            return f"The upload has the CRC32C {stored.crc32c}, not {crc32c}"
    return ""


def _find_input(job: Job, name: str) -> JobInput:
    job_input = next((item for item in job.inputs if item.name == name), None)
    if job_input is None:
        raise NotFound("The job has no input of that name.")
    return job_input


def _check_file(request: ApiRequest, job: Job, name: str, file: FileMetadata) -> None:
    recipe_input = job.recipe.find_input(name)
    if recipe_input is None:
        raise NotFound("The job has no input of that name.")
    errors = find_input_errors(recipe_input, InputSource.from_file(file), request.settings)
    if errors:
        raise InvalidFields([(f"file.{field}", message) for field, message in errors])


def _was_rejected(request: ApiRequest, job: Job, name: str, unit: Unit) -> bool:
    """Returns True if upload_trigger rejected the upload, so that it needs the next upload number.

    Raises WrongState if the job does not take this upload any more.
    """
    failed_at = (job.error or {}).get("stage")
    if job.status is Status.FAILED and failed_at == job.recipe.stages[0]:
        if not is_done(unit):
            return True
        raise WrongState(f"The {name} of this job is valid; another input was rejected.")
    if job.status is not Status.AWAITING_UPLOAD:
        raise WrongState(f"The job is {job.status}; it takes no uploads any more.")
    current, now = _find_input(job, name), request.services.clock.now()
    is_examined = is_done(unit) or is_leased(unit, now)
    if is_examined or request.services.objects.stat(Bucket.UPLOADS, current.object) is not None:
        raise WrongState(f"The {name} of this job is uploaded already.")
    return False


def _renew(
    job: Job, current: JobInput, file: FileMetadata | None, *, was_rejected: bool
) -> JobInput:
    """Returns the input to upload: the current one, or a new one with the next upload number."""
    described = current
    if file is not None:
        described = replace(
            current,
            content_type=file.content_type.lower(),
            size_bytes=file.size_bytes,
            filename=file.filename,
            crc32c=file.crc32c or "",
        )
    is_uploaded = not (current.source or current.fetch)
    if not was_rejected and described == current and is_uploaded:
        return current
    return next_upload(job, described)
