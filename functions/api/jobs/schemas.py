"""The response models of jobs."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from functions.api.costs import total_compute_usd
from functions.api.jobs.views.cost import CostView, cost_view
from functions.api.jobs.views.delivery import ResultDeliveryView, delivery_view
from functions.api.jobs.views.inputs import JobInputView, input_views
from functions.api.jobs.views.results import (
    MAIN_KINDS,
    ResultsView,
    find_duration_s,
    find_first,
    find_thumbnail,
)
from functions.api.jobs.views.stages import (
    ErrorView,
    StageView,
    error_view,
    job_progress,
    stage_views,
)
from shared.flows.documents import Doc
from shared.http.schemas import ResponseModel, Timestamp
from shared.jobs.fetches.fetch import Fetch, FetchState, fetch_path
from shared.jobs.model import Job, Status
from shared.jobs.webhooks.bodies import artifact_path
from shared.ports.store import JobStore
from shared.recipes.results import NarrationResult
from shared.recipes.stored_object import Artifact
from shared.runtime.results_writer import revision_of_result


class ArtifactView(ResponseModel):
    """A result of a job. `url` redirects to its bytes. `revision` is that of the deck from which it
    was made: while an edit is rendered it is less than the `revision` of the job. Results of stages
    before the deck, which edits keep, have the revision 0."""

    name: str
    kind: str
    content_type: str
    size_bytes: int
    url: str
    revision: int


class FetchView(ResponseModel):
    """An input that is fetched from a URL. `filename` is the name of the file, `host` that of the
    server or of the bucket; the URL is not shown. `total_bytes` is null while the size is not
    known."""

    input: str
    host: str
    filename: str
    state: FetchState
    fetched_bytes: int
    total_bytes: int | None
    error: ErrorView | None


class JobSummary(ResponseModel):
    """A job in a list. `main_result` is the film, the timeline, the frames or the transcript,
    `thumbnail` a picture of it, and `duration_s` the duration of the film or of the longest input;
    null while there is none. `size_bytes` is the size of the uploads and the results, `cost_usd`
    the cost of computing of the stages that are done."""

    id: str
    recipe: str
    title: str
    description: str
    tags: tuple[str, ...]
    metadata: dict[str, str]
    status: Status
    epoch: int
    revision: int
    error: ErrorView | None
    duration_s: float | None
    size_bytes: int
    cost_usd: float
    main_result: ArtifactView | None
    thumbnail: ArtifactView | None
    created_at: Timestamp
    updated_at: Timestamp
    expires_at: Timestamp


class JobView(JobSummary):
    """A job with its inputs and results, and its stages in the order in which they run. `progress`
    is 0 to 1: that of the stages, weighted by their typical work. `voice` is the name of the voice
    that speaks the narration; null until it is spoken, and without narration. `people` has the
    names that you gave the people in the video, by `face_id`. `fetches` has the inputs that come
    from URLs, `delivery` where the results go. `cost` is the cost so far. `results` is there with
    `expand=results` only."""

    options: dict[str, Any]
    people: dict[str, str]
    inputs: tuple[JobInputView, ...]
    progress: float
    stages: tuple[StageView, ...]
    artifacts: tuple[ArtifactView, ...]
    warnings: tuple[str, ...]
    voice: str | None
    fetches: tuple[FetchView, ...]
    cost: CostView
    delivery: ResultDeliveryView | None
    # Without it the ETag is that of a job that is not expanded, which PATCH takes.
    results: Annotated[ResultsView | None, Field(exclude_if=lambda value: value is None)] = None


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
    """Returns a job with its stages, which it reads from the store, and what they wait for."""
    stages = stage_views(job, store)
    return JobView(
        **_summary_fields(job),
        options=dict(job.options),
        people=dict(job.user_metadata.people),
        inputs=input_views(job),
        progress=job_progress(job, stages),
        stages=stages,
        artifacts=tuple(_artifact_view(job, artifact) for artifact in job.results),
        warnings=job.warnings,
        voice=_find_voice(job),
        fetches=_fetch_views(job, store),
        cost=cost_view(job, stages),
        delivery=delivery_view(job, store),
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
        "description": job.user_metadata.description,
        "tags": job.user_metadata.tags,
        "metadata": dict(job.user_metadata.metadata),
        "status": job.status,
        "epoch": job.epoch,
        "revision": job.revision,
        "error": error_view(job.error),
        "duration_s": find_duration_s(job),
        "size_bytes": _total_size(job),
        "cost_usd": total_compute_usd(job.worked_ms),
        "main_result": _found_view(job, find_first(job, MAIN_KINDS)),
        "thumbnail": _found_view(job, find_thumbnail(job)),
        "created_at": job.created_at,
        "updated_at": job.updated_at,
        "expires_at": job.expires_at,
    }


def _total_size(job: Job) -> int:
    uploads = sum(item.size_bytes for item in job.inputs)
    return uploads + sum(artifact.size_bytes for artifact in job.results)


def _find_voice(job: Job) -> str | None:
    # Results of earlier versions state none.
    voice: str | None = (job.facts.get(NarrationResult.STAGE) or {}).get("voice")
    return voice


def _found_view(job: Job, artifact: Artifact | None) -> ArtifactView | None:
    return None if artifact is None else _artifact_view(job, artifact)


def _fetch_views(job: Job, store: JobStore) -> tuple[FetchView, ...]:
    paths = [fetch_path(item.fetch) for item in job.inputs if item.fetch]
    fetches = [Fetch.from_doc(doc) for doc in store.read(paths) if doc is not None] if paths else []
    return tuple(
        FetchView(
            input=fetch.input,
            host=fetch.host,
            filename=fetch.filename,
            state=fetch.state,
            fetched_bytes=fetch.fetched_bytes,
            total_bytes=fetch.total_bytes,
            error=error_view(fetch.error),
        )
        for fetch in fetches
    )


def _artifact_view(job: Job, artifact: Artifact) -> ArtifactView:
    return ArtifactView(
        name=artifact.name,
        kind=artifact.kind,
        content_type=artifact.content_type,
        size_bytes=artifact.size_bytes,
        url=artifact_path(job.id, artifact.name),
        revision=revision_of_result(artifact.object),
    )
