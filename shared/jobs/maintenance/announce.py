"""Publishes the message of a unit again, for the sweeper and dead_letter."""

from __future__ import annotations

from shared.flows.documents import Update, unit_path
from shared.flows.effects import ClockAndIds, Flow, commit, publish
from shared.flows.envelope import Envelope
from shared.jobs import rules
from shared.jobs.model import Job
from shared.jobs.stage import Unit


def announce_again(envelope: Envelope, job: Job, unit: Unit, clock: ClockAndIds) -> Flow[None]:
    """Publishes the message of a unit and stores when, so that dead_letter acknowledges the copies
    that were published before.

    The time is read before publishing and stored after it: a crash in between announces a unit
    twice instead of never.
    """
    now = clock.now()
    yield from publish([envelope])
    fields = {"announced_at": now, "next_check_at": now + rules.check_interval(job, unit, now)}
    path = unit_path(envelope.job_id, envelope.stage, envelope.revision, envelope.part)
    # A conflict means that a worker has claimed the unit.
    yield from commit(Update(path, fields, unit.version))
