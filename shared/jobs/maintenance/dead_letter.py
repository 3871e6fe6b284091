"""Handles messages that were delivered too often."""

from __future__ import annotations

from shared.flows.effects import (
    ClockAndIds,
    Flow,
    LogEvent,
    Reply,
    publish,
)
from shared.flows.envelope import Envelope
from shared.jobs import rules
from shared.jobs.deliver import announce_next, remove_object
from shared.jobs.failure import fail_unit
from shared.jobs.queries import read_outcome_messages, read_view
from shared.pipeline import FUNCTIONS
from shared.tasks import run


def dead_letter(envelope: Envelope, clock: ClockAndIds) -> Flow[Reply]:
    """Handles a message that was delivered too often, by the state in Firestore alone. Returns ACK
    or NACK."""
    if FUNCTIONS[envelope.stage].task_collection:
        return (yield from run.dead_letter(envelope, clock))
    view = yield from read_view(envelope)
    job, stage, unit, now = view.job, view.stage, view.unit, clock.now()
    yield from remove_object(job, envelope)
    if job is None or stage is None or rules.is_out_of_date(job, envelope):
        return Reply.ACK
    if job.is_terminal and not FUNCTIONS[envelope.stage].reports_outcome:
        yield from publish((yield from read_outcome_messages(job)))
        return Reply.ACK
    if rules.is_done(unit):
        yield from announce_next(envelope, publish_to_consumer=True)
        return Reply.ACK
    if rules.is_leased(unit, now):
        return Reply.NACK
    if not rules.is_exhausted(view, envelope, now):
        attempt = 0 if unit is None else unit.attempt
        yield LogEvent("dead_letter.reannounced", {"attempt": attempt})
        yield from publish([rules.with_epoch(job, envelope)])
        return Reply.ACK
    yield from fail_unit(rules.with_epoch(job, envelope), None, clock, token=None)
    return Reply.ACK
