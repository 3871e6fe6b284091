"""Reading the ledger: as little as each decision needs, in as few round trips as possible."""

from __future__ import annotations

from dataclasses import replace

from shared.flows.documents import job_path, stage_path, unit_path
from shared.flows.effects import Flow, list_collection, read
from shared.flows.envelope import JOIN, Envelope
from shared.jobs import rules
from shared.jobs.model import Job, Stage, StageState, Unit, revision_of
from shared.pipeline import FUNCTIONS, MessageTrigger, find_consumer


def read_view(envelope: Envelope) -> Flow[rules.View]:
    """What a delivery is judged by."""
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
    """What is needed to say what follows `envelope`'s unit; None when the job is gone."""
    stage, job_id = envelope.stage, envelope.job_id
    paths = [job_path(job_id), stage_path(job_id, stage, envelope.revision)]
    job_doc, stage_doc = yield from read(*paths)
    if job_doc is None or stage_doc is None:
        return None
    job = Job.from_doc(job_doc)
    stages = {stage: Stage.from_doc(stage_doc)}
    wanted: list[tuple[str, str]] = []
    if envelope.part != JOIN:
        fed = find_consumer(stage, job.recipe)
        wanted = [(stage, JOIN)] + ([(fed, envelope.part)] if fed is not None else [])
    else:
        following = job.recipe.next_stage(stage)
        if following is not None and isinstance(FUNCTIONS[following].trigger, MessageTrigger):
            (doc,) = yield from read(
                stage_path(job_id, following, revision_of(following, job.revision))
            )
            if doc is None:
                return None
            stages[following] = Stage.from_doc(doc)
            wanted = [(following, part) for part in stages[following].part_ids]
    units: dict[tuple[str, str], Unit] = {}
    if wanted:
        docs = yield from read(
            *(unit_path(job_id, s, revision_of(s, job.revision), part) for s, part in wanted)
        )
        units = {k: Unit.from_doc(doc) for k, doc in zip(wanted, docs, strict=True) if doc}
    return rules.JobSnapshot(job, stages, units)


def read_snapshot(job_id: str) -> Flow[rules.JobSnapshot | None]:
    """The job, its stages and its units at its current revision; None without the job."""
    (doc,) = yield from read(job_path(job_id))
    if doc is None:
        return None
    whole = yield from _read_below(Job.from_doc(doc))
    if whole.stages.keys() < set(whole.job.recipe.stages):
        # Deleted between the two reads: its document says so by now.
        (doc,) = yield from read(job_path(job_id))
        if doc is None:
            return None
        whole = replace(whole, job=Job.from_doc(doc))
    return whole


def _read_below(job: Job) -> Flow[rules.JobSnapshot]:
    stage_docs = yield from list_collection(f"{job_path(job.id)}/stages")
    unit_docs = yield from list_collection(f"{job_path(job.id)}/units")
    stages = [Stage.from_doc(one) for one in stage_docs]
    units = [Unit.from_doc(one) for one in unit_docs]
    return rules.JobSnapshot(
        job,
        {one.name: one for one in stages if one.revision == revision_of(one.name, job.revision)},
        {
            (one.stage, one.part): one
            for one in units
            if one.revision == revision_of(one.stage, job.revision)
        },
        tuple(one for one in stages if one.revision != revision_of(one.name, job.revision)),
    )


def read_outcome_messages(job: Job) -> Flow[list[Envelope]]:
    """The message that tells a terminal job's outcome, unless it was told."""
    if not job.is_terminal:
        return []
    part = rules.outcome_part(job)
    (doc,) = yield from read(unit_path(job.id, rules.NOTIFICATION, job.revision, part))
    return rules.outcome_messages(job, None if doc is None else Unit.from_doc(doc))


def unfinished_stages(snapshot: rules.JobSnapshot) -> list[Stage]:
    """The media stages that are not done."""
    return [
        snapshot.stages[name]
        for name in snapshot.job.recipe.result_stages
        if snapshot.stages[name].state is not StageState.DONE
    ]
