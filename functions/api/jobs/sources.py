"""The sources of a new job's inputs: new uploads, files at URLs, earlier uploads, the clip of a
recording, or a prompt in the request.

`from` names a job whose uploads are reused, or a recording whose clip is. `latest` takes the newest
upload of a kind. Both are resolved once, when the job is created, to one generation of one object.
The job's own upload is a copy that Cloud Storage makes without moving bytes through the API. The
finalize event of the copy starts the pipeline like that of an upload, and the earlier job or the
recording can be deleted. An interrupted copy is completed by a repeat of the request with the same
idempotency key, by the finalize endpoint, or by the sweeper: see `shared.runtime.uploads`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice

from functions.api.jobs.handlers import VISIBLE_STATUSES, iterate_jobs
from functions.api.jobs.recipes import describe_inputs
from functions.api.jobs.requests import PROMPT_INPUT, FileMetadata, NewJob
from shared.cameras.recording import Recording, recording_path
from shared.errors import PermanentError
from shared.flows.documents import Doc, job_path
from shared.http.problems import InvalidFields
from shared.http.request import ApiRequest
from shared.jobs.model import Job, JobInput
from shared.pipeline import Bucket, Input, Recipe
from shared.recipes.films.prompt import SOURCE_SEPARATOR, Prompt

MAX_JOBS_SEARCHED = 200
"""The search for the newest upload of a kind reads at most this many of the newest jobs."""
PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class InputSource:
    """The source of an input. `copy_of` is "object#generation", or "" for a new upload; `crc32c` is
    the checksum that a new upload must have, or ""."""

    filename: str
    content_type: str
    size_bytes: int
    copy_of: str = ""
    crc32c: str = ""
    content: bytes = b""
    """The bytes of an input in the request itself, or b""."""
    url: str = field(default="", repr=False)
    """The URL from which a new upload is fetched, or ""."""
    host: str = ""
    generation: int | None = None
    """Of an object in a bucket of the user, None for a file at an https URL."""

    @classmethod
    def from_prompt(cls, prompt: str, text: str) -> InputSource:
        """Returns the source of a prompt and a text in the request. Raises InvalidFields."""
        content = Prompt(prompt, text).to_bytes()
        field = "prompt" if prompt else "text"
        if SOURCE_SEPARATOR in prompt:
            raise InvalidFields([("prompt", "The prompt must not contain a form feed (U+000C).")])
        try:
            Prompt.from_bytes(content)
        except PermanentError as error:
            raise InvalidFields([(field, str(error))]) from error
        return cls("prompt.txt", "text/plain; charset=utf-8", len(content), content=content)

    @classmethod
    def from_file(cls, file: FileMetadata) -> InputSource:
        """Returns the source of a new upload."""
        media_type = file.content_type.lower()
        return cls(file.filename, media_type, file.size_bytes, crc32c=file.crc32c or "")


def read_prompt(recipe: Recipe, body: NewJob) -> InputSource | None:
    """Returns the source of the prompt in the request, or None. Raises InvalidFields."""
    field = "prompt" if body.prompt is not None else "text"
    if body.prompt is None and body.text is None:
        return None
    if recipe.find_input(PROMPT_INPUT) is None:
        raise InvalidFields([(field, describe_inputs(recipe))])
    if PROMPT_INPUT in body.inputs:
        message = "The prompt is in the request and in the inputs; leave one of them out."
        raise InvalidFields([(f"inputs.{PROMPT_INPUT}", message)])
    return InputSource.from_prompt(body.prompt or "", body.text or "")


def write_prompt(request: ApiRequest, job: Job, prompt: InputSource) -> None:
    """Writes the prompt as the job's upload, whose event starts the job. A repeated request adopts
    it."""
    declared = next((item for item in job.inputs if item.name == PROMPT_INPUT), None)
    if declared is None or declared.upload:
        # Another file has replaced it since.
        return
    with request.services.objects.create(
        Bucket.UPLOADS, declared.object, content_type=prompt.content_type, spec="prompt"
    ) as writer:
        writer.write(prompt.content)


def _is_taken(recipe_input: Input, job: Job, upload: JobInput) -> bool:
    """Whether an input takes the kind of file that an upload was declared as: that of its own
    input. The upload may not be examined yet, and its media type is only a hint."""
    source = job.recipe.find_input(upload.name)
    return source is not None and not set(source.kinds).isdisjoint(recipe_input.kinds)


def find_sources(
    request: ApiRequest, recipe: Recipe, source_id: str, requested: Mapping[str, Input]
) -> dict[str, InputSource]:
    """Returns the sources of the requested inputs: uploads of another job, matched by name and then
    by kind, or the clip of a recording.

    Raises InvalidFields for a job or recording of another user, and for deleted objects.
    """
    paths = [job_path(source_id), recording_path(source_id)]
    job, recording = (_owned(request, doc) for doc in request.services.store.read(paths))
    if recording is not None:
        return _clip_source(request, recipe, Recording.from_doc(recording), requested)
    if job is None or job.data["status"] not in VISIBLE_STATUSES:
        raise InvalidFields([("from", "There is no such job or recording.")])
    source_job = Job.from_doc(job)
    unused = list(source_job.inputs)
    sources: dict[str, InputSource] = {}
    for name, recipe_input in requested.items():
        matches = [item for item in unused if _is_taken(recipe_input, source_job, item)]
        matches.sort(key=lambda item: item.name != name)
        if not matches:
            continue
        unused.remove(matches[0])
        source = _upload_source(request, matches[0])
        if source is not None:
            sources[name] = source
        elif not recipe_input.optional:
            raise InvalidFields([("from", f"The {name} of that job is not uploaded.")])
    return _require_all(recipe, requested, sources)


def _clip_source(
    request: ApiRequest, recipe: Recipe, recording: Recording, requested: Mapping[str, Input]
) -> dict[str, InputSource]:
    clip = recording.clip_artifact
    if clip is None:
        raise InvalidFields([("from", "That recording has no clip yet.")])
    if request.services.objects.stat(Bucket.OUTPUTS, clip.object) is None:
        raise InvalidFields([("from", "The clip of that recording is no longer there.")])
    matches = [name for name, item in requested.items() if "video" in item.kinds]
    copy_of = f"{clip.object}#{clip.generation}"
    source = InputSource(clip.name, clip.content_type, clip.size_bytes, copy_of)
    return _require_all(recipe, requested, dict.fromkeys(matches[:1], source))


def _require_all(
    recipe: Recipe, requested: Mapping[str, Input], sources: dict[str, InputSource]
) -> dict[str, InputSource]:
    """Returns the sources. Raises InvalidFields for a required input without a source."""
    missing = [
        name for name, item in requested.items() if not item.optional and name not in sources
    ]
    if missing:
        raise InvalidFields(
            [
                (f"inputs.{name}", f"There is nothing that {recipe.name} could take as {name}.")
                for name in missing
            ]
        )
    return sources


def _owned(request: ApiRequest, doc: Doc | None) -> Doc | None:
    return doc if doc is not None and doc.data["owner"] == request.user.uid else None


def find_latest_upload(request: ApiRequest, recipe_input: Input) -> InputSource:
    """Returns the caller's newest upload of this kind. Raises InvalidFields if there is none."""
    for job in islice(iterate_jobs(request, PAGE_SIZE), MAX_JOBS_SEARCHED):
        for item in job.inputs:
            if _is_taken(recipe_input, job, item):
                source = _upload_source(request, item)
                if source is not None:
                    return source
    raise InvalidFields(
        [
            (
                f"inputs.{recipe_input.name}",
                f"You have uploaded no {recipe_input.name} that is still kept.",
            )
        ]
    )


def _upload_source(request: ApiRequest, job_input: JobInput) -> InputSource | None:
    """The current generation of an upload; None if it does not exist or has another checksum than
    it must have."""
    stored = request.services.objects.stat(Bucket.UPLOADS, job_input.object)
    if stored is None or not job_input.accepts(stored.crc32c):
        return None
    return InputSource(
        job_input.filename,
        stored.content_type,
        stored.size_bytes,
        f"{stored.name}#{stored.generation}",
    )
