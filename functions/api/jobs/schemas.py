"""The response models of jobs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from shared.flows.documents import Doc, stage_path
from shared.http.schemas import ResponseModel, Timestamp
from shared.jobs.model import Job, Status
from shared.jobs.stage import Stage, StageState, revision_of
from shared.ports.store import JobStore
from shared.recipes.stored_object import Artifact


class ErrorView(ResponseModel):
    """The reason for a failure: a stable code, a message, and the stage in which it occurred."""

    code: str
    message: str
    stage: str | None = None


class StageView(ResponseModel):
    """The state of a stage. `total` is null until the number of parts is known. `progress` is 0
    to 1 and includes the progress of running parts. `attempts` is 0 before the stage starts, then
    1 plus the retries of all its parts. `counts` has numeric results of the stage, for example
    `calls` to a paid API and cache `hits`; it is empty until the stage is done."""

    name: str
    state: StageState
    done: int
    total: int | None
    progress: float
    attempts: int
    queued_at: Timestamp | None
    started_at: Timestamp | None
    finished_at: Timestamp | None
    counts: dict[str, float]
    error: ErrorView | None


class ArtifactView(ResponseModel):
    """A result of a job. `url` redirects to its bytes."""

    name: str
    kind: str
    content_type: str
    size_bytes: int
    url: str


class JobSummary(ResponseModel):
    """A job in a list."""

    id: str
    recipe: str
    title: str
    status: Status
    epoch: int
    revision: int
    error: ErrorView | None
    created_at: Timestamp
    updated_at: Timestamp
    expires_at: Timestamp


class JobView(JobSummary):
    """A job with its results, and its stages in the order in which they run."""

    options: dict[str, Any]
    stages: tuple[StageView, ...]
    artifacts: tuple[ArtifactView, ...]
    warnings: tuple[str, ...]


class EventView(ResponseModel):
    """An event in the history of a job."""

    at: Timestamp
    what: str
    epoch: int
    details: dict[str, Any]


class EventList(ResponseModel):
    """The events of a job, oldest first."""

    events: tuple[EventView, ...]


def job_summary(job: Job) -> JobSummary:
    """Returns a job as lists show it."""
    return JobSummary(**_summary_fields(job))


def job_view(job: Job, store: JobStore) -> JobView:
    """Returns a job with its stages, which it reads from the store."""
    return JobView(
        **_summary_fields(job),
        options=dict(job.options),
        stages=tuple(_stage_view(job, doc, shards) for doc, shards in _read_stages(job, store)),
        artifacts=tuple(_artifact_view(job, artifact) for artifact in job.results),
        warnings=job.warnings,
    )


def event_view(doc: Doc) -> EventView:
    """Returns an event of a job."""
    known = ("job", "at", "what", "epoch")
    return EventView(
        at=doc.data["at"],
        what=doc.data["what"],
        epoch=doc.data["epoch"],
        details={name: value for name, value in doc.data.items() if name not in known},
    )


def _summary_fields(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "recipe": job.recipe_name,
        "title": job.title,
        "status": job.status,
        "epoch": job.epoch,
        "revision": job.revision,
        "error": _error_view(job.error),
        "created_at": job.created_at,
        "updated_at": job.updated_at,
        "expires_at": job.expires_at,
    }


def _read_stages(job: Job, store: JobStore) -> list[tuple[Doc, list[Doc]]]:
    """Returns the stages of the current revision, each with its shards. A stage that has not
    started has counted nothing, so its shards are not read."""
    docs = store.read(
        stage_path(job.id, name, revision_of(name, job.revision)) for name in job.recipe.stages
    )
    stages = [doc for doc in docs if doc is not None]
    paths = {
        doc.path: Stage.from_doc(doc).shard_paths(job.id) if doc.data["started_at"] else ()
        for doc in stages
    }
    needed = [path for shard_paths in paths.values() for path in shard_paths]
    found = {doc.path: doc for doc in store.read(needed) if doc is not None} if needed else {}
    return [(doc, [found[path] for path in paths[doc.path] if path in found]) for doc in stages]


def _stage_view(job: Job, doc: Doc, shards: Iterable[Doc]) -> StageView:
    data, counts = doc.data, [shard.data for shard in shards]
    total, state = data["total"], StageState(data["state"])
    # The notification has no shards.
    done = total if state is StageState.DONE else sum(count["done"] for count in counts)
    # The retries of parts are counted on the shards, those of the join on the stage.
    retries = data["retries"] + sum(count["retries"] for count in counts)
    # The commit of a part counts it in `done` and resets its own progress to 0.
    in_progress = sum(sum(count["progress"].values()) for count in counts)
    facts = job.facts.get(data["stage"]) or {}
    return StageView(
        name=data["stage"],
        state=state,
        done=done,
        total=total,
        progress=_progress(done + in_progress, total),
        attempts=1 + retries if data["started_at"] else 0,
        queued_at=data["queued_at"],
        started_at=data["started_at"],
        finished_at=data["finished_at"],
        counts={
            name: value
            for name, value in facts.items()
            if isinstance(value, int | float) and not isinstance(value, bool)
        },
        error=_error_view(data["error"]),
    )


def _progress(completed: float, total: int | None) -> float:
    return round(min(1.0, completed / total), 3) if total else 0.0


def _artifact_view(job: Job, artifact: Artifact) -> ArtifactView:
    return ArtifactView(
        name=artifact.name,
        kind=artifact.kind,
        content_type=artifact.content_type,
        size_bytes=artifact.size_bytes,
        url=f"/v1/jobs/{job.id}/artifacts/{quote(artifact.name, safe='')}",
    )


def _error_view(error: Mapping[str, Any] | None) -> ErrorView | None:
    if error is None:
        return None
    return ErrorView(code=error["code"], message=error["message"], stage=error.get("stage"))
