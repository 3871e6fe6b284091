"""Reads the documents that a decision needs, in as few round trips as possible."""

from __future__ import annotations

from dataclasses import replace

from shared.flows.documents import job_path, stage_path, unit_path
from shared.flows.effects import Flow, list_collection, read
from shared.flows.envelope import JOIN, Envelope
from shared.jobs import rules
from shared.jobs.model import Job, Stage, StageState, Unit, revision_of
from shared.pipeline import FUNCTIONS, MessageTrigger, find_consumer


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
    stage_docs = yield from list_collection(f"{job_path(job.id)}/stages")
    unit_docs = yield from list_collection(f"{job_path(job.id)}/units")
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
