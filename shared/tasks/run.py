"""How one errand is done: claim → work → record, however often its message comes.

An open errand always says in `look_at` when the sweeper looks after it, so no message of it has to
outlive anything: what is refused comes back sooner, what is lost comes back all the same.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum
from typing import Any, cast

from shared.errors import AttemptsExhausted
from shared.flows.documents import Committed, Doc, Update, Write
from shared.flows.effects import (
    Clockwork,
    Due,
    Flow,
    Reached,
    Reply,
    Run,
    Said,
    Wait,
    commit,
    publish,
    read,
)
from shared.flows.envelope import Envelope
from shared.pipeline import BUSY_WAIT_S, LEASE_S, STAGES, STALLED_S
from shared.tasks.task import (
    Abandoned,
    Errand,
    ErrandClaimed,
    ErrandOutcome,
    ErrandState,
    GivenUp,
    Postponed,
    Settled,
    errand_envelope,
    errand_path,
)

SWEPT_MOST = 1000
"""Errands that one sweep announces; it has jobs to look after as well."""
LOOK_AGAIN_S = 600
"""How long the sweeper leaves an errand alone that it has announced: it may only wait its turn."""


class Turn(Enum):
    """What to do with an errand now."""

    GO = "go"
    DROP = "drop"
    BUSY = "busy"
    LATER = "later"
    EXHAUSTED = "exhausted"


def turn(errand: Errand | None, now: datetime) -> Turn:
    """Judge a delivery of an errand's message."""
    if errand is None or errand.ended:
        return Turn.DROP
    if errand.state is ErrandState.LEASED and errand.lease_until > now:
        return Turn.BUSY
    if errand.due_at > now:
        # More than any wait that keeps its message: a clock that was set back loses none.
        near = errand.due_at - now <= timedelta(seconds=LEASE_S)
        return Turn.BUSY if near else Turn.LATER
    if errand.attempt >= STAGES[errand.stage].attempts:
        return Turn.EXHAUSTED
    return Turn.GO


def do(envelope: Envelope, clockwork: Clockwork) -> Flow[Reply]:
    """Handle one delivery of an errand's message; → ACK or NACK."""
    waited = 0
    while True:
        errand = yield from _read(envelope)
        found = turn(errand, clockwork.now())
        if found is Turn.BUSY and waited < BUSY_WAIT_S:
            waited += 1
            yield Wait(1)
            continue
        if found is Turn.BUSY:
            return Reply.NACK
        if errand is None or found in (Turn.DROP, Turn.LATER):
            # What is due later is the sweeper's: no message waits for hours.
            return Reply.ACK
        if found is Turn.EXHAUSTED:
            yield from _exhausted(errand, clockwork)
            return Reply.ACK
        claimed = yield from _claim(errand, clockwork)
        if claimed is not None:
            return (yield from _carry_out(claimed, envelope, clockwork))
        # Someone was faster: judge again.


def dead_letter(envelope: Envelope, clockwork: Clockwork) -> Flow[Reply]:
    """Decide about a message that was delivered too often: by the errand's state alone."""
    errand = yield from _read(envelope)
    found = turn(errand, clockwork.now())
    if found is Turn.BUSY:
        return Reply.NACK
    if errand is not None and found in (Turn.GO, Turn.EXHAUSTED):
        yield Said("dead_letter.announced_again", {"attempt": errand.attempt})
        yield from publish([errand.envelope])
    return Reply.ACK


def renew(claimed: ErrandClaimed, clockwork: Clockwork) -> Flow[bool]:
    """Renew the lease; → False when the work must stop."""
    errand = claimed.errand
    for _ in range(3):
        here = yield from _read(errand.envelope)
        if here is None or here.token != claimed.token or here.state is not ErrandState.LEASED:
            return False
        if (
            yield from commit(Update(errand.path, _lease(errand, clockwork), here.version))
        ) is Committed.OK:
            return True
    return False


def sweep_errands(clockwork: Clockwork) -> Flow[int]:
    """Announce what is due, and what nobody looked after; → how many."""
    seen: set[str] = set()
    for row in (one for one in STAGES.values() if one.errands and one.built):
        while len(seen) < SWEPT_MOST:
            now = clockwork.now()
            due = cast("tuple[Doc, ...]", (yield Due(row.errands, now)))
            fresh = [doc for doc in due if doc.path not in seen]
            if not fresh:
                break
            seen.update(doc.path for doc in fresh)
            yield from publish([errand_envelope(row.name, doc.id) for doc in fresh])
            # After publishing: a crash in between announces twice, never not at all.
            for doc in fresh:
                later = {"look_at": now + timedelta(seconds=LOOK_AGAIN_S)}
                yield from commit(Update(doc.path, later, doc.version))
    return len(seen)


def _claim(errand: Errand, clockwork: Clockwork) -> Flow[ErrandClaimed | None]:
    token, attempt = clockwork.token(), errand.attempt + 1
    fields = {
        "state": ErrandState.LEASED,
        "token": token,
        "attempt": attempt,
        **_lease(errand, clockwork),
    }
    if (yield from commit(Update(errand.path, fields, errand.version))) is not Committed.OK:
        # A batch whose answer was lost meets itself when the client repeats it: then it is ours.
        (doc,) = yield from read(errand.path)
        if doc is None or doc.data["token"] != token:
            return None
    yield Said("errand.claimed", {"attempt": attempt})
    return ErrandClaimed(errand, token, attempt)


def _carry_out(claimed: ErrandClaimed, envelope: Envelope, clockwork: Clockwork) -> Flow[Reply]:
    yield Reached("after_claim", envelope)
    outcome = cast("ErrandOutcome", (yield Run(claimed)))
    yield Reached("after_work", envelope)
    if isinstance(outcome, Abandoned):
        return Reply.NACK
    outcome = _ended_by_attempts(claimed, outcome)
    if not (yield from _record(claimed, outcome, clockwork)):
        yield Said("errand.lost", {})
        return Reply.NACK
    yield Reached("after_commit", envelope)
    if not isinstance(outcome, Postponed) or outcome.wait_s > BUSY_WAIT_S:
        return Reply.ACK
    if outcome.progress:
        # The next step is a message of its own: a refused one would come later each time.
        yield from publish([envelope])
        return Reply.ACK
    return Reply.NACK


def _ended_by_attempts(claimed: ErrandClaimed, outcome: ErrandOutcome) -> ErrandOutcome:
    if not isinstance(outcome, Postponed) or outcome.progress:
        return outcome
    if claimed.attempt < STAGES[claimed.errand.stage].attempts:
        return outcome
    return GivenUp(outcome.code, outcome.message, outcome.fields)


def _record(claimed: ErrandClaimed, outcome: ErrandOutcome, clockwork: Clockwork) -> Flow[bool]:
    """Write what came of it, guarded by the version; → False when the errand is not ours."""
    errand = claimed.errand
    besides: tuple[Write, ...] = getattr(outcome, "writes", ())
    while True:
        here = yield from _read(errand.envelope)
        if here is None or here.token != claimed.token:
            return False
        if here.state is not ErrandState.LEASED:
            # This very batch, whose answer was lost.
            return True
        fields = recorded(outcome, clockwork.now())
        done = yield from commit(Update(errand.path, fields, here.version), *besides)
        if done is Committed.OK:
            yield Said("errand.recorded", {"state": fields["state"]})
            return True
        if done is Committed.MISSING:
            # What else was to change is gone; the errand's own end is written all the same.
            besides = ()


def recorded(outcome: ErrandOutcome, now: datetime) -> dict[str, Any]:
    """The fields of an errand after it was worked on."""
    match outcome:
        case Settled(fields):
            return {**fields, **_end(ErrandState.DONE, now), "error": None}
        case GivenUp(code, message, fields):
            error = {"code": code, "message": message}
            return {**fields, **_end(ErrandState.FAILED, now), "error": error}
        case Postponed(wait_s, code, message, fields, progress):
            due = now + timedelta(seconds=wait_s)
            return {
                **fields,
                **({"attempt": 0} if progress else {}),
                "state": ErrandState.OPEN,
                "lease_until": now,
                "due_at": due,
                "look_at": max(due, now + timedelta(seconds=LEASE_S)),
                "error": {"code": code, "message": message} if code else None,
            }
        case _:
            raise TypeError("nothing is recorded of a lost lease")


def _exhausted(errand: Errand, clockwork: Clockwork) -> Flow[None]:
    """Its workers died as often as it may be tried."""
    last = errand.data["error"] or {
        "code": AttemptsExhausted.code,
        "message": "It was tried as often as allowed and did not finish.",
    }
    fields = recorded(GivenUp(last["code"], last["message"]), clockwork.now())
    yield from commit(Update(errand.path, fields, errand.version))


def _end(state: ErrandState, now: datetime) -> dict[str, Any]:
    return {"state": state, "lease_until": now, "look_at": None, "finished_at": now}


def _lease(errand: Errand, clockwork: Clockwork) -> dict[str, Any]:
    now = clockwork.now()
    lease_s = min(STAGES[errand.stage].lease_s, clockwork.lease_s)
    return {
        "lease_until": now + timedelta(seconds=lease_s),
        "look_at": now + timedelta(seconds=STALLED_S),
    }


def _read(envelope: Envelope) -> Flow[Errand | None]:
    (doc,) = yield from read(errand_path(envelope.stage, envelope.job_id))
    return None if doc is None else Errand.from_doc(envelope.stage, doc)
