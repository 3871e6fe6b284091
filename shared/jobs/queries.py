"""Reads the documents that a decision needs, in as few round trips as possible, and the queries for
jobs and their stages, units and events."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from shared.flows.documents import (
    Doc,
    Filter,
    Query,
    job_path,
    newest_documents,
    stage_path,
    unit_path,
)
from shared.flows.effects import Flow, read, run_query
from shared.flows.envelope import JOIN, Envelope
from shared.jobs import announcements, rules
from shared.jobs.model import Job, Status
from shared.jobs.stage import Stage, StageState, Unit, UnitState, revision_of
from shared.pipeline import FUNCTIONS, MessageTrigger, find_consumer, find_producer
from shared.tasks.task import SWEEP_PAGE_SIZE

ACTIVE_STATES = (StageState.QUEUED, StageState.RUNNING)
OPEN_STATES = (UnitState.FREE, UnitState.LEASED)


def stages_of(job_id: str) -> Query:
    """Returns the query for all stages of a job and their shards, of every revision."""
    return Query(f"{job_path(job_id)}/stages")


def units_of(job_id: str) -> Query:
    """Returns the query for all units of a job, of every revision."""
    return Query(f"{job_path(job_id)}/units")


def free_units(job_id: str) -> Query:
    """Returns the query for the units of a job that no worker holds: all that wait are among
    them."""
    return Query(f"{job_path(job_id)}/units", (Filter("state", "==", UnitState.FREE),))


def events_of(job_id: str) -> Query:
    """Returns the query for the events of a job."""
    return Query(f"{job_path(job_id)}/events")


def due_units(before: datetime, limit: int = SWEEP_PAGE_SIZE) -> Query:
    """Returns the query for the open units of all jobs whose check was due before `before`, oldest
    first."""
    return Query(
        "units",
        (Filter("state", "in", OPEN_STATES), Filter("next_check_at", "<", before)),
        order_by="next_check_at",
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
    tag: str | None = None,
    created_after: datetime | None = None,
    after: tuple[datetime, str] | None = None,
    limit: int,
) -> Query:
    """Returns the query for a page of an owner's jobs in one of `statuses`, newest first. `after`
    is the creation time and id of the last job of the previous page; the last page ends with the
    first job that was created after `created_after`."""
    filters = [Filter("owner", "==", owner), Filter("status", "in", tuple(statuses))]
    if recipe is not None:
        filters.append(Filter("recipe", "==", recipe))
    if tag is not None:
        filters.append(Filter("tags", "array_contains", tag))
    if created_after is not None:
        filters.append(Filter("created_at", ">", created_after))
    return newest_documents("jobs", *filters, after=after, limit=limit)


def read_view(envelope: Envelope) -> Flow[rules.View]:
    """Returns the documents that decide about a delivery. The shards of the stage are read for a
    join only: they are needed to know whether the stage is complete."""
    key = (envelope.job_id, envelope.stage, envelope.revision)
    job, stage, unit = yield from read(
        job_path(envelope.job_id), stage_path(*key), unit_path(*key, envelope.part)
    )
    shards: Sequence[Doc] = ()
    if stage is not None and envelope.part == JOIN:
        shards = yield from _read_shards(envelope.job_id, Stage.from_doc(stage))
    return rules.View(
        None if job is None else Job.from_doc(job),
        None if stage is None else Stage.from_doc(stage, shards),
        None if unit is None else Unit.from_doc(unit),
    )


def read_stage(job_id: str, name: str, revision: int) -> Flow[Stage | None]:
    """Returns a stage with the sums of its shards. None when it is gone."""
    (doc,) = yield from read(stage_path(job_id, name, revision))
    if doc is None:
        return None
    return Stage.from_doc(doc, (yield from _read_shards(job_id, Stage.from_doc(doc))))


def _read_shards(job_id: str, stage: Stage) -> Flow[list[Doc]]:
    """Returns the shards of a stage, read together."""
    if not stage.shard_count:
        return []
    docs = yield from read(*stage.shard_paths(job_id))
    return [doc for doc in docs if doc is not None]


def read_successors(envelope: Envelope) -> Flow[rules.JobSnapshot | None]:
    """Returns the part of a snapshot that decides what follows `envelope`'s unit. None when the job
    is gone."""
    name, job_id = envelope.stage, envelope.job_id
    (job_doc,) = yield from read(job_path(job_id))
    stage = yield from read_stage(job_id, name, envelope.revision)
    if job_doc is None or stage is None:
        return None
    job = Job.from_doc(job_doc)
    stages = {name: stage}
    if envelope.part != JOIN:
        units = yield from _read_units(job, [(name, envelope.part)])
        keys = [(name, JOIN)]
        consumer, producer = find_consumer(name, job.recipe), find_producer(name)
        if consumer is not None:
            keys.append((consumer, envelope.part))
        if (name, envelope.part) not in units:
            return None
        if successor := units[name, envelope.part].successor:
            keys.append((name, successor))
            if producer is not None:
                keys.append((producer, successor))
        return rules.JobSnapshot(job, stages, units | (yield from _read_units(job, keys)))
    next_stage = job.recipe.next_stage(name)
    keys = []
    if next_stage is not None and isinstance(FUNCTIONS[next_stage].trigger, MessageTrigger):
        (doc,) = yield from read(
            stage_path(job_id, next_stage, revision_of(next_stage, job.revision))
        )
        if doc is None:
            return None
        plan = stages[next_stage] = Stage.from_doc(doc)
        keys = [(next_stage, part) for part in plan.part_ids[: plan.parts_in_flight]]
    return rules.JobSnapshot(job, stages, (yield from _read_units(job, keys)))


def _read_units(job: Job, keys: Sequence[tuple[str, str]]) -> Flow[dict[tuple[str, str], Unit]]:
    """Returns the units of the current revision with these keys of (stage, part) that exist."""
    if not keys:
        return {}
    docs = yield from read(
        *(unit_path(job.id, name, revision_of(name, job.revision), part) for name, part in keys)
    )
    return {key: Unit.from_doc(doc) for key, doc in zip(keys, docs, strict=True) if doc}


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
    stages = parse_stages(stage_docs)
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


def parse_stages(docs: Iterable[Doc]) -> list[Stage]:
    """Returns the stages in documents of stages and of their shards."""
    shards: dict[str, list[Doc]] = {}
    stages: list[Doc] = []
    for doc in docs:
        if "shard" in doc.data:
            shards.setdefault(doc.path.rpartition(".")[0], []).append(doc)
        else:
            stages.append(doc)
    return [Stage.from_doc(doc, shards.get(doc.path, ())) for doc in stages]


def read_outcome_messages(job: Job) -> Flow[list[Envelope]]:
    """Returns the message that starts the notification of a terminal job, unless it has run."""
    if not job.is_terminal:
        return []
    part = rules.outcome_part(job.status, job.epoch)
    (doc,) = yield from read(unit_path(job.id, job.recipe.outcome_stage, job.revision, part))
    return announcements.outcome_messages(job, None if doc is None else Unit.from_doc(doc))


def unfinished_stages(snapshot: rules.JobSnapshot) -> list[Stage]:
    """Returns the result stages that are not done."""
    return [
        snapshot.stages[name]
        for name in snapshot.job.recipe.result_stages
        if snapshot.stages[name].state is not StageState.DONE
    ]
