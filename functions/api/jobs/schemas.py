"""Jobs as people see them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from shared.flows.documents import Doc, stage_path
from shared.http.schemas import ResponseModel, Timestamp
from shared.jobs.model import Job, StageState, Status, revision_of
from shared.ports.store import JobStore
from shared.recipes.stored_object import Artifact


class ErrorView(ResponseModel):
    """Why something failed: a stable code, a sentence, and the stage that met it."""

    code: str
    message: str
    stage: str | None = None


class StageView(ResponseModel):
    """How far a stage is. `total` is null until it is known how many parts there are; `progress`
    is 0 to 1 and counts begun parts as far as they are; `attempts` is 1 when every part went
    through at its first try. `counts` is what it counted, such as `calls` that were paid for and
    `hits` that were found instead; empty until it is done."""

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
    """A result that can be taken away; `url` answers with a redirect to its bytes."""

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
    """A job with its stages, in the order in which they run, and its results."""

    options: dict[str, Any]
    stages: tuple[StageView, ...]
    artifacts: tuple[ArtifactView, ...]
    warnings: tuple[str, ...]


class EventView(ResponseModel):
    """One line of a job's history."""

    at: Timestamp
    what: str
    epoch: int
    details: dict[str, Any]


class EventList(ResponseModel):
    """A job's history, oldest first."""

    events: tuple[EventView, ...]


def job_summary(job: Job) -> JobSummary:
    """A job in a list."""
    return JobSummary(**_common(job))


def job_view(job: Job, store: JobStore) -> JobView:
    """A job with its stages, which are read here."""
    docs = store.read(
        stage_path(job.id, name, revision_of(name, job.revision)) for name in job.recipe.stages
    )
    return JobView(
        **_common(job),
        options=dict(job.options),
        stages=tuple(_stage_view(job, one) for one in docs if one is not None),
        artifacts=tuple(_artifact_view(job, one) for one in job.results),
        warnings=job.warnings,
    )


def event_view(doc: Doc) -> EventView:
    """One line of the history."""
    known = ("job", "at", "what", "epoch")
    return EventView(
        at=doc.data["at"],
        what=doc.data["what"],
        epoch=doc.data["epoch"],
        details={name: value for name, value in doc.data.items() if name not in known},
    )


def _common(job: Job) -> dict[str, Any]:
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


def _stage_view(job: Job, doc: Doc) -> StageView:
    data = doc.data
    facts = job.facts.get(data["stage"]) or {}
    return StageView(
        name=data["stage"],
        state=StageState(data["state"]),
        done=data["done"],
        total=data["total"],
        progress=_progress(data),
        attempts=1 + data["retries"] if data["started_at"] else 0,
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


def _progress(stage: Mapping[str, Any]) -> float:
    if not stage["total"]:
        return 0.0
    # A part that is done counts in `done`; its own progress went back to 0 with that commit.
    begun = float(sum(stage["progress"].values()))
    return round(min(1.0, (int(stage["done"]) + begun) / int(stage["total"])), 3)


def _artifact_view(job: Job, one: Artifact) -> ArtifactView:
    return ArtifactView(
        name=one.name,
        kind=one.kind,
        content_type=one.content_type,
        size_bytes=one.size_bytes,
        url=f"/v1/jobs/{job.id}/artifacts/{quote(one.name, safe='')}",
    )


def _error_view(error: Mapping[str, Any] | None) -> ErrorView | None:
    if error is None:
        return None
    return ErrorView(code=error["code"], message=error["message"], stage=error.get("stage"))
