"""Creation of jobs. A job's document is written before its upload URLs are signed."""

from __future__ import annotations

import hashlib
import string
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from functions.api import rate_limit_policies
from functions.api.jobs.deliveries import delivery_writes, find_destination
from functions.api.jobs.handlers import OPEN_STATUSES, VISIBLE_STATUSES
from functions.api.jobs.input_checks import find_errors
from functions.api.jobs.recipes import describe_inputs, find_recipe
from functions.api.jobs.requests import PROMPT_INPUT, FileMetadata, FileUrl, NewJob
from functions.api.jobs.schemas import JobView, job_view
from functions.api.jobs.sources import (
    InputSource,
    find_latest_upload,
    find_sources,
    read_prompt,
    write_prompt,
)
from functions.api.jobs.uploads import UploadGrant, sign_input_upload
from functions.api.jobs.url_inputs import announce_fetches, fetch_writes, source_from_url
from functions.api.recipes.option_checks import check_options
from functions.api.storage import check_storage
from shared.errors import InvalidOption, NotFound, SourceExpired, TooManyJobs
from shared.flows.documents import job_path
from shared.flows.envelope import upload_name
from shared.http.limits.policy import RateLimitState
from shared.http.limits.rate_limits import consume
from shared.http.problems import InvalidFields, option_fields
from shared.http.request import ApiRequest, ApiResponse
from shared.http.schemas import ResponseModel
from shared.jobs.commands import delete
from shared.jobs.creation import new_job
from shared.jobs.fetches.fetch import fetch_id
from shared.jobs.model import Job, JobInput
from shared.jobs.result_deliveries.delivery import Destination
from shared.pipeline import Recipe
from shared.runtime.uploads import ensure_upload

_ID_ALPHABET = string.ascii_lowercase + string.digits
_ID_LENGTH = 20


class CreatedJob(ResponseModel):
    """The job, and the upload requests of its inputs by name."""

    job: JobView
    uploads: dict[str, UploadGrant]


def create_job(request: ApiRequest) -> ApiResponse:
    """Creates a job from new uploads, files at URLs, earlier uploads, a recording's clip, or a
    prompt in the request.

    Validates everything, writes the job, copies earlier uploads and writes the prompt, then signs
    the upload URLs.

    Raises InvalidFields, InvalidOption, SourceExpired, StorageFull, TooManyJobs, LimitReached, and
    NotFound when the job of a repeated request was deleted.
    """
    body = request.body(NewJob)
    recipe = find_recipe(body.recipe)
    job_id = derive_id(request.seed)
    job = _read_job(request, job_id) if request.idempotency_key else None
    headers = {"Location": f"/v1/jobs/{job_id}"}
    if job is None:
        is_expensive = body.has_reused_inputs or body.names_buckets
        if is_expensive:
            # Earlier uploads and objects in buckets are looked up: an invalid request counts too.
            headers |= _consume_rate_limit(request).headers
        options, sources, destination = _check(request, recipe, body)
        _check_quota(request, sum(source.size_bytes for source in sources.values()))
        if not is_expensive:
            headers |= _consume_rate_limit(request).headers
        job = _write_job(request, job_id, recipe, body, options, sources, destination)
    objects = request.services.objects
    if any(item.source and ensure_upload(objects, item) is None for item in job.inputs):
        # The source was deleted after the lookup. Without it the job can never start.
        request.run(lambda clock: delete.delete(job_id, clock))
        raise SourceExpired
    announce_fetches(request, job.inputs)
    prompt = read_prompt(recipe, body)
    if prompt is not None:
        write_prompt(request, job, prompt)
    uploads = {
        item.name: sign_input_upload(request, item)
        for item in job.inputs
        if not (item.source or item.fetch) and (prompt is None or item.name != PROMPT_INPUT)
    }
    response = CreatedJob(job=job_view(job, request.services.store), uploads=uploads)
    return ApiResponse(response, headers=headers)


def _check(
    request: ApiRequest, recipe: Recipe, body: NewJob
) -> tuple[dict[str, Any], dict[str, InputSource], Destination | None]:
    """Returns the options, the sources of the inputs and the destination of the results. Raises
    InvalidFields or InvalidOption, with the problems of all."""
    options: dict[str, Any] = {}
    sources: dict[str, InputSource] = {}
    option_error: InvalidOption | None = None
    try:
        options = check_options(recipe, body.options, request.settings)
    except InvalidOption as error:
        option_error = error
    try:
        sources = _resolve_sources(request, recipe, body)
        input_errors = find_errors(recipe, sources, request.settings)
    except InvalidFields as error:
        input_errors = error.fields
    destination = None
    try:
        if body.deliver_to is not None:
            destination = find_destination(request, body.deliver_to)
    except InvalidFields as error:
        input_errors = [*input_errors, *error.fields]
    if input_errors:
        raise InvalidFields([*option_fields(option_error), *input_errors])
    if option_error is not None:
        raise option_error
    return options, sources, destination


def _consume_rate_limit(request: ApiRequest) -> RateLimitState:
    return consume(request, rate_limit_policies.job_creations(request.settings), request.user.uid)


def derive_id(seed: str) -> str:
    """Derives a job id from a request's seed: 20 characters of an alphabet of 36,
    which is about 103 bits. Requests with the same idempotency key have the same seed."""
    number = int.from_bytes(hashlib.sha256(seed.encode()).digest())
    digits = []
    for _ in range(_ID_LENGTH):
        number, digit = divmod(number, len(_ID_ALPHABET))
        digits.append(_ID_ALPHABET[digit])
    return "".join(digits)


def _resolve_sources(request: ApiRequest, recipe: Recipe, body: NewJob) -> dict[str, InputSource]:
    """Returns the source of every input of the new job. Raises InvalidFields."""
    prompt = read_prompt(recipe, body)
    sources = {} if prompt is None else {PROMPT_INPUT: prompt}
    errors: list[tuple[str, str]] = []
    for name, file in body.inputs.items():
        recipe_input = recipe.find_input(name)
        if isinstance(file, FileMetadata):
            sources[name] = InputSource.from_file(file)
        elif isinstance(file, FileUrl):
            try:
                sources[name] = source_from_url(request, name, file)
            except InvalidFields as error:
                errors += error.fields
        elif recipe_input is None:
            raise InvalidFields([(f"inputs.{name}", describe_inputs(recipe))])
        else:  # "latest"
            sources[name] = find_latest_upload(request, recipe_input)
    if errors:
        raise InvalidFields(errors)
    if body.from_job is None:
        return sources
    missing = {name: item for item in recipe.inputs for name in item.names if name not in sources}
    return {**find_sources(request, recipe, body.from_job, missing), **sources}


def _check_quota(request: ApiRequest, requested_bytes: int) -> None:
    """Raises TooManyJobs, StorageFull. Concurrent requests see the same counts. Together they can
    exceed the limits by at most the rate limit of creations."""
    check_open_jobs(request)
    check_storage(request, requested_bytes)


def check_open_jobs(request: ApiRequest) -> None:
    """Raises TooManyJobs when the user has the maximum number of open jobs."""
    if (
        request.services.store.count_open_jobs(request.user.uid, OPEN_STATUSES)
        >= request.settings.max_open_jobs
    ):
        raise TooManyJobs


def _read_job(request: ApiRequest, job_id: str) -> Job | None:
    """Returns the job, or None when there is none yet. Raises NotFound when it was deleted: its
    document is kept until its objects are gone, so the job cannot be created again."""
    (doc,) = request.services.store.read([job_path(job_id)])
    if doc is None or doc.data["owner"] != request.user.uid:
        return None
    if doc.data["status"] not in VISIBLE_STATUSES:
        raise NotFound("The job that this request created was deleted.")
    return Job.from_doc(doc)


def _write_job(
    request: ApiRequest,
    job_id: str,
    recipe: Recipe,
    body: NewJob,
    options: dict[str, Any],
    sources: Mapping[str, InputSource],
    destination: Destination | None,
) -> Job:
    now = request.services.clock.now()
    expires_at = now + timedelta(days=request.settings.job_retention_days)
    inputs = tuple(
        JobInput(
            name=name,
            object=(upload := upload_name(recipe.name, job_id, name, 0)),
            content_type=sources[name].content_type,
            size_bytes=sources[name].size_bytes,
            filename=sources[name].filename,
            source=sources[name].copy_of,
            crc32c=sources[name].crc32c,
            fetch=fetch_id(upload) if sources[name].url else "",
        )
        for item in recipe.inputs
        for name in item.names
        if name in sources
    )
    writes = new_job(
        job_id=job_id,
        owner=request.user.uid,
        email=request.user.email,
        recipe=recipe,
        title=body.title or inputs[0].filename,
        options=options,
        inputs=inputs,
        now=now,
        expires_at=expires_at,
        user_metadata=body.user_metadata,
        has_delivery=destination is not None,
    )
    fetches = fetch_writes(request, job_id, recipe, inputs, sources, now=now, expires_at=expires_at)
    delivery = delivery_writes(request, job_id, destination)
    request.services.store.commit([*writes, *fetches, *delivery])
    # The id is new, so a conflict means that the client library retried this commit after its
    # response was lost.
    job = _read_job(request, job_id)
    if job is None:
        raise LookupError(f"job {job_id} does not exist after its creation")
    return job
