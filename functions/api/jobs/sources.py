"""Where a new job's inputs come from: a person uploads them, or they are uploaded already.

`from` names a job whose inputs are used again or a recording whose clip is, `latest` takes the
newest upload of that kind. All are resolved once, when the job is created, to one version of one
object. The job's own upload is a copy of it that Cloud Storage makes without moving a byte here:
its event starts the chain as an upload's would, and the older job or the recording may be deleted.
A copy that broke off is finished by a repeat of the request with its key, by the word that it is
uploaded, or by the sweeper: see `shared.runtime.uploads`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from functions.api.jobs.handlers import VISIBLE_STATUSES
from shared.cameras.recording import Recording, recording_path
from shared.flows.documents import Doc, job_path
from shared.http.problems import InvalidFields
from shared.http.request import ApiRequest
from shared.jobs.model import Job, JobInput
from shared.pipeline import Bucket, Input, Recipe

MAX_JOBS_SEARCHED = 200
"""How many of the newest jobs are looked through for the newest upload of a kind."""
PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class InputSource:
    """What a new input will be. `copy_of` is "object#generation", "" for what is to be uploaded."""

    filename: str
    content_type: str
    size_bytes: int
    copy_of: str = ""


def kind_of(content_type: str) -> str:
    """The leading part of a media type."""
    return content_type.lower().partition("/")[0]


def find_sources(
    request: ApiRequest, recipe: Recipe, source_id: str, requested: Mapping[str, Input]
) -> dict[str, InputSource]:
    """What of another job's uploads serves as which input: by its name, else by its kind; or the
    clip of a recording. Raises InvalidFields for what is not the caller's, or is gone."""
    paths = [job_path(source_id), recording_path(source_id)]
    job, recording = (_owned(request, doc) for doc in request.services.store.read(paths))
    if recording is not None:
        return _of_recording(request, recipe, Recording.from_doc(recording), requested)
    if job is None or job.data["status"] not in VISIBLE_STATUSES:
        raise InvalidFields([("from", "There is no such job or recording.")])
    others = list(Job.from_doc(job).inputs)
    found: dict[str, InputSource] = {}
    for name, one in requested.items():
        fitting = [other for other in others if kind_of(other.content_type) in one.kinds]
        fitting.sort(key=lambda other: other.name != name)
        if not fitting:
            continue
        others.remove(fitting[0])
        source = _pinned(request, fitting[0])
        if source is not None:
            found[name] = source
        elif not one.optional:
            raise InvalidFields([("from", f"The {name} of that job is not uploaded.")])
    return _complete(recipe, requested, found)


def _of_recording(
    request: ApiRequest, recipe: Recipe, recording: Recording, wanted: Mapping[str, Input]
) -> dict[str, InputSource]:
    film = recording.clip_artifact
    if film is None:
        raise InvalidFields([("from", "That recording has no clip yet.")])
    if request.services.objects.stat(Bucket.OUTPUTS, film.object) is None:
        raise InvalidFields([("from", "The clip of that recording is no longer there.")])
    fitting = [name for name, one in wanted.items() if kind_of(film.content_type) in one.kinds]
    pinned = f"{film.object}#{film.generation}"
    clip = InputSource(film.name, film.content_type, film.size_bytes, pinned)
    return _complete(recipe, wanted, dict.fromkeys(fitting[:1], clip))


def _complete(
    recipe: Recipe, wanted: Mapping[str, Input], found: dict[str, InputSource]
) -> dict[str, InputSource]:
    missing = [name for name, one in wanted.items() if not one.optional and name not in found]
    if missing:
        raise InvalidFields(
            [
                (f"inputs.{name}", f"There is nothing that {recipe.name} could take as {name}.")
                for name in missing
            ]
        )
    return found


def _owned(request: ApiRequest, doc: Doc | None) -> Doc | None:
    return doc if doc is not None and doc.data["owner"] == request.user.uid else None


def find_latest_upload(request: ApiRequest, recipe_input: Input) -> InputSource:
    """The caller's newest upload of this kind. Raises InvalidFields when there is none."""
    for job in _newest_jobs(request):
        for one in job.inputs:
            if kind_of(one.content_type) in recipe_input.kinds:
                source = _pinned(request, one)
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


def _pinned(request: ApiRequest, one: JobInput) -> InputSource | None:
    there = request.services.objects.stat(Bucket.UPLOADS, one.object)
    if there is None:
        return None
    return InputSource(
        one.filename, there.content_type, there.size_bytes, f"{there.name}#{there.generation}"
    )


def _newest_jobs(request: ApiRequest) -> Iterator[Job]:
    after = None
    for _ in range(MAX_JOBS_SEARCHED // PAGE_SIZE):
        docs = request.services.store.list_jobs(
            request.user.uid, statuses=VISIBLE_STATUSES, after=after, max_count=PAGE_SIZE
        )
        yield from (Job.from_doc(doc) for doc in docs)
        if len(docs) < PAGE_SIZE:
            return
        after = (docs[-1].data["created_at"], docs[-1].id)
