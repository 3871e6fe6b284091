"""Units that wait for a service that is overloaded or unavailable.

A unit that waits is FREE and consumes no attempt. Its document holds

    waits           how often it was refused since it was first refused
    waiting_since   when it was first refused
    waiting_for     {service, code, next_try_at} while it waits; None while it runs

DONE resets them, and so does a redrive. The document of the stage is not written: whoever shows a
stage derives its wait from its units.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.flows.documents import CommitResult, Update, unit_path
from shared.flows.effects import ClockAndIds, Flow, LogEvent, Unavailable, commit
from shared.flows.waiting import next_try_at
from shared.jobs.queries import read_view
from shared.jobs.stage import Unit, UnitClaim, UnitState
from shared.pipeline import STALLED_S
from shared.tasks.errors import WaitedTooLong


@dataclass(frozen=True, slots=True)
class StageWait:
    """What a stage waits for: the service and the code of the unit that tries again first, since
    when, and the time of that try."""

    service: str
    code: str
    since: datetime
    next_try_at: datetime


def wait_for_service(
    claim: UnitClaim, outcome: Unavailable, clock: ClockAndIds
) -> Flow[tuple[str, str] | None]:
    """Releases the unit, gives its attempt back and sets when it may try again.

    Returns the code and the message of its failure when it has waited for too long, else None.
    Nothing is written when the claim was lost.
    """
    envelope, share = claim.envelope, clock.random()
    path = unit_path(envelope.job_id, envelope.stage, envelope.revision, envelope.part)
    while True:
        unit = (yield from read_view(envelope)).unit
        if unit is None or unit.token != claim.token or unit.state is not UnitState.LEASED:
            return None
        now = clock.now()
        since = unit.waiting_since or now
        try_at = next_try_at(now, since, unit.waits, outcome.retry_after_s, share)
        if try_at is None:
            text = f"The service `{outcome.service}` was not available for six hours"
            return WaitedTooLong.code, f"{text}: {outcome.message} Redrive the job when it is."
        fields: dict[str, Any] = {
            "state": UnitState.FREE,
            "token": "",
            "lost_ms": unit.spent_ms(now),
            "lease_until": now,
            "not_before": try_at,
            "next_check_at": try_at + timedelta(seconds=STALLED_S),
            "attempt": unit.attempt - 1,
            "error": {"code": outcome.code, "message": outcome.message},
            "waits": unit.waits + 1,
            "waiting_since": since,
            "waiting_for": {
                "service": outcome.service,
                "code": outcome.code,
                "next_try_at": try_at,
            },
        }
        if (yield from commit(Update(path, fields, unit.version))) is not CommitResult.CONFLICT:
            yield LogEvent(
                "unit.waiting",
                {
                    "service": outcome.service,
                    "code": outcome.code,
                    "reason": outcome.message,
                    "wait_s": round((try_at - now).total_seconds(), 1),
                    "waits": unit.waits + 1,
                },
            )
            return None


def stage_wait(units: Iterable[Unit]) -> StageWait | None:
    """Returns what a stage with these released units waits for, or None when none waits."""
    waits = [
        StageWait(
            service=unit.waiting_for["service"],
            code=unit.waiting_for["code"],
            since=unit.waiting_since,
            next_try_at=unit.waiting_for["next_try_at"],
        )
        for unit in units
        if unit.waiting_for and unit.waiting_since
    ]
    return min(waits, key=lambda wait: wait.next_try_at, default=None)
