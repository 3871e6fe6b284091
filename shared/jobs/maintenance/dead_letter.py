"""Decide about a message that was delivered too often."""

from __future__ import annotations

from shared.flows.effects import Clockwork, Discard, Flow, Quarantine, Reply, Said, publish
from shared.flows.envelope import Envelope
from shared.jobs import rules
from shared.jobs.deliver import announce
from shared.jobs.failure import fail
from shared.jobs.model import Status
from shared.jobs.queries import outcome_of, read_view
from shared.pipeline import STAGES
from shared.tasks import run


def dead_letter(envelope: Envelope, clockwork: Clockwork) -> Flow[Reply]:
    """Decide about a message that was delivered too often: by the ledger's state alone."""
    if STAGES[envelope.stage].errands:
        return (yield from run.dead_letter(envelope, clockwork))
    view = yield from read_view(envelope)
    job, stage, unit, now = view.job, view.stage, view.unit, clockwork.now()
    if job is None:
        if envelope.source is not None:
            yield Quarantine(envelope.source)
        return Reply.ACK
    if job.status is Status.DELETED:
        if envelope.source is not None:
            yield Discard(envelope.source)
        return Reply.ACK
    if stage is None or rules.out_of_date(job, envelope):
        return Reply.ACK
    if job.terminal and envelope.stage != rules.NOTIFICATION:
        yield from publish((yield from outcome_of(job)))
        return Reply.ACK
    if rules.is_done(unit):
        yield from announce(envelope, linked=True)
        return Reply.ACK
    if rules.lease_alive(unit, now):
        return Reply.NACK
    if not rules.worn_out(view, envelope, now):
        attempt = 0 if unit is None else unit.attempt
        yield Said("dead_letter.announced_again", {"attempt": attempt})
        yield from publish([rules.of_epoch(job, envelope)])
        return Reply.ACK
    yield from fail(rules.of_epoch(job, envelope), None, clockwork, token=None)
    return Reply.ACK
