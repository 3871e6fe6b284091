"""Creating a job: its document exists before a URL does."""

from __future__ import annotations

import hashlib
import string
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from functions.api import rate_limit_policies
from functions.api.jobs.handlers import OPEN_STATUSES, VISIBLE_STATUSES
from functions.api.jobs.recipes import MEGABYTE, find_recipe, max_input_bytes, read_options
from functions.api.jobs.requests import FileMetadata, NewJob
from functions.api.jobs.schemas import JobView, job_view
from functions.api.jobs.sources import InputSource, find_latest_upload, find_sources, kind_of
from functions.api.rate_limits import RateLimitState, consume
from shared.errors import SourceExpired, StorageFull, TooManyJobs
from shared.flows.documents import job_path
from shared.flows.envelope import upload_name
from shared.http.problems import InvalidFields
from shared.http.request import ApiRequest, ApiResponse
from shared.http.schemas import ResponseModel, Timestamp
from shared.jobs.commands import delete
from shared.jobs.model import Job, JobInput, new_job
from shared.pipeline import Bucket, Input, Recipe
from shared.runtime.settings import Settings
from shared.runtime.uploads import find_upload

UPLOAD_VALID_S = 6 * 3600
"""When an upload has to begin; Google-managed keys sign for 12 hours at most."""
_ID_ALPHABET = string.ascii_lowercase + string.digits
_ID_LENGTH = 20


class UploadGrant(ResponseModel):
    """How to send a file: exactly this request, begun before `expires_at`. A POST begins a
    resumable session: its answer names in `Location` where the bytes are PUT, in pieces if need
    be."""

    method: str
    url: str
    headers: dict[str, str]
    expires_at: Timestamp


class CreatedJob(ResponseModel):
    """The job, and where those inputs go that are to be uploaded, by their names."""

    job: JobView
    uploads: dict[str, UploadGrant]


def create_job(request: ApiRequest) -> ApiResponse:
    """Check everything, write the job, copy what is there, then sign for the rest."""
    form = request.body(NewJob)
    recipe = find_recipe(form.recipe)
    job_id = derive_id(request.seed)
    job = _own(request, job_id) if request.idempotency_key else None
    headers = {"Location": f"/v1/jobs/{job_id}"}
    if job is None:
        options = read_options(recipe, form.options, request.settings)
        if form.has_reused_inputs:
            # To look for what is uploaded costs us more than a wish that is wrong.
            headers |= _let_in(request).headers
        sources = _sources(request, recipe, form)
        check_inputs(recipe, sources, request.settings)
        _check_room(request, sum(one.size_bytes for one in sources.values()))
        if not form.has_reused_inputs:
            headers |= _let_in(request).headers
        job = _written(request, job_id, recipe, form, options, sources)
    if any(one.source and find_upload(request.services.objects, one) is None for one in job.inputs):
        # Deleted after it was found: a job that nobody can begin is not left behind.
        request.run(lambda clock: delete.delete(job_id, clock))
        raise SourceExpired
    uploads = {one.name: sign_input_upload(request, one) for one in job.inputs if not one.source}
    body = CreatedJob(job=job_view(job, request.services.store), uploads=uploads)
    return ApiResponse(body, headers=headers)


def _let_in(request: ApiRequest) -> RateLimitState:
    return consume(request, rate_limit_policies.job_creations(request.settings), request.user.uid)


def derive_id(seed: str) -> str:
    """A job's id out of a request's seed: 20 of 36 characters, 103 bits."""
    number = int.from_bytes(hashlib.sha256(seed.encode()).digest())
    digits = []
    for _ in range(_ID_LENGTH):
        number, digit = divmod(number, len(_ID_ALPHABET))
        digits.append(_ID_ALPHABET[digit])
    return "".join(digits)


def check_inputs(recipe: Recipe, sources: Mapping[str, InputSource], settings: Settings) -> None:
    """Raises InvalidFields that names every input that is missing, strange or too large."""
    wrong: list[tuple[str, str]] = [
        (f"inputs.{one.name}", f"The recipe {recipe.name} needs the input {one.name}.")
        for one in recipe.inputs
        if one.name not in sources and not one.optional
    ]
    for name, given in sources.items():
        declared = recipe.find_input(name)
        if declared is None:
            wrong.append((f"inputs.{name}", _takes(recipe)))
        else:
            unfit = input_errors(declared, given, settings)
            wrong += [(f"inputs.{name}.{key}", why) for key, why in unfit]
    if wrong:
        raise InvalidFields(wrong)


def input_errors(
    recipe_input: Input, source: InputSource, settings: Settings
) -> list[tuple[str, str]]:
    """What of a file is not as the input must be: pairs of a field and a sentence."""
    wrong = []
    if kind_of(source.content_type) not in recipe_input.kinds:
        kinds = " or ".join(f"{kind}/…" for kind in recipe_input.kinds)
        wrong.append(
            (
                "content_type",
                f"The input {recipe_input.name} must be {kinds}, not {source.content_type}.",
            )
        )
    most = max_input_bytes(recipe_input, settings)
    if source.size_bytes > most:
        wrong.append(
            (
                "size_bytes",
                f"The input {recipe_input.name} may have at most {most // MEGABYTE} MB; "
                f"this file has {source.size_bytes / MEGABYTE:.1f} MB.",
            )
        )
    return wrong


def sign_input_upload(
    request: ApiRequest, job_input: JobInput, *, resumable: bool = False
) -> UploadGrant:
    """The request by which a person's program sends an input."""
    signed = request.services.objects.sign_upload(
        Bucket.UPLOADS,
        job_input.object,
        content_type=job_input.content_type,
        # What was declared was checked: more than that is not taken.
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


def _sources(request: ApiRequest, recipe: Recipe, form: NewJob) -> dict[str, InputSource]:
    """Every input that there will be. Raises InvalidFields."""
    given: dict[str, InputSource] = {}
    for name, one in form.inputs.items():
        declared = recipe.find_input(name)
        if isinstance(one, FileMetadata):
            given[name] = InputSource(one.filename, one.content_type.lower(), one.size_bytes)
        elif declared is None:
            raise InvalidFields([(f"inputs.{name}", _takes(recipe))])
        else:
            given[name] = find_latest_upload(request, declared)
    if form.from_job is None:
        return given
    rest = {name: one for one in recipe.inputs for name in one.names if name not in given}
    return {**find_sources(request, recipe, form.from_job, rest), **given}


def _takes(recipe: Recipe) -> str:
    takes = ", ".join(
        one.name if one.max_count == 1 else f"{one.names[0]} to {one.names[-1]}"
        for one in recipe.inputs
    )
    return f"The recipe {recipe.name} takes {takes} and nothing else."


def _check_room(request: ApiRequest, more_bytes: int) -> None:
    """Raises TooManyJobs, StorageFull. What the ledger holds now is compared: creations at the same
    time may pass by each other, by as many as the limit of creations lets through."""
    settings, store = request.settings, request.services.store
    check_open_jobs(request)
    if store.sum_stored_bytes(request.user.uid) + more_bytes > settings.max_storage_mb * MEGABYTE:
        raise StorageFull


def check_open_jobs(request: ApiRequest) -> None:
    """Raises TooManyJobs."""
    if (
        request.services.store.count_open_jobs(request.user.uid, OPEN_STATUSES)
        >= request.settings.max_open_jobs
    ):
        raise TooManyJobs


def _own(request: ApiRequest, job_id: str) -> Job | None:
    (doc,) = request.services.store.read([job_path(job_id)])
    if (
        doc is None
        or doc.data["owner"] != request.user.uid
        or doc.data["status"] not in VISIBLE_STATUSES
    ):
        return None
    return Job.from_doc(doc)


def _written(
    request: ApiRequest,
    job_id: str,
    recipe: Recipe,
    form: NewJob,
    options: dict[str, Any],
    sources: Mapping[str, InputSource],
) -> Job:
    now, settings, user = request.services.clock.now(), request.settings, request.user
    inputs = tuple(
        JobInput(
            name=name,
            object=upload_name(recipe.name, job_id, name, 0),
            content_type=sources[name].content_type,
            size_bytes=sources[name].size_bytes,
            filename=sources[name].filename,
            source=sources[name].copy_of,
        )
        for one in recipe.inputs
        for name in one.names
        if name in sources
    )
    writes = new_job(
        job_id=job_id,
        owner=user.uid,
        email=user.email if user.verified or not settings.mail_verified_only else "",
        recipe=recipe,
        title=form.title or inputs[0].filename,
        options=options,
        inputs=inputs,
        now=now,
        expires_at=now + timedelta(days=settings.job_retention_days),
    )
    request.services.store.commit(writes)
    # A conflict can only be our own commit, repeated after its answer was lost: the id is new.
    job = _own(request, job_id)
    if job is None:
        raise LookupError(f"job {job_id} is not there after it was created")
    return job
