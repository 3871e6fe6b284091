"""Creating a job: its document exists before a URL does."""

from __future__ import annotations

import hashlib
import string
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from functions.api import rate_limit_policies
from functions.api.jobs.handlers import LIVING, OPEN
from functions.api.jobs.recipes import MEGABYTE, find_recipe, most_bytes, read_options
from functions.api.jobs.requests import NewJob, UploadForm
from functions.api.jobs.schemas import JobView, job_view
from functions.api.jobs.sources import Source, kind_of, latest, taken_from
from functions.api.rate_limits import Standing, take
from shared.errors import SourceExpired, StorageFull, TooManyJobs
from shared.flows.documents import job_path
from shared.flows.envelope import upload_name
from shared.http.problems import InvalidFields
from shared.http.request import Answer, Call
from shared.http.schemas import Moment, Told
from shared.jobs.commands import delete
from shared.jobs.model import Job, JobInput, new_job
from shared.pipeline import Bucket, Input, Recipe
from shared.runtime.settings import Settings
from shared.runtime.uploads import arrived

UPLOAD_VALID_S = 6 * 3600
"""When an upload has to begin; Google-managed keys sign for 12 hours at most."""
_ID_ALPHABET = string.ascii_lowercase + string.digits
_ID_LENGTH = 20


class UploadGrant(Told):
    """How to send a file: exactly this request, begun before `expires_at`. A POST begins a
    resumable session: its answer names in `Location` where the bytes are PUT, in pieces if need
    be."""

    method: str
    url: str
    headers: dict[str, str]
    expires_at: Moment


class CreatedJob(Told):
    """The job, and where those inputs go that are to be uploaded, by their names."""

    job: JobView
    uploads: dict[str, UploadGrant]


def create_job(call: Call) -> Answer:
    """Check everything, write the job, copy what is there, then sign for the rest."""
    form = call.body(NewJob)
    recipe = find_recipe(form.recipe)
    job_id = id_from(call.seed)
    job = _own(call, job_id) if call.idempotency_key else None
    headers = {"Location": f"/v1/jobs/{job_id}"}
    if job is None:
        options = read_options(recipe, form.options, call.settings)
        if form.reuses:
            # To look for what is uploaded costs us more than a wish that is wrong.
            headers |= _let_in(call).headers
        sources = _sources(call, recipe, form)
        check_inputs(recipe, sources, call.settings)
        _check_room(call, sum(one.size_bytes for one in sources.values()))
        if not form.reuses:
            headers |= _let_in(call).headers
        job = _written(call, job_id, recipe, form, options, sources)
    if any(one.source and arrived(call.world.objects, one) is None for one in job.inputs):
        # Deleted after it was found: a job that nobody can begin is not left behind.
        call.run(lambda clockwork: delete.delete(job_id, clockwork))
        raise SourceExpired
    uploads = {one.name: grant(call, one) for one in job.inputs if not one.source}
    body = CreatedJob(job=job_view(job, call.world.store), uploads=uploads)
    return Answer(body, headers=headers)


def _let_in(call: Call) -> Standing:
    return take(call, rate_limit_policies.job_creations(call.settings), call.user.uid)


def id_from(seed: str) -> str:
    """A job's id out of a request's seed: 20 of 36 characters, 103 bits."""
    number = int.from_bytes(hashlib.sha256(seed.encode()).digest())
    digits = []
    for _ in range(_ID_LENGTH):
        number, digit = divmod(number, len(_ID_ALPHABET))
        digits.append(_ID_ALPHABET[digit])
    return "".join(digits)


def check_inputs(recipe: Recipe, sources: Mapping[str, Source], settings: Settings) -> None:
    """Raises InvalidFields that names every input that is missing, strange or too large."""
    wrong: list[tuple[str, str]] = [
        (f"inputs.{one.name}", f"The recipe {recipe.name} needs the input {one.name}.")
        for one in recipe.inputs
        if one.name not in sources and not one.optional
    ]
    for name, given in sources.items():
        declared = recipe.input(name)
        if declared is None:
            wrong.append((f"inputs.{name}", _takes(recipe)))
        else:
            unfit = misfits(declared, given, settings)
            wrong += [(f"inputs.{name}.{key}", why) for key, why in unfit]
    if wrong:
        raise InvalidFields(wrong)


def misfits(declared: Input, given: Source, settings: Settings) -> list[tuple[str, str]]:
    """What of a file is not as the input must be: pairs of a field and a sentence."""
    wrong = []
    if kind_of(given.content_type) not in declared.kinds:
        kinds = " or ".join(f"{kind}/…" for kind in declared.kinds)
        wrong.append(
            (
                "content_type",
                f"The input {declared.name} must be {kinds}, not {given.content_type}.",
            )
        )
    most = most_bytes(declared, settings)
    if given.size_bytes > most:
        wrong.append(
            (
                "size_bytes",
                f"The input {declared.name} may have at most {most // MEGABYTE} MB; "
                f"this file has {given.size_bytes / MEGABYTE:.1f} MB.",
            )
        )
    return wrong


def grant(call: Call, one: JobInput, *, resumable: bool = False) -> UploadGrant:
    """The request by which a person's program sends an input."""
    signed = call.world.objects.sign_upload(
        Bucket.UPLOADS,
        one.object,
        content_type=one.content_type,
        # What was declared was checked: more than that is not taken.
        max_bytes=one.size_bytes,
        valid_s=UPLOAD_VALID_S,
        resumable=resumable,
    )
    return UploadGrant(
        method=signed.method,
        url=signed.url,
        headers=dict(signed.headers),
        expires_at=signed.expires_at,
    )


def _sources(call: Call, recipe: Recipe, form: NewJob) -> dict[str, Source]:
    """Every input that there will be. Raises InvalidFields."""
    given: dict[str, Source] = {}
    for name, one in form.inputs.items():
        declared = recipe.input(name)
        if isinstance(one, UploadForm):
            given[name] = Source(one.filename, one.content_type.lower(), one.size_bytes)
        elif declared is None:
            raise InvalidFields([(f"inputs.{name}", _takes(recipe))])
        else:
            given[name] = latest(call, declared)
    if form.from_job is None:
        return given
    rest = {name: one for one in recipe.inputs for name in one.names if name not in given}
    return {**taken_from(call, recipe, form.from_job, rest), **given}


def _takes(recipe: Recipe) -> str:
    takes = ", ".join(
        one.name if one.most == 1 else f"{one.names[0]} to {one.names[-1]}" for one in recipe.inputs
    )
    return f"The recipe {recipe.name} takes {takes} and nothing else."


def _check_room(call: Call, more_bytes: int) -> None:
    """Raises TooManyJobs, StorageFull. What the ledger holds now is compared: creations at the same
    time may pass by each other, by as many as the limit of creations lets through."""
    settings, store = call.settings, call.world.store
    check_open_jobs(call)
    if store.stored_bytes(call.user.uid) + more_bytes > settings.storage_mb * MEGABYTE:
        raise StorageFull


def check_open_jobs(call: Call) -> None:
    """Raises TooManyJobs."""
    if call.world.store.open_jobs(call.user.uid, OPEN) >= call.settings.jobs_at_once:
        raise TooManyJobs


def _own(call: Call, job_id: str) -> Job | None:
    (doc,) = call.world.store.read([job_path(job_id)])
    if doc is None or doc.data["owner"] != call.user.uid or doc.data["status"] not in LIVING:
        return None
    return Job.from_doc(doc)


def _written(
    call: Call,
    job_id: str,
    recipe: Recipe,
    form: NewJob,
    options: dict[str, Any],
    sources: Mapping[str, Source],
) -> Job:
    now, settings, user = call.world.clock.now(), call.settings, call.user
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
        expires_at=now + timedelta(days=settings.jobs_kept_days),
    )
    call.world.store.commit(writes)
    # A conflict can only be our own commit, repeated after its answer was lost: the id is new.
    job = _own(call, job_id)
    if job is None:
        raise LookupError(f"job {job_id} is not there after it was created")
    return job
