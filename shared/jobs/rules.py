"""The rules of at-least-once delivery, as pure functions of the documents that were read.

The flows in `deliver.py` act on the results. `test_rule_removal.py` disables each rule in turn and
shows that a job is then lost, doubled or stuck.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.flows.decision import Decision
from shared.flows.envelope import JOIN, Envelope
from shared.jobs.model import Job, Stage, StageState, Status, Unit, UnitState
from shared.pipeline import (
    FUNCTIONS,
    STALLED_S,
    MessageTrigger,
    find_consumer,
    find_producer,
)

MAX_WAIT_S = 6 * 3600
"""How long dead_letter announces the units of a queued stage again before it fails them."""


@dataclass(frozen=True, slots=True)
class View:
    """The documents that decide about a delivery, read together."""

    job: Job | None
    stage: Stage | None
    unit: Unit | None


@dataclass(frozen=True, slots=True)
class JobSnapshot:
    """A job with its stages and units at the current revision."""

    job: Job
    stages: Mapping[str, Stage]
    units: Mapping[tuple[str, str], Unit]
    outdated: tuple[Stage, ...] = ()
    """Stages of older revisions."""


def decide(view: View, envelope: Envelope, now: datetime) -> Decision:
    """Decides about a delivery; never LATER. The order matters: a delivery that is out of date is
    dropped before it is repeated."""
    job, stage, unit = view.job, view.stage, view.unit
    if job is None or stage is None or is_out_of_date(job, envelope):
        return Decision.DROP
    if FUNCTIONS[envelope.stage].reports_outcome:
        if not job.is_terminal or envelope.part != outcome_part(job):
            return Decision.DROP
    elif (
        job.is_terminal
        or is_awaiting_review(job, envelope.stage)
        or not _is_planned(stage, envelope.part)
    ):
        return Decision.DROP
    if is_done(unit):
        return Decision.REPEAT
    if unit is not None and unit.state is UnitState.FAILED:
        return Decision.DROP
    if is_leased(unit, now) or (unit is not None and unit.not_before > now):
        return Decision.BUSY
    if not FUNCTIONS[envelope.stage].reports_outcome:
        if stage.total is None:
            return Decision.BUSY
        if envelope.part == JOIN and not stage.is_complete:
            # The worker that completes the stage announces its join.
            return Decision.DROP
    if unit is not None and unit.attempt >= FUNCTIONS[envelope.stage].max_attempts:
        return Decision.EXHAUSTED
    return Decision.GO


def is_out_of_date(job: Job, envelope: Envelope) -> bool:
    """Whether the envelope is of a deleted job, or of an older epoch, revision or upload."""
    if job.status is Status.DELETED:
        return True
    if envelope.epoch is not None and envelope.epoch < job.epoch:
        return True
    if FUNCTIONS[envelope.stage].per_revision and envelope.revision < job.revision:
        return True
    if envelope.upload is not None:
        current = {job_input.name: job_input.upload for job_input in job.inputs}
        return current.get(envelope.part) != envelope.upload
    return False


def is_awaiting_review(job: Job, stage: str) -> bool:
    """Whether a stage waits for the review of the deck."""
    return job.status is Status.AWAITING_REVIEW and stage in job.recipe.stages_after_deck


def with_epoch(job: Job | None, envelope: Envelope) -> Envelope:
    """Returns the envelope with the epoch of `job`. An object's event has no epoch, and a decision
    about it must not apply to a later epoch."""
    if job is None or envelope.epoch is not None:
        return envelope
    return replace(envelope, epoch=job.epoch)


def is_done(unit: Unit | None) -> bool:
    """Whether the unit is DONE, which is final: it never runs again."""
    return unit is not None and unit.state is UnitState.DONE


def is_leased(unit: Unit | None, now: datetime) -> bool:
    """Whether a worker holds the unit. A lease that is not renewed expires."""
    return unit is not None and unit.state is UnitState.LEASED and unit.lease_until > now


def lease_end(now: datetime, lease_s: float) -> datetime:
    """Returns the end of a lease that is claimed or renewed at `now`."""
    return now + timedelta(seconds=lease_s)


def _is_planned(stage: Stage, part: str) -> bool:
    """Whether the part was planned, or the stage is not planned yet."""
    return stage.total is None or part == JOIN or part in stage.part_ids


def outcome_part(job: Job) -> str:
    """Returns the part of the notification unit: the outcome and its epoch, so that every outcome
    is announced once."""
    return f"{job.status}.e{job.epoch}"


def outcome_messages(job: Job, notification: Unit | None) -> list[Envelope]:
    """Returns the message that starts the notification of a terminal job, unless the notification
    is DONE or FAILED."""
    if notification is not None and notification.state in (UnitState.DONE, UnitState.FAILED):
        return []
    if not job.is_terminal or job.status is Status.DELETED:
        return []
    return [Envelope(job.id, job.recipe.outcome_stage, outcome_part(job), job.revision, job.epoch)]


def units_to_announce(
    job: Job, stage: str, parts: Iterable[str], units: Mapping[tuple[str, str], Unit]
) -> list[Envelope]:
    """Returns messages for the parts that are not DONE. A DONE unit is never announced: one
    duplicate would cascade into hundreds of messages."""
    revision = job.revision if FUNCTIONS[stage].per_revision else 0
    return [
        Envelope(job.id, stage, part, revision, job.epoch)
        for part in parts
        if not is_done(units.get((stage, part)))
    ]


def messages_after_part(
    snapshot: JobSnapshot, stage: str, part: str, *, publish_to_consumer: bool
) -> list[Envelope]:
    """Returns the messages after a part that is DONE. With `publish_to_consumer` the part's
    object was written by an earlier attempt, so no event follows and its envelope is published."""
    job = snapshot.job
    messages: list[Envelope] = []
    consumer = find_consumer(stage, job.recipe)
    if publish_to_consumer and consumer is not None:
        messages += units_to_announce(job, consumer, [part], snapshot.units)
    if snapshot.stages[stage].is_complete:
        messages += units_to_announce(job, stage, [JOIN], snapshot.units)
    return messages


def messages_after_join(snapshot: JobSnapshot, stage: str) -> list[Envelope]:
    """Returns the messages after a join: the parts of the next stage, unless objects trigger
    them."""
    next_stage = snapshot.job.recipe.next_stage(stage)
    if next_stage is None or not isinstance(FUNCTIONS[next_stage].trigger, MessageTrigger):
        return []
    if is_awaiting_review(snapshot.job, next_stage):
        return []
    part_ids = snapshot.stages[next_stage].part_ids
    return units_to_announce(snapshot.job, next_stage, part_ids, snapshot.units)


def pending_messages(snapshot: JobSnapshot, uploaded: Collection[str]) -> list[Envelope]:
    """Returns the messages of a redrive or a sweep: the missing parts, or the join, of EVERY
    incomplete stage whose inputs exist. `uploaded` names the uploaded inputs."""
    messages: list[Envelope] = []
    job = snapshot.job
    for name in job.recipe.result_stages:
        stage = snapshot.stages[name]
        if stage.total is None or stage.state is StageState.DONE or is_awaiting_review(job, name):
            continue
        if stage.is_complete:
            messages += units_to_announce(job, name, [JOIN], snapshot.units)
            continue
        producer = find_producer(name)
        ready = [
            part
            for part in stage.part_ids
            if (name != job.recipe.stages[0] or part in uploaded)
            and (producer is None or is_done(snapshot.units.get((producer, part))))
        ]
        messages += units_to_announce(job, name, ready, snapshot.units)
    return messages


def is_stalled(snapshot: JobSnapshot, now: datetime) -> bool:
    """Whether no worker holds a unit of the job and no stage made progress for two leases."""
    if any(is_leased(unit, now) for unit in snapshot.units.values()):
        return False
    newest = max(stage.last_progress_at for stage in snapshot.stages.values())
    return newest <= now - timedelta(seconds=STALLED_S)


def is_exhausted(view: View, envelope: Envelope, now: datetime) -> bool:
    """Whether dead_letter fails a unit: its attempts or its time are used up. While the job awaits
    uploads the time is that of the job, because it depends on the user."""
    job, stage, unit = view.job, view.stage, view.unit
    if unit is not None and unit.attempt >= FUNCTIONS[envelope.stage].max_attempts:
        return True
    if unit is not None and unit.waiting_for is not None:
        # The time of a unit that waits for a service counts from its first refusal.
        return False
    if job is not None and job.status is Status.AWAITING_UPLOAD:
        return now >= job.expires_at
    queued_at = None if stage is None else stage.queued_at
    return queued_at is not None and now - queued_at >= timedelta(seconds=MAX_WAIT_S)


def sweep_backoff(job: Job, stage: Stage, now: datetime, *, announced: bool) -> timedelta:
    """Returns how much longer than two leases the sweeper waits before it checks a stage again. It
    grows with the time that the stage has waited. A claim resets it.

    With `announced`, the messages were published just now: they may still be queued, and further
    copies would make the queue longer. Otherwise the stage waits for the user.
    """
    limit = timedelta(minutes=10) if announced else timedelta(hours=1)
    return min(max(now - (stage.queued_at or job.updated_at), timedelta()) / 2, limit)


def are_result_stages_done(job: Job, also: str) -> bool:
    """Whether ALL result stages are done, counting stage `also` as done. Then the job is done."""
    return all(
        name == also or job.stages[name] == StageState.DONE for name in job.recipe.result_stages
    )


def next_epoch(job: Job) -> int:
    """Returns the epoch of a redrive. Messages and workers of older epochs are dropped."""
    return job.epoch + 1


def units_to_delete(units: Mapping[tuple[str, str], Unit]) -> list[Unit]:
    """Returns the units that a redrive deletes, with their attempts and errors: all but DONE."""
    return [
        unit
        for unit in units.values()
        if not is_done(unit) and not FUNCTIONS[unit.stage].reports_outcome
    ]


def status_after_redrive(snapshot: JobSnapshot, uploaded: Collection[str]) -> Status:
    """Returns the status of a job after a redrive: the one that was pending."""
    first = snapshot.stages[snapshot.job.recipe.stages[0]]
    if first.state is not StageState.DONE:
        missing = [
            part
            for part in first.part_ids
            if part not in uploaded and not is_done(snapshot.units.get((first.name, part)))
        ]
        if missing:
            return Status.AWAITING_UPLOAD
    after_deck = [snapshot.stages[name] for name in snapshot.job.recipe.stages_after_deck]
    if any(stage.state is StageState.WAITING and stage.total is not None for stage in after_deck):
        # A stage that is planned but not queued waits for the review.
        return Status.AWAITING_REVIEW
    return Status.RUNNING
