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

from functions.api.jobs.handlers import LIVING
from shared.cameras.recording import Recording, recording_path
from shared.flows.documents import Doc, job_path
from shared.http.problems import InvalidFields
from shared.http.request import Call
from shared.jobs.model import Job, JobInput
from shared.pipeline import Bucket, Input, Recipe

LOOKED_AT = 200
"""How many of the newest jobs are looked through for the newest upload of a kind."""
PAGE = 50


@dataclass(frozen=True, slots=True)
class Source:
    """What a new input will be. `copy_of` is "object#generation", "" for what is to be uploaded."""

    filename: str
    content_type: str
    size_bytes: int
    copy_of: str = ""


def kind_of(content_type: str) -> str:
    """The leading part of a media type."""
    return content_type.lower().partition("/")[0]


def taken_from(
    call: Call, recipe: Recipe, found_under: str, wanted: Mapping[str, Input]
) -> dict[str, Source]:
    """What of another job's uploads serves as which input: by its name, else by its kind; or the
    clip of a recording. Raises InvalidFields for what is not the caller's, or is gone."""
    paths = [job_path(found_under), recording_path(found_under)]
    job, recording = (_owned(call, doc) for doc in call.world.store.read(paths))
    if recording is not None:
        return _of_recording(call, recipe, Recording.from_doc(recording), wanted)
    if job is None or job.data["status"] not in LIVING:
        raise InvalidFields([("from", "There is no such job or recording.")])
    others = list(Job.from_doc(job).inputs)
    found: dict[str, Source] = {}
    for name, one in wanted.items():
        fitting = [other for other in others if kind_of(other.content_type) in one.kinds]
        fitting.sort(key=lambda other: other.name != name)
        if not fitting:
            continue
        others.remove(fitting[0])
        source = _pinned(call, fitting[0])
        if source is not None:
            found[name] = source
        elif not one.optional:
            raise InvalidFields([("from", f"The {name} of that job is not uploaded.")])
    return _complete(recipe, wanted, found)


def _of_recording(
    call: Call, recipe: Recipe, recording: Recording, wanted: Mapping[str, Input]
) -> dict[str, Source]:
    film = recording.film
    if film is None:
        raise InvalidFields([("from", "That recording has no clip yet.")])
    if call.world.objects.stat(Bucket.OUTPUTS, film.object) is None:
        raise InvalidFields([("from", "The clip of that recording is no longer there.")])
    fitting = [name for name, one in wanted.items() if kind_of(film.content_type) in one.kinds]
    pinned = f"{film.object}#{film.generation}"
    clip = Source(film.name, film.content_type, film.size_bytes, pinned)
    return _complete(recipe, wanted, dict.fromkeys(fitting[:1], clip))


def _complete(
    recipe: Recipe, wanted: Mapping[str, Input], found: dict[str, Source]
) -> dict[str, Source]:
    missing = [name for name, one in wanted.items() if not one.optional and name not in found]
    if missing:
        raise InvalidFields(
            [
                (f"inputs.{name}", f"There is nothing that {recipe.name} could take as {name}.")
                for name in missing
            ]
        )
    return found


def _owned(call: Call, doc: Doc | None) -> Doc | None:
    return doc if doc is not None and doc.data["owner"] == call.user.uid else None


def latest(call: Call, declared: Input) -> Source:
    """The caller's newest upload of this kind. Raises InvalidFields when there is none."""
    for job in _newest_jobs(call):
        for one in job.inputs:
            if kind_of(one.content_type) in declared.kinds:
                source = _pinned(call, one)
                if source is not None:
                    return source
    raise InvalidFields(
        [(f"inputs.{declared.name}", f"You have uploaded no {declared.name} that is still kept.")]
    )


def _pinned(call: Call, one: JobInput) -> Source | None:
    there = call.world.objects.stat(Bucket.UPLOADS, one.object)
    if there is None:
        return None
    return Source(
        one.filename, there.content_type, there.size_bytes, f"{there.name}#{there.generation}"
    )


def _newest_jobs(call: Call) -> Iterator[Job]:
    after = None
    for _ in range(LOOKED_AT // PAGE):
        docs = call.world.store.jobs_of(call.user.uid, statuses=LIVING, after=after, most=PAGE)
        yield from (Job.from_doc(doc) for doc in docs)
        if len(docs) < PAGE:
            return
        after = (docs[-1].data["created_at"], docs[-1].id)
