"""Reads the documents that a decision needs, in as few round trips as possible, and the queries for
jobs and their stages, units and events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from shared.flows.documents import (
    Filter,
    Query,
    job_path,
    newest_documents,
    stage_path,
    unit_path,
)
from shared.flows.effects import Flow, read, run_query
from shared.flows.envelope import JOIN, Envelope
from shared.jobs import rules
from shared.jobs.model import Job, Stage, StageState, Status, Unit, UnitState, revision_of
from shared.pipeline import FUNCTIONS, MessageTrigger, find_consumer
from shared.tasks.task import SWEEP_PAGE_SIZE

ACTIVE_STATES = (StageState.QUEUED, StageState.RUNNING)


def stages_of(job_id: str) -> Query:
    """Returns the query for all stages of a job, of every revision."""
    return Query(f"{job_path(job_id)}/stages")


def units_of(job_id: str) -> Query:
    """Returns the query for all units of a job, of every revision."""
    return Query(f"{job_path(job_id)}/units")


def free_units(job_id: str) -> Query:
    """Returns the query for the units of a job that were released: all that wait are among them."""
    return Query(f"{job_path(job_id)}/units", (Filter("state", "==", UnitState.FREE),))


def events_of(job_id: str) -> Query:
    """Returns the query for the events of a job."""
    return Query(f"{job_path(job_id)}/events")


def stalled_stages(before: datetime, limit: int = SWEEP_PAGE_SIZE) -> Query:
    """Returns the query for the queued and running stages of all jobs without progress since
    `before`, oldest first."""
    return Query(
        "stages",
        (Filter("state", "in", ACTIVE_STATES), Filter("last_progress_at", "<", before)),
        order_by="last_progress_at",
        limit=limit,
        is_group=True,
    )


def jobs_awaiting_uploads(before: datetime, limit: int = SWEEP_PAGE_SIZE) -> Query:
    """Returns the query for the jobs that await their uploads and have not changed since `before`,
    oldest first."""
    return Query(
        "jobs",
        (Filter("status", "==", Status.AWAITING_UPLOAD), Filter("updated_at", "<", before)),
        order_by="updated_at",
        limit=limit,
    )


def expired_jobs(before: datetime, limit: int = SWEEP_PAGE_SIZE) -> Query:
    """Returns the query for the jobs and tombstones with `expires_at` before `before`, oldest
    first."""
    return Query("jobs", (Filter("expires_at", "<", before),), order_by="expires_at", limit=limit)


def due_tombstones(before: datetime, limit: int = SWEEP_PAGE_SIZE) -> Query:
    """Returns the query for the deleted jobs whose second purge was due before `before`, oldest
    first."""
    return Query(
        "jobs", (Filter("purge_again_at", "<", before),), order_by="purge_again_at", limit=limit
    )


def newest_jobs(
    owner: str,
    *,
    statuses: Iterable[str],
    recipe: str | None = None,
    after: tuple[datetime, str] | None = None,
    limit: int,
) -> Query:
    """Returns the query for a page of an owner's jobs in one of `statuses`, newest first. `after`
    is the creation time and id of the last job of the previous page."""
    filters = [Filter("owner", "==", owner), Filter("status", "in", tuple(statuses))]
    if recipe is not None:
        filters.append(Filter("recipe", "==", recipe))
    return newest_documents("jobs", *filters, after=after, limit=limit)


def read_view(envelope: Envelope) -> Flow[rules.View]:
    """Returns the documents that decide about a delivery."""
    key = (envelope.job_id, envelope.stage, envelope.revision)
    job, stage, unit = yield from read(
        job_path(envelope.job_id), stage_path(*key), unit_path(*key, envelope.part)
    )
    return rules.View(
        None if job is None else Job.from_doc(job),
        None if stage is None else Stage.from_doc(stage),
        None if unit is None else Unit.from_doc(unit),
    )


def read_successors(envelope: Envelope) -> Flow[rules.JobSnapshot | None]:
    """Returns the part of a snapshot that decides what follows `envelope`'s unit. None when the job
    is gone."""
    stage, job_id = envelope.stage, envelope.job_id
    paths = [job_path(job_id), stage_path(job_id, stage, envelope.revision)]
    job_doc, stage_doc = yield from read(*paths)
    if job_doc is None or stage_doc is None:
        return None
    job = Job.from_doc(job_doc)
    stages = {stage: Stage.from_doc(stage_doc)}
    keys: list[tuple[str, str]] = []
    if envelope.part != JOIN:
        consumer = find_consumer(stage, job.recipe)
        keys = [(stage, JOIN)] + ([(consumer, envelope.part)] if consumer is not None else [])
    else:
        next_stage = job.recipe.next_stage(stage)
        if next_stage is not None and isinstance(FUNCTIONS[next_stage].trigger, MessageTrigger):
            (doc,) = yield from read(
                stage_path(job_id, next_stage, revision_of(next_stage, job.revision))
            )
            if doc is None:
                return None
            stages[next_stage] = Stage.from_doc(doc)
            keys = [(next_stage, part) for part in stages[next_stage].part_ids]
    units: dict[tuple[str, str], Unit] = {}
    if keys:
        docs = yield from read(
            *(unit_path(job_id, name, revision_of(name, job.revision), part) for name, part in keys)
        )
        units = {key: Unit.from_doc(doc) for key, doc in zip(keys, docs, strict=True) if doc}
    return rules.JobSnapshot(job, stages, units)


def read_snapshot(job_id: str) -> Flow[rules.JobSnapshot | None]:
    """Returns the job with its stages and units at the current revision. None when it is gone."""
    (doc,) = yield from read(job_path(job_id))
    if doc is None:
        return None
    snapshot = yield from _read_below(Job.from_doc(doc))
    if snapshot.stages.keys() < set(snapshot.job.recipe.stages):
        # The job was deleted between the two reads: read its new status.
        (doc,) = yield from read(job_path(job_id))
        if doc is None:
            return None
        snapshot = replace(snapshot, job=Job.from_doc(doc))
    return snapshot


def _read_below(job: Job) -> Flow[rules.JobSnapshot]:
    stage_docs = yield from run_query(stages_of(job.id))
    unit_docs = yield from run_query(units_of(job.id))
    stages = [Stage.from_doc(doc) for doc in stage_docs]
    units = [Unit.from_doc(doc) for doc in unit_docs]
    current = [row for row in stages if row.revision == revision_of(row.name, job.revision)]
    return rules.JobSnapshot(
        job,
        {stage.name: stage for stage in current},
        {
            (unit.stage, unit.part): unit
            for unit in units
            if unit.revision == revision_of(unit.stage, job.revision)
        },
        tuple(row for row in stages if row.revision != revision_of(row.name, job.revision)),
    )


def read_outcome_messages(job: Job) -> Flow[list[Envelope]]:
    """Returns the message that starts the notification of a terminal job, unless it has run."""
    if not job.is_terminal:
        return []
    part = rules.outcome_part(job)
    (doc,) = yield from read(unit_path(job.id, job.recipe.outcome_stage, job.revision, part))
    return rules.outcome_messages(job, None if doc is None else Unit.from_doc(doc))


def unfinished_stages(snapshot: rules.JobSnapshot) -> list[Stage]:
    """Returns the result stages that are not done."""
    return [
        snapshot.stages[name]
        for name in snapshot.job.recipe.result_stages
        if snapshot.stages[name].state is not StageState.DONE
    ]
