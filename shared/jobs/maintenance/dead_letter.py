"""Handles messages that were delivered too often."""

from __future__ import annotations

from datetime import datetime

from shared.flows.effects import ClockAndIds, Flow, LogEvent, Reply
from shared.flows.envelope import Envelope
from shared.jobs import rules
from shared.jobs.maintenance.announce import announce_again
from shared.jobs.model import Status
from shared.jobs.queries import read_view
from shared.jobs.stage import UnitState
from shared.jobs.units.deliver import drop, repeat
from shared.jobs.units.failure import fail_unit
from shared.pipeline import FUNCTIONS
from shared.tasks import run


def dead_letter(
    envelope: Envelope, clock: ClockAndIds, published_at: datetime | None = None
) -> Flow[Reply]:
    """Handles a message that was delivered too often, by the state in Firestore alone. Returns ACK
    or NACK.

    A unit fails by its attempts only, never because its messages were refused for hours.

    Args:
        envelope: The key of the unit or task.
        clock: The clock and ids.
        published_at: When the message was published to its topic, if known.
    """
    if FUNCTIONS[envelope.stage].task_collection:
        return (yield from run.dead_letter(envelope, clock))
    view = yield from read_view(envelope)
    job, unit, now = view.job, view.unit, clock.now()
    if job is None or rules.is_retired(view, envelope) or _is_waiting(job.status):
        yield from drop(job, envelope, clock)
        return Reply.ACK
    if unit is None or unit.state is UnitState.FAILED:
        return Reply.ACK
    if rules.is_done(unit):
        yield from repeat(view, envelope, clock)
        return Reply.ACK
    if rules.is_leased(unit, now):
        return Reply.NACK
    if unit.attempt >= FUNCTIONS[envelope.stage].max_attempts:
        yield from fail_unit(rules.with_epoch(job, envelope), None, clock, token=None)
        return Reply.ACK
    if not rules.is_superseded(unit, published_at):
        yield LogEvent("dead_letter.reannounced", {"attempt": unit.attempt})
        yield from announce_again(rules.with_epoch(job, envelope), job, unit, clock)
    return Reply.ACK


def _is_waiting(status: Status) -> bool:
    """Whether the delivery of a unit only advances the queue of its owner."""
    return status in (Status.AWAITING_UPLOAD, Status.QUEUED)
