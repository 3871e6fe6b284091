"""Where a new job's inputs come from: a person uploads them, or they are uploaded already.

`from` names a job whose inputs are used again, `latest` takes the newest upload of that kind. Both
are resolved once, when the job is created, to one version of one object. The job's own upload is a
copy of it that Cloud Storage makes without moving a byte here: its event starts the chain as an
upload's would, and the older job may be deleted. A copy that broke off is finished by a repeat of
the request with its key, by the word that it is uploaded, or by the sweeper: see `shared.uploads`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from functions.api.jobs import LIVING
from shared.domain.documents import job_path
from shared.domain.job import Job, JobInput
from shared.domain.pipeline import Bucket, Input, Recipe
from shared.http.exchange import Call
from shared.http.problems import InvalidFields

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


def of_job(
    call: Call, recipe: Recipe, job_id: str, wanted: Mapping[str, Input]
) -> dict[str, Source]:
    """What of another job's uploads serves as which input: by its name, else by its kind. Raises
    InvalidFields for a job that is not the caller's, or whose uploads are gone."""
    (doc,) = call.world.store.read([job_path(job_id)])
    if doc is None or doc.data["owner"] != call.user.uid or doc.data["status"] not in LIVING:
        raise InvalidFields([("from", "There is no such job.")])
    others = list(Job.from_doc(doc).inputs)
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
    missing = [name for name, one in wanted.items() if not one.optional and name not in found]
    if missing:
        raise InvalidFields(
            [
                (f"inputs.{name}", f"That job has nothing that {recipe.name} could take as {name}.")
                for name in missing
            ]
        )
    return found


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
