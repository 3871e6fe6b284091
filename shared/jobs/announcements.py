"""Which messages are published: after a unit that is DONE, at a job's end, when a job starts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta

from shared.flows.envelope import JOIN, Envelope
from shared.jobs import rules
from shared.jobs.model import Job, Status
from shared.jobs.rules import JobSnapshot
from shared.jobs.stage import StageState, Unit, UnitState
from shared.pipeline import FUNCTIONS, MessageTrigger, find_consumer, find_producer


def outcome_messages(job: Job, notification: Unit | None) -> list[Envelope]:
    """Returns the message that starts the notification of a terminal job, unless the notification
    is DONE or FAILED."""
    if notification is not None and notification.state in (UnitState.DONE, UnitState.FAILED):
        return []
    if not job.is_terminal or job.status is Status.DELETED:
        return []
    part = rules.outcome_part(job.status, job.epoch)
    return [Envelope(job.id, job.recipe.outcome_stage, part, job.revision, job.epoch)]


def units_to_announce(
    job: Job, stage: str, parts: Iterable[str], units: Mapping[tuple[str, str], Unit]
) -> list[Envelope]:
    """Returns messages for the parts that are admitted and not DONE. A DONE unit is never
    announced: one duplicate would cascade into hundreds of messages."""
    revision = job.revision if FUNCTIONS[stage].per_revision else 0
    return [
        Envelope(job.id, stage, part, revision, job.epoch)
        for part in parts
        if (stage, part) in units and not rules.is_done(units[stage, part])
    ]


def messages_after_part(
    snapshot: JobSnapshot, stage: str, part: str, *, publish_to_consumer: bool
) -> list[Envelope]:
    """Returns the messages after a part that is DONE: of the unit that its object triggers, of the
    part that it admitted, and of the join when the stage is complete.

    With `publish_to_consumer` the part's object was written by an earlier attempt, so no event
    follows and its envelope is published.
    """
    job, unit = snapshot.job, snapshot.units[stage, part]
    messages: list[Envelope] = []
    consumer = find_consumer(stage, job.recipe)
    if consumer is not None:
        fed = snapshot.units.get((consumer, part))
        if fed is not None and (publish_to_consumer or is_event_missed(unit, fed)):
            messages += units_to_announce(job, consumer, [part], snapshot.units)
    producer = find_producer(stage)
    # The end of the producer announces a successor whose object does not exist yet.
    if producer is None or rules.is_done(snapshot.units.get((producer, unit.successor))):
        messages += units_to_announce(job, stage, [unit.successor], snapshot.units)
    if snapshot.stages[stage].is_complete:
        messages += units_to_announce(job, stage, [JOIN], snapshot.units)
    return messages


def is_event_missed(producer: Unit, consumer: Unit) -> bool:
    """Whether the event of the producer's object may have come before the consumer was admitted:
    it was then acknowledged. The object was written after the producer's claim."""
    if producer.claimed_at is None:
        return True
    return consumer.admitted_at >= producer.claimed_at - timedelta(seconds=rules.CLOCK_SKEW_S)


def messages_after_join(snapshot: JobSnapshot, stage: str) -> list[Envelope]:
    """Returns the messages after a join: the first parts of the next stage, unless objects trigger
    them. Each later part is announced by the one that admits it."""
    next_stage = snapshot.job.recipe.next_stage(stage)
    if next_stage is None or not isinstance(FUNCTIONS[next_stage].trigger, MessageTrigger):
        return []
    if rules.is_awaiting_review(snapshot.job, next_stage):
        return []
    plan = snapshot.stages[next_stage]
    first_parts = plan.part_ids[: plan.parts_in_flight]
    return units_to_announce(snapshot.job, next_stage, first_parts, snapshot.units)


def pending_messages(snapshot: JobSnapshot, uploaded: Collection[str]) -> list[Envelope]:
    """Returns the messages of a job that starts to run: the admitted parts that are not DONE, or
    the join, of EVERY incomplete stage whose inputs exist. `uploaded` names the uploaded
    inputs."""
    messages: list[Envelope] = []
    job = snapshot.job
    for name in job.recipe.result_stages:
        stage = snapshot.stages[name]
        if (
            stage.total is None
            or stage.state is StageState.DONE
            or rules.is_awaiting_review(job, name)
        ):
            continue
        if stage.is_complete:
            messages += units_to_announce(job, name, [JOIN], snapshot.units)
            continue
        producer = find_producer(name)
        ready = [
            part
            for part in stage.part_ids
            if (name != job.recipe.stages[0] or part in uploaded)
            and (producer is None or rules.is_done(snapshot.units.get((producer, part))))
        ]
        messages += units_to_announce(job, name, ready, snapshot.units)
    return messages
