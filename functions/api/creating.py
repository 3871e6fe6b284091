"""Creating a job: its document exists before a URL does."""

from __future__ import annotations

import secrets
import string
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from functions.api.catalogue import MEGABYTE, find_recipe, read_options
from functions.api.views import JobView, job_view
from shared.domain.documents import job_path
from shared.domain.job import Job, JobInput, new_job
from shared.domain.message import upload_name
from shared.domain.pipeline import Bucket, Input, Recipe
from shared.http.exchange import Answer, Call
from shared.http.forms import Form, Moment, Told
from shared.http.problems import InvalidFields

UPLOAD_VALID_S = 6 * 3600
"""When an upload has to begin; Google-managed keys sign for 12 hours at most."""
_ID_ALPHABET = string.ascii_lowercase + string.digits
_ID_LENGTH = 20


def _printable(text: str) -> str:
    """One line of text without control characters."""
    if any(ord(one) < 32 or 127 <= ord(one) < 160 for one in text):
        raise PydanticCustomError("control", "Control characters cannot be used")
    clean = " ".join(text.split())
    if not clean:
        raise PydanticCustomError("blank", "It must not be blank")
    return clean


def _scalar(value: Any) -> Any:
    if value is not None and not isinstance(value, str | int | float):
        raise PydanticCustomError("scalar", "An option is a text, a number, true, false or null")
    return value


Line = Annotated[str, AfterValidator(_printable)]
Scalar = Annotated[
    Any,
    AfterValidator(_scalar),
    WithJsonSchema({"type": ["string", "number", "boolean", "null"]}),
]
MediaType = Annotated[
    str,
    Field(
        max_length=127,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*$",
    ),
]


class UploadForm(Form):
    """A file that will be uploaded."""

    filename: Annotated[Line, Field(max_length=255)]
    content_type: MediaType
    size_bytes: Annotated[int, Field(gt=0, lt=1 << 53)]


class NewJob(Form):
    """A job that is wished for. `inputs` are the recipe's, each once; an optional one may be
    left out."""

    recipe: Annotated[str, Field(max_length=40)]
    title: Annotated[Line, Field(max_length=200)] | None = None
    options: dict[Annotated[str, Field(max_length=40)], Scalar] = Field({}, max_length=40)
    inputs: dict[Annotated[str, Field(max_length=40)], UploadForm] = Field(max_length=20)


class UploadView(Told):
    """How to send a file: exactly this request, begun before `expires_at`."""

    method: str
    url: str
    headers: dict[str, str]
    expires_at: Moment


class CreatedJob(Told):
    """The job, and where its inputs go, by their names."""

    job: JobView
    uploads: dict[str, UploadView]


def create_job(call: Call) -> Answer:
    """Check everything, write the job, then sign."""
    form = call.body(NewJob)
    recipe = find_recipe(form.recipe)
    check_inputs(recipe, form)
    options = read_options(recipe, form.options, call.settings)
    job = _written(call, recipe, form, options)
    uploads = {one.name: _grant(call, one) for one in job.inputs}
    body = CreatedJob(job=job_view(job, call.world.store), uploads=uploads)
    return Answer(body, headers={"Location": f"/v1/jobs/{job.id}"})


def check_inputs(recipe: Recipe, form: NewJob) -> None:
    """Raises InvalidFields that names every input that is missing, strange or too large."""
    wrong: list[tuple[str, str]] = [
        (f"inputs.{one.name}", f"The recipe {recipe.name} needs the input {one.name}.")
        for one in recipe.inputs
        if one.name not in form.inputs and not one.optional
    ]
    for name, given in form.inputs.items():
        declared = recipe.input(name)
        if declared is None:
            takes = ", ".join(_takes(one) for one in recipe.inputs)
            wrong.append(
                (f"inputs.{name}", f"The recipe {recipe.name} takes {takes} and nothing else.")
            )
        else:
            wrong += [(f"inputs.{name}.{key}", why) for key, why in _unfit(declared, given)]
    if wrong:
        raise InvalidFields(wrong)


def _takes(one: Input) -> str:
    return one.name if one.most == 1 else f"{one.names[0]} to {one.names[-1]}"


def _unfit(declared: Input, given: UploadForm) -> list[tuple[str, str]]:
    wrong = []
    if given.content_type.lower().partition("/")[0] not in declared.kinds:
        kinds = " or ".join(f"{kind}/…" for kind in declared.kinds)
        wrong.append(
            (
                "content_type",
                f"The input {declared.name} must be {kinds}, not {given.content_type}.",
            )
        )
    if given.size_bytes > declared.max_mb * MEGABYTE:
        wrong.append(
            (
                "size_bytes",
                f"The input {declared.name} may have at most {declared.max_mb} MB; "
                f"this file has {given.size_bytes / MEGABYTE:.1f} MB.",
            )
        )
    return wrong


def _written(call: Call, recipe: Recipe, form: NewJob, options: dict[str, Any]) -> Job:
    now = call.world.clock.now()
    first = next(iter(form.inputs.values()))
    job_id = "".join(secrets.choice(_ID_ALPHABET) for _ in range(_ID_LENGTH))
    inputs = tuple(
        JobInput(
            name=name,
            object=upload_name(recipe.name, job_id, name, 0),
            content_type=form.inputs[name].content_type.lower(),
            size_bytes=form.inputs[name].size_bytes,
            filename=form.inputs[name].filename,
        )
        for one in recipe.inputs
        for name in one.names
        if name in form.inputs
    )
    writes = new_job(
        job_id=job_id,
        owner=call.user.uid,
        email=call.user.email,
        recipe=recipe,
        title=form.title or first.filename,
        options=options,
        inputs=inputs,
        now=now,
        expires_at=now + timedelta(days=call.settings.jobs_kept_days),
    )
    call.world.store.commit(writes)
    # A conflict can only be our own commit, repeated after its answer was lost: the id is new.
    (doc,) = call.world.store.read([job_path(job_id)])
    if doc is None or doc.data["owner"] != call.user.uid:
        raise LookupError(f"job {job_id} is not there after it was created")
    return Job.from_doc(doc)


def _grant(call: Call, one: JobInput) -> UploadView:
    signed = call.world.objects.sign_upload(
        Bucket.UPLOADS,
        one.object,
        content_type=one.content_type,
        # What was declared was checked: more than that is not taken.
        max_bytes=one.size_bytes,
        valid_s=UPLOAD_VALID_S,
    )
    return UploadView(
        method=signed.method,
        url=signed.url,
        headers=dict(signed.headers),
        expires_at=signed.expires_at,
    )
