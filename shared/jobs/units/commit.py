"""Commits that a unit is DONE, in one atomic batch that is guarded by the unit's version.

The client retries a commit whose response was lost, and the retry conflicts. So the unit is read
again after a conflict: our token and DONE is success, our token and LEASED is another try, anything
else means that the claim is lost.
"""

from __future__ import annotations

from datetime import datetime

from shared.flows.documents import (
    CommitResult,
    Increment,
    Update,
    Write,
    stage_path,
    unit_path,
)
from shared.flows.effects import ClockAndIds, Flow, commit, read
from shared.jobs.creation import NOT_WAITING, admit_unit
from shared.jobs.history import history_event
from shared.jobs.queries import read_stage, read_view
from shared.jobs.rules import is_done
from shared.jobs.stage import Stage, StageState, Unit, UnitClaim, UnitState
from shared.jobs.units.end import revision_detail
from shared.jobs.units.outcomes import UnitDone

CANDIDATES = 2
"""How many parts are checked at once for the one to admit next."""


def commit_part(claim: UnitClaim, result: UnitDone, clock: ClockAndIds) -> Flow[bool]:
    """Commits a part: DONE and counted, and the next part admitted, in one batch. So the count is
    exact, and as many parts as before may run. Returns False when the claim was lost."""
    envelope = claim.envelope
    while True:
        view = yield from read_view(envelope)
        if view.job is None or view.stage is None or view.unit is None:
            return False
        if view.unit.token != claim.token:
            return False
        if is_done(view.unit):
            return True
        stage = yield from read_stage(envelope.job_id, envelope.stage, envelope.revision)
        if stage is None:
            return False
        successor = yield from find_successor(envelope.job_id, stage)
        writes = part_writes(claim, view.unit, result, clock.now(), successor)
        if (yield from commit(*writes)) is CommitResult.OK:
            return True


def find_successor(job_id: str, stage: Stage) -> Flow[str]:
    """Returns the first part of a stage that is not admitted; "" when all are.

    Every part that is DONE has admitted one, so the search starts after as many parts.
    """
    start = stage.parts_in_flight + stage.done
    while candidates := stage.part_ids[start : start + CANDIDATES]:
        paths = [unit_path(job_id, stage.name, stage.revision, part) for part in candidates]
        docs = yield from read(*paths)
        for part, doc in zip(candidates, docs, strict=True):
            if doc is None:
                return part
        start += CANDIDATES
    return ""


def part_writes(
    claim: UnitClaim, unit: Unit, result: UnitDone, now: datetime, successor: str
) -> tuple[Write, ...]:
    """Returns the writes that make a part DONE, count it and admit its successor."""
    envelope = claim.envelope
    count = Update(
        claim.stage.shard_of(envelope.job_id, envelope.part),
        {
            "done": Increment(1),
            "worked_ms": Increment(unit.spent_ms(now)),
            f"progress.p{envelope.part}": 0,
        },
    )
    done = unit_done(claim, unit, result, now, successor)
    if not successor:
        return done, count
    key = (envelope.job_id, envelope.stage, envelope.revision)
    return done, count, admit_unit(*key, successor, now)


def commit_notification(claim: UnitClaim, result: UnitDone, clock: ClockAndIds) -> Flow[bool]:
    """Commits a notification, which runs on terminal jobs and never changes the job. Returns False
    when the claim was lost."""
    envelope = claim.envelope
    while True:
        view = yield from read_view(envelope)
        if view.stage is None or view.unit is None or view.unit.token != claim.token:
            return False
        if is_done(view.unit):
            return True
        now = clock.now()
        is_current = view.job is not None and view.job.epoch == claim.job.epoch
        writes: list[Write] = [
            unit_done(claim, view.unit, result, now),
            history_event(
                envelope.job_id,
                now,
                "notified",
                epoch=claim.job.epoch,
                outcome=envelope.part,
                **revision_detail(envelope.revision),
            ),
            # After a redrive the stage waits for the next outcome: its state is not changed. The
            # write still fails when the job was deleted.
            Update(
                stage_path(envelope.job_id, envelope.stage, envelope.revision),
                {"state": StageState.DONE, "finished_at": now} if is_current else {"total": 1},
            ),
        ]
        if (yield from commit(*writes)) is CommitResult.OK:
            return True


def unit_done(
    claim: UnitClaim, unit: Unit, result: UnitDone, now: datetime, successor: str = ""
) -> Write:
    """Returns the write that makes a unit DONE."""
    envelope = claim.envelope
    return Update(
        unit_path(envelope.job_id, envelope.stage, envelope.revision, envelope.part),
        {
            "state": UnitState.DONE,
            "artifacts": [artifact.to_dict() for artifact in result.artifacts],
            "facts": dict(result.facts or {}),
            "error": None,
            "done_at": now,
            "successor": successor,
            **NOT_WAITING,
        },
        unit.version,
    )
