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
    Committed,
    Create,
    Increment,
    Update,
    Write,
    stage_path,
    unit_path,
)
from shared.flows.effects import (
    Clockwork,
    Discard,
    Faltered,
    Flow,
    Quarantine,
    Reached,
    Refused,
    Reply,
    Said,
    Stopped,
    Wait,
    commit,
    publish,
    read,
)
from shared.flows.envelope import JOIN, Envelope
from shared.jobs import rules
from shared.jobs.claims import Claimed, Finished, work
from shared.jobs.commit import commit_join, commit_part, commit_told
from shared.jobs.failure import fail
from shared.jobs.model import Job, Status, UnitState
from shared.jobs.queries import outcome_of, read_after, read_view
from shared.jobs.rules import Verdict
from shared.jobs.webhooks import tell_hooks
from shared.pipeline import BUSY_WAIT_S, STAGES


def deliver(envelope: Envelope, clockwork: Clockwork) -> Flow[Reply]:
    """Handle one delivery of `envelope`; → ACK or NACK."""
    waited = 0
    while True:
        view = yield from read_view(envelope)
        verdict = rules.verdict(view, envelope, clockwork.now())
        if verdict is Verdict.BUSY and waited < BUSY_WAIT_S:
            waited += 1
            yield Wait(1)
            continue
        if verdict is Verdict.BUSY:
            return when_busy()
        if verdict is Verdict.DROP:
            yield from drop(view.job, envelope)
            return Reply.ACK
        if verdict is Verdict.REPEAT:
            yield from announce(envelope, linked=True)
            return Reply.ACK
        if verdict is Verdict.EXHAUSTED:
            yield from fail(rules.of_epoch(view.job, envelope), None, clockwork, token=None)
            return Reply.ACK
        claimed = yield from claim(view, envelope, clockwork)
        if claimed is not None:
            return (yield from carry_out(claimed, clockwork))
        # Someone was faster, or the job vanished: judge again.


def when_busy() -> Reply:
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
            yield Discard(envelope.source)
        return
    yield from publish((yield from outcome_of(job)))


def claim(view: rules.View, envelope: Envelope, clockwork: Clockwork) -> Flow[Claimed | None]:
    """Take the unit's lease; → None when someone else did, or when the job is gone.

    The batch also touches the stage's document: nothing can be written under a deleted job.
    """
    job, stage, unit = view.job, view.stage, view.unit
    assert job is not None  # noqa: S101 - rules.verdict said GO
    assert stage is not None  # noqa: S101
    now, token = clockwork.now(), clockwork.token()
    path = unit_path(job.id, envelope.stage, envelope.revision, envelope.part)
    attempt = 1 if unit is None else unit.attempt + 1
    fields: dict[str, Any] = {
        "state": UnitState.LEASED,
        "token": token,
        "lease_until": rules.lease_end(now, clockwork.lease_s),
        "not_before": now,
        "attempt": attempt,
        "epoch": job.epoch,
        "claimed_at": now,
    }
    of_stage: dict[str, Any] = {"touched_at": now, "retries": Increment(int(attempt > 1))}
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
                "artefacts": [],
                "facts": {},
                "error": None,
                **fields,
            },
        ),
    ]
    if (yield from commit(*writes)) is not Committed.OK:
        # A batch whose answer was lost meets itself when the client repeats it: then it is ours.
        (doc,) = yield from read(path)
        if doc is None or doc.data["token"] != token:
            return None
    yield Said("unit.claimed", {"attempt": attempt})
    return Claimed(envelope, token, attempt, job, stage)


def carry_out(claimed: Claimed, clockwork: Clockwork) -> Flow[Reply]:
    """Work on a claimed unit and record what came of it."""
    envelope = claimed.envelope
    yield Reached("after_claim", envelope)
    if envelope.stage == rules.NOTIFICATION:
        # Before the mail: a mail server that is away keeps no other server waiting.
        yield from tell_hooks(claimed.job, envelope.part, clockwork)
    outcome = yield from work(claimed)
    yield Reached("after_work", envelope)
    match outcome:
        case Finished():
            recorded = yield from _record(claimed, outcome, clockwork)
            if not recorded:
                yield Said("unit.lost", {})
                return Reply.NACK
            yield Reached("after_commit", envelope)
            yield from announce(envelope, linked=outcome.adopted)
            yield Reached("after_announce", envelope)
            return Reply.ACK
        case Refused(code, message):
            yield from _give_up(claimed, (code, message), clockwork)
            return Reply.ACK
        case Faltered(code, message):
            if claimed.attempt >= STAGES[envelope.stage].attempts:
                yield from _give_up(claimed, (code, message), clockwork)
                return Reply.ACK
            yield from release(claimed, outcome, clockwork)
            return Reply.NACK
        case Stopped():
            # The message stays ours until the ledger says that it is nobody's.
            return Reply.NACK


def _give_up(claimed: Claimed, error: tuple[str, str], clockwork: Clockwork) -> Flow[None]:
    """Fail the unit and its job; from an older epoch it only frees the unit."""
    judged = rules.of_epoch(claimed.job, claimed.envelope)
    failed = yield from fail(judged, error, clockwork, token=claimed.token)
    if not failed:
        yield from release(claimed, Faltered(*error), clockwork)


def _record(claimed: Claimed, result: Finished, clockwork: Clockwork) -> Flow[bool]:
    if claimed.envelope.stage == rules.NOTIFICATION:
        return (yield from commit_told(claimed, result, clockwork))
    if claimed.envelope.part == JOIN:
        return (yield from commit_join(claimed, result, clockwork))
    return (yield from commit_part(claimed, result, clockwork))


def announce(envelope: Envelope, *, linked: bool) -> Flow[None]:
    """Publish what follows a unit that is DONE."""
    if envelope.stage == rules.NOTIFICATION:
        return
    whole = yield from read_after(envelope)
    if whole is None or rules.out_of_date(whole.job, envelope):
        return
    if whole.job.terminal:
        yield from publish((yield from outcome_of(whole.job)))
    elif envelope.part == JOIN:
        yield from publish(rules.after_join(whole, envelope.stage))
    else:
        yield from publish(rules.after_part(whole, envelope.stage, envelope.part, linked=linked))


def release(claimed: Claimed, why: Faltered, clockwork: Clockwork) -> Flow[None]:
    """Give the lease back after a passing fault, and say when the next attempt may start."""
    envelope = claimed.envelope
    wait_s = STAGES[envelope.stage].backoff(claimed.attempt)
    yield Said("unit.released", {"code": why.code, "why": why.message, "wait_s": wait_s})
    while True:
        view = yield from read_view(envelope)
        if view.unit is None or view.unit.token != claimed.token:
            return
        if view.unit.state is not UnitState.LEASED:
            return
        now = clockwork.now()
        done = yield from commit(
            Update(
                unit_path(envelope.job_id, envelope.stage, envelope.revision, envelope.part),
                {
                    "state": UnitState.FREE,
                    "token": "",
                    "lease_until": now,
                    "not_before": now + timedelta(seconds=wait_s),
                    "error": {"code": why.code, "message": why.message},
                },
                view.unit.version,
            )
        )
        if done is not Committed.CONFLICT:
            return


def renew(claimed: Claimed, clockwork: Clockwork, progress: float = 0) -> Flow[bool]:
    """Renew the lease, and say how much of the part is done (0 to 1); → False when the work must
    stop: lost, cancelled, deleted or redriven."""
    envelope = claimed.envelope
    path = unit_path(envelope.job_id, envelope.stage, envelope.revision, envelope.part)
    for _ in range(3):
        view = yield from read_view(envelope)
        job, unit = view.job, view.unit
        if job is None or unit is None or unit.token != claimed.token:
            return False
        if unit.state is not UnitState.LEASED or job.epoch != claimed.job.epoch:
            return False
        if rules.out_of_date(job, envelope):
            return False
        if job.terminal and envelope.stage != rules.NOTIFICATION:
            return False
        until = rules.lease_end(clockwork.now(), clockwork.lease_s)
        writes: list[Write] = [Update(path, {"lease_until": until}, unit.version)]
        if progress and envelope.part != JOIN:
            stage = stage_path(envelope.job_id, envelope.stage, envelope.revision)
            writes.append(Update(stage, {f"progress.p{envelope.part}": progress}))
        done = yield from commit(*writes)
        if done is Committed.OK:
            return True
    return False
