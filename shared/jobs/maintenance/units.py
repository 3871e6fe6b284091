"""Checks one unit without progress, for the sweeper."""

from __future__ import annotations

from datetime import datetime

from shared.flows.documents import Doc, Update, Write, unit_path
from shared.flows.effects import ClockAndIds, Flow, LogEvent, PurgeJob, commit, read
from shared.flows.envelope import JOIN, Envelope
from shared.jobs import queue, rules
from shared.jobs.maintenance.announce import announce_again
from shared.jobs.maintenance.counters import recount_parts
from shared.jobs.model import Job, Status
from shared.jobs.queries import ACTIVE_STATES, read_view
from shared.jobs.stage import Unit
from shared.jobs.units.end import stop_stage
from shared.jobs.units.outcomes import inputs_uploaded
from shared.pipeline import FUNCTIONS, find_producer


def check_unit(doc: Doc, clock: ClockAndIds) -> Flow[None]:
    """Checks an open unit whose check is due, and sets the time of its next check.

    A unit whose inputs exist is announced again. The time of the next check grows with the time
    that the unit has waited, so that a backlog of hours adds few messages.
    """
    unit = Unit.from_doc(doc)
    job_id = str(doc.data["job"])
    envelope = Envelope(job_id, unit.stage, unit.part, unit.revision)
    view = yield from read_view(envelope)
    job = view.job
    if job is None:
        # The job's document is gone: the documents below it are removed as well.
        yield PurgeJob(job_id)
        return
    if view.unit is None or rules.is_done(view.unit):
        return
    unit, now = view.unit, clock.now()
    if rules.is_retired(view, envelope):
        yield from _retire(view, envelope, unit)
        return
    if job.status is Status.AWAITING_UPLOAD:
        yield from queue.advance(job, clock)
    if job.status in (Status.AWAITING_UPLOAD, Status.QUEUED) or rules.is_leased(unit, now):
        # The units of a job are announced when it leaves the queue.
        yield from _check_later(envelope, job, unit, now)
        return
    if envelope.part == JOIN and (yield from recount_parts(job_id, now)):
        view = yield from read_view(envelope)
    if not (yield from _is_ready(view, envelope)):
        yield from _check_later(envelope, job, unit, now)
        return
    waited_s = round((now - rules.waiting_since(job, unit)).total_seconds())
    fields = {"job": job_id, "stage": unit.stage, "part": unit.part, "attempt": unit.attempt}
    # A unit that waits for a service was claimed, although its attempt was given back.
    fields |= {"claimed": unit.claimed_at is not None, "waited_s": waited_s}
    yield LogEvent("unit.stalled", fields)
    yield from announce_again(rules.with_epoch(job, envelope), job, unit, clock)


def _is_ready(view: rules.View, envelope: Envelope) -> Flow[bool]:
    """Whether the inputs of a unit exist."""
    job = view.job
    assert job is not None  # noqa: S101 - its caller has checked it
    producer: Unit | None = None
    uploaded: frozenset[str] = frozenset()
    if envelope.part != JOIN and (name := find_producer(envelope.stage)) is not None:
        (doc,) = yield from read(unit_path(job.id, name, envelope.revision, envelope.part))
        producer = None if doc is None else Unit.from_doc(doc)
    if envelope.stage == job.recipe.stages[0]:
        uploaded = yield from inputs_uploaded(job)
    return rules.is_ready(view, envelope, producer, uploaded)


def _check_later(envelope: Envelope, job: Job, unit: Unit, now: datetime) -> Flow[None]:
    fields = {"next_check_at": now + rules.check_interval(job, unit, now)}
    path = unit_path(envelope.job_id, envelope.stage, envelope.revision, envelope.part)
    # A conflict means that a worker has claimed the unit.
    yield from commit(Update(path, fields, unit.version))


def _retire(view: rules.View, envelope: Envelope, unit: Unit) -> Flow[None]:
    """Ends the checks of a unit whose job has ended or whose deck was edited, and stops its stage.
    A redrive sets the time of the next check again."""
    path = unit_path(envelope.job_id, envelope.stage, envelope.revision, envelope.part)
    writes: list[Write] = [Update(path, {"next_check_at": None}, unit.version)]
    stage, reports_outcome = view.stage, FUNCTIONS[envelope.stage].reports_outcome
    if stage is not None and stage.state in ACTIVE_STATES and not reports_outcome:
        writes.append(stop_stage(envelope.job_id, stage))
    yield from commit(*writes)
