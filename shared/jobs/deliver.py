"""How one delivery is handled: claim → work → commit → announce.

    GO      claim the unit, work, commit it DONE and count it in ONE batch, announce what follows
    REPEAT  it is DONE already: announce what follows once more, then acknowledge
    BUSY    someone holds it: wait a little, then refuse the delivery, so that it comes again
    DROP    out of date: acknowledge, after announcing a terminal job's outcome

Leases only save money. The truth is kept by DONE, which is terminal, and by REPEAT, which heals a
crash between commit and announcement. There is no outbox and no table of seen deliveries.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shared.flows.documents import (
    CommitResult,
    Create,
    Increment,
    Update,
    Write,
    stage_path,
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
    Wait,
    commit,
    publish,
    read,
)
from shared.flows.envelope import JOIN, Envelope
from shared.jobs import rules
from shared.jobs.claims import UnitClaim, UnitDone, run_unit
from shared.jobs.commit import commit_join, commit_notification, commit_part
from shared.jobs.failure import fail_unit
from shared.jobs.model import Job, Status, UnitState
from shared.jobs.queries import read_outcome_messages, read_successors, read_view
from shared.jobs.rules import Decision
from shared.jobs.webhooks import create_deliveries
from shared.pipeline import BUSY_WAIT_S, FUNCTIONS


def deliver(envelope: Envelope, clock: ClockAndIds) -> Flow[Reply]:
    """Handle one delivery of `envelope`; → ACK or NACK."""
    waited = 0
    while True:
        view = yield from read_view(envelope)
        verdict = rules.decide(view, envelope, clock.now())
        if verdict is Decision.BUSY and waited < BUSY_WAIT_S:
            waited += 1
            yield Wait(1)
            continue
        if verdict is Decision.BUSY:
            return reply_when_busy()
        if verdict is Decision.DROP:
            yield from drop(view.job, envelope)
            return Reply.ACK
        if verdict is Decision.REPEAT:
            yield from announce_next(envelope, wake_consumer=True)
            return Reply.ACK
        if verdict is Decision.EXHAUSTED:
            yield from fail_unit(rules.with_epoch(view.job, envelope), None, clock, token=None)
            return Reply.ACK
        claimed = yield from claim_unit(view, envelope, clock)
        if claimed is not None:
            return (yield from process_unit(claimed, clock))
        # Someone was faster, or the job vanished: judge again.


def reply_when_busy() -> Reply:
    """A unit that someone holds is refused, so that the message outlives a crash of the holder."""
    return Reply.NACK


def drop(job: Job | None, envelope: Envelope) -> Flow[None]:
    """Let go of a delivery that is out of date, without leaving anything behind."""
    if job is None:
        if envelope.source is not None:
            yield Quarantine(envelope.source)
        return
    if job.status is Status.DELETED:
        if envelope.source is not None:
            yield DeleteObject(envelope.source)
        return
    yield from publish((yield from read_outcome_messages(job)))


def claim_unit(view: rules.View, envelope: Envelope, clock: ClockAndIds) -> Flow[UnitClaim | None]:
    """Take the unit's lease; → None when someone else did, or when the job is gone.

    The batch also touches the stage's document: nothing can be written under a deleted job.
    """
    job, stage, unit = view.job, view.stage, view.unit
    assert job is not None  # noqa: S101 - rules.verdict said GO
    assert stage is not None  # noqa: S101
    now, token = clock.now(), clock.new_token()
    path = unit_path(job.id, envelope.stage, envelope.revision, envelope.part)
    attempt = 1 if unit is None else unit.attempt + 1
    fields: dict[str, Any] = {
        "state": UnitState.LEASED,
        "token": token,
        "lease_until": rules.lease_end(now, clock.lease_s),
        "not_before": now,
        "attempt": attempt,
        "epoch": job.epoch,
        "claimed_at": now,
    }
    of_stage: dict[str, Any] = {"last_progress_at": now, "retries": Increment(int(attempt > 1))}
    if stage.state not in ("running", "done"):
        of_stage |= {"state": "running", "started_at": now}
    writes: list[Write] = [
        Update(stage_path(job.id, envelope.stage, envelope.revision), of_stage),
        Update(path, fields, unit.version)
        if unit is not None
        else Create(
            path,
            {
                "job": job.id,
                "stage": envelope.stage,
                "revision": envelope.revision,
                "part": envelope.part,
                "artifacts": [],
                "facts": {},
                "error": None,
                **fields,
            },
        ),
    ]
    if (yield from commit(*writes)) is not CommitResult.OK:
        # A batch whose answer was lost meets itself when the client repeats it: then it is ours.
        (doc,) = yield from read(path)
        if doc is None or doc.data["token"] != token:
            return None
    yield LogEvent("unit.claimed", {"attempt": attempt})
    return UnitClaim(envelope, token, attempt, job, stage)


def process_unit(claim: UnitClaim, clock: ClockAndIds) -> Flow[Reply]:
    """Work on a claimed unit and record what came of it."""
    envelope = claim.envelope
    yield CrashPoint("after_claim", envelope)
    if envelope.stage == rules.NOTIFICATION:
        # Before the mail: a mail server that is away keeps no other server waiting.
        yield from create_deliveries(claim.job, envelope.part, clock)
    outcome = yield from run_unit(claim)
    yield CrashPoint("after_work", envelope)
    match outcome:
        case UnitDone():
            recorded = yield from _record(claim, outcome, clock)
            if not recorded:
                yield LogEvent("unit.lease_lost", {})
                return Reply.NACK
            yield CrashPoint("after_commit", envelope)
            yield from announce_next(envelope, wake_consumer=outcome.adopted)
            yield CrashPoint("after_publish", envelope)
            return Reply.ACK
        case Failed(code, message):
            yield from _give_up(claim, (code, message), clock)
            return Reply.ACK
        case Retry(code, message):
            if claim.attempt >= FUNCTIONS[envelope.stage].max_attempts:
                yield from _give_up(claim, (code, message), clock)
                return Reply.ACK
            yield from release(claim, outcome, clock)
            return Reply.NACK
        case Lost():
            # The message stays ours until the ledger says that it is nobody's.
            return Reply.NACK


def _give_up(claim: UnitClaim, error: tuple[str, str], clock: ClockAndIds) -> Flow[None]:
    """Fail the unit and its job; from an older epoch it only frees the unit."""
    judged = rules.with_epoch(claim.job, claim.envelope)
    failed = yield from fail_unit(judged, error, clock, token=claim.token)
    if not failed:
        yield from release(claim, Retry(*error), clock)


def _record(claim: UnitClaim, result: UnitDone, clock: ClockAndIds) -> Flow[bool]:
    if claim.envelope.stage == rules.NOTIFICATION:
        return (yield from commit_notification(claim, result, clock))
    if claim.envelope.part == JOIN:
        return (yield from commit_join(claim, result, clock))
    return (yield from commit_part(claim, result, clock))


def announce_next(envelope: Envelope, *, wake_consumer: bool) -> Flow[None]:
    """Publish what follows a unit that is DONE."""
    if envelope.stage == rules.NOTIFICATION:
        return
    whole = yield from read_successors(envelope)
    if whole is None or rules.is_out_of_date(whole.job, envelope):
        return
    if whole.job.is_terminal:
        yield from publish((yield from read_outcome_messages(whole.job)))
    elif envelope.part == JOIN:
        yield from publish(rules.messages_after_join(whole, envelope.stage))
    else:
        yield from publish(
            rules.messages_after_part(
                whole, envelope.stage, envelope.part, wake_consumer=wake_consumer
            )
        )


def release(claim: UnitClaim, fault: Retry, clock: ClockAndIds) -> Flow[None]:
    """Give the lease back after a passing fault, and say when the next attempt may start."""
    envelope = claim.envelope
    wait_s = FUNCTIONS[envelope.stage].backoff(claim.attempt)
    yield LogEvent("unit.released", {"code": fault.code, "reason": fault.message, "wait_s": wait_s})
    while True:
        view = yield from read_view(envelope)
        if view.unit is None or view.unit.token != claim.token:
            return
        if view.unit.state is not UnitState.LEASED:
            return
        now = clock.now()
        done = yield from commit(
            Update(
                unit_path(envelope.job_id, envelope.stage, envelope.revision, envelope.part),
                {
                    "state": UnitState.FREE,
                    "token": "",
                    "lease_until": now,
                    "not_before": now + timedelta(seconds=wait_s),
                    "error": {"code": fault.code, "message": fault.message},
                },
                view.unit.version,
            )
        )
        if done is not CommitResult.CONFLICT:
            return


def renew(claim: UnitClaim, clock: ClockAndIds, progress: float = 0) -> Flow[bool]:
    """Renew the lease, and say how much of the part is done (0 to 1); → False when the work must
    stop: lost, cancelled, deleted or redriven."""
    envelope = claim.envelope
    path = unit_path(envelope.job_id, envelope.stage, envelope.revision, envelope.part)
    for _ in range(3):
        view = yield from read_view(envelope)
        job, unit = view.job, view.unit
        if job is None or unit is None or unit.token != claim.token:
            return False
        if unit.state is not UnitState.LEASED or job.epoch != claim.job.epoch:
            return False
        if rules.is_out_of_date(job, envelope):
            return False
        if job.is_terminal and envelope.stage != rules.NOTIFICATION:
            return False
        until = rules.lease_end(clock.now(), clock.lease_s)
        writes: list[Write] = [Update(path, {"lease_until": until}, unit.version)]
        if progress and envelope.part != JOIN:
            stage = stage_path(envelope.job_id, envelope.stage, envelope.revision)
            writes.append(Update(stage, {f"progress.p{envelope.part}": progress}))
        done = yield from commit(*writes)
        if done is CommitResult.OK:
            return True
    return False
