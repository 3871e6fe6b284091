"""Handles one delivery of a unit's message: claim → work → commit → announce.

    GO         claim the unit, run it, commit it DONE and counted in ONE batch, announce what
               follows
    REPEAT     the unit is DONE: announce what follows once more, then acknowledge
    BUSY       another worker holds it: reject the delivery, so that it is redelivered
    DROP       out of date, not admitted, or the job does not run: announce the outcome of a
               terminal job, advance the queue of its owner, then acknowledge
    EXHAUSTED  all attempts are used: fail the unit and its job, then acknowledge

Leases avoid duplicate work; correctness does not depend on them. It rests on DONE, which is final,
and on REPEAT, which recovers from a crash between commit and announcement. There is no outbox and
no table of seen deliveries.
"""

from __future__ import annotations

from typing import assert_never

from shared.flows.decision import Decision
from shared.flows.documents import (
    Update,
    unit_path,
)
from shared.flows.effects import (
    ClockAndIds,
    CrashPoint,
    DeleteObject,
    Failed,
    Flow,
    LogEvent,
    Lost,
    Quarantine,
    Reply,
    Retry,
    Unavailable,
    commit,
    publish,
)
from shared.flows.envelope import JOIN, Envelope
from shared.jobs import announcements, queue, rules
from shared.jobs.model import Job, Status
from shared.jobs.queries import read_outcome_messages, read_successors, read_view
from shared.jobs.result_deliveries.start import start_result_delivery
from shared.jobs.stage import UnitClaim
from shared.jobs.units import waiting
from shared.jobs.units.commit import commit_notification, commit_part
from shared.jobs.units.failure import fail_unit
from shared.jobs.units.join import commit_join
from shared.jobs.units.lease import claim_unit, release
from shared.jobs.units.outcomes import UnitDone, run_unit
from shared.jobs.uploads import is_superseded
from shared.jobs.webhooks.deliveries import create_deliveries
from shared.pipeline import FUNCTIONS


def deliver(envelope: Envelope, clock: ClockAndIds) -> Flow[Reply]:
    """Handles one delivery of `envelope`. Returns ACK or NACK."""
    while True:
        view = yield from read_view(envelope)
        match rules.decide(view, envelope, clock.now()):
            case Decision.BUSY:
                return reply_when_busy()
            case Decision.DROP:
                if not (yield from drop(view.job, envelope, clock)):
                    return Reply.ACK
                # The job has left the queue: decide again.
            case Decision.REPEAT:
                yield from repeat(view, envelope, clock)
                return Reply.ACK
            case Decision.EXHAUSTED:
                yield from fail_unit(rules.with_epoch(view.job, envelope), None, clock, token=None)
                return Reply.ACK
            case Decision.GO:
                claim = yield from claim_unit(view, envelope, clock)
                if claim is not None:
                    return (yield from process_unit(claim, clock))
                # Another worker claimed it first, or the job was deleted: decide again.
            case Decision.LATER:
                raise ValueError("only tasks are handled later")
            case decision:
                assert_never(decision)


def reply_when_busy() -> Reply:
    """Returns the reply for a unit that another worker holds. The delivery is rejected, so that the
    message is delivered again if that worker crashes."""
    return Reply.NACK


def drop(job: Job | None, envelope: Envelope, clock: ClockAndIds) -> Flow[bool]:
    """Handles a delivery that leads to no work: removes the object of a job that is gone, announces
    the outcome of a terminal job, and advances the queue of the owner. Returns whether the job of
    the delivery has left the queue."""
    yield from remove_object(job, envelope)
    if job is None or job.status is Status.DELETED:
        return False
    if job.status in (Status.RUNNING, Status.AWAITING_REVIEW):
        return False
    yield from publish((yield from read_outcome_messages(job)))
    return (yield from queue.advance(job, clock))


def remove_object(job: Job | None, envelope: Envelope) -> Flow[None]:
    """Removes the envelope's object if it belongs to no job, to a deleted job, or to an upload that
    is superseded."""
    if envelope.source is None:
        return
    if job is None:
        yield Quarantine(envelope.source)
    elif job.status is Status.DELETED or is_superseded(job, envelope):
        yield DeleteObject(envelope.source)


def process_unit(claim: UnitClaim, clock: ClockAndIds) -> Flow[Reply]:
    """Runs a claimed unit and records its outcome."""
    envelope = claim.envelope
    yield CrashPoint("after_claim", envelope)
    if FUNCTIONS[envelope.stage].reports_outcome:
        # Before the email, so that webhooks do not wait for an unavailable mail server.
        yield from create_deliveries(claim.job, envelope.part, clock)
        yield from start_result_delivery(claim.job, envelope.part, clock)
    outcome = yield from run_unit(claim)
    yield CrashPoint("after_work", envelope)
    match outcome:
        case UnitDone():
            recorded = yield from _record(claim, outcome, clock)
            if not recorded:
                yield LogEvent("unit.lease_lost", {})
                return Reply.NACK
            yield CrashPoint("after_commit", envelope)
            yield from announce_next(envelope, clock, publish_to_consumer=outcome.adopted)
            yield CrashPoint("after_publish", envelope)
            return Reply.ACK
        case Failed(code, message):
            yield from _fail(claim, (code, message), clock)
            return Reply.ACK
        case Retry(code, message):
            if claim.attempt >= FUNCTIONS[envelope.stage].max_attempts:
                yield from _fail(claim, (code, message), clock)
                return Reply.ACK
            yield from release(claim, outcome, clock)
            return Reply.NACK
        case Unavailable():
            failure = yield from waiting.wait_for_service(claim, outcome, clock)
            if failure is None:
                return Reply.NACK
            yield from _fail(claim, failure, clock)
            return Reply.ACK
        case Lost():
            # Only the state in Firestore decides that the message is no longer needed.
            return Reply.NACK


def _fail(claim: UnitClaim, error: tuple[str, str], clock: ClockAndIds) -> Flow[None]:
    """Fails the unit and its job, unless the claim is lost or of an older epoch or revision. Such a
    unit was reset, and its token with it, or never runs again: nothing is left to release."""
    envelope = rules.with_epoch(claim.job, claim.envelope)
    yield from fail_unit(envelope, error, clock, token=claim.token)


def _record(claim: UnitClaim, result: UnitDone, clock: ClockAndIds) -> Flow[bool]:
    """Commits the unit as DONE. Returns False when the claim was lost."""
    if FUNCTIONS[claim.envelope.stage].reports_outcome:
        return (yield from commit_notification(claim, result, clock))
    if claim.envelope.part == JOIN:
        return (yield from commit_join(claim, result, clock))
    return (yield from commit_part(claim, result, clock))


def repeat(view: rules.View, envelope: Envelope, clock: ClockAndIds) -> Flow[None]:
    """Announces what follows a DONE unit once more, in case the worker that made it DONE crashed
    before.

    While the job runs, only the first repetition does: what follows later is announced by other
    units. Otherwise copies multiply from stage to stage: each copy of a part announces the join,
    and each copy of a join every part of the next stage.
    """
    job, unit = view.job, view.unit
    assert job is not None  # noqa: S101 - the unit is DONE
    assert unit is not None  # noqa: S101 - the unit is DONE
    if job.status is Status.RUNNING and unit.repeated_at is not None:
        return
    yield from announce_next(envelope, clock, publish_to_consumer=True)
    if job.status is Status.RUNNING and unit.repeated_at is None:
        # After publishing: a crash in between announces twice instead of never.
        path = unit_path(envelope.job_id, envelope.stage, envelope.revision, envelope.part)
        yield from commit(Update(path, {"repeated_at": clock.now()}, unit.version))


def announce_next(
    envelope: Envelope, clock: ClockAndIds, *, publish_to_consumer: bool
) -> Flow[None]:
    """Publishes the messages that follow a unit that is DONE. When its job runs no longer, the next
    job of the owner is started."""
    if FUNCTIONS[envelope.stage].reports_outcome:
        return
    snapshot = yield from read_successors(envelope)
    if snapshot is None or rules.is_out_of_date(snapshot.job, envelope):
        return
    if snapshot.job.is_terminal:
        yield from publish((yield from read_outcome_messages(snapshot.job)))
    elif envelope.part == JOIN:
        yield from publish(announcements.messages_after_join(snapshot, envelope.stage))
    else:
        yield from publish(
            announcements.messages_after_part(
                snapshot, envelope.stage, envelope.part, publish_to_consumer=publish_to_consumer
            )
        )
    if snapshot.job.status is not Status.RUNNING:
        yield from queue.fill(snapshot.job.owner, clock)
