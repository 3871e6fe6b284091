"""Recording that a unit is DONE: one atomic batch each, guarded by the unit's version.

A client may replay a commit whose answer was lost. So after a conflict the unit is read again: our
token and DONE is success, our token and LEASED is another try, anything else is lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.flows.documents import (
    CommitResult,
    Increment,
    Update,
    Write,
    job_path,
    stage_path,
    unit_path,
)
from shared.flows.effects import ClockAndIds, Flow, commit
from shared.jobs import rules
from shared.jobs.claims import UnitClaim, UnitDone
from shared.jobs.model import (
    Job,
    Stage,
    StageState,
    Status,
    Unit,
    UnitState,
    history_event,
    revision_of,
)
from shared.jobs.queries import read_view


def commit_part(claim: UnitClaim, result: UnitDone, clock: ClockAndIds) -> Flow[bool]:
    """A part: DONE and counted together, so that the count is exact; → False when lost."""
    while True:
        view = yield from read_view(claim.envelope)
        if view.job is None or view.stage is None or view.unit is None:
            return False
        if view.unit.token != claim.token:
            return False
        if rules.is_done(view.unit):
            return True
        now = clock.now()
        done = yield from commit(*part_writes(claim, view.unit, result, now))
        if done is CommitResult.OK:
            return True


def part_writes(claim: UnitClaim, unit: Unit, result: UnitDone, now: datetime) -> tuple[Write, ...]:
    """The writes that make a part DONE and count it."""
    envelope = claim.envelope
    return (
        _unit_done(claim, unit, result, now),
        Update(
            stage_path(envelope.job_id, envelope.stage, envelope.revision),
            {
                "done": Increment(1),
                "worked_ms": Increment(_worked_ms(unit, now)),
                f"progress.p{envelope.part}": 0,
                "last_progress_at": now,
            },
        ),
    )


def commit_notification(claim: UnitClaim, result: UnitDone, clock: ClockAndIds) -> Flow[bool]:
    """A notification: it runs on terminal jobs and never changes the job; → False when lost."""
    envelope = claim.envelope
    while True:
        view = yield from read_view(envelope)
        if view.stage is None or view.unit is None or view.unit.token != claim.token:
            return False
        if rules.is_done(view.unit):
            return True
        now = clock.now()
        current = view.job is not None and view.job.epoch == claim.job.epoch
        done = yield from commit(
            _unit_done(claim, view.unit, result, now),
            Update(
                stage_path(envelope.job_id, envelope.stage, envelope.revision),
                # After a redrive the stage waits for the next outcome: leave its state alone.
                {"last_progress_at": now}
                | ({"state": StageState.DONE, "finished_at": now, "done": 1} if current else {}),
            ),
            history_event(
                envelope.job_id,
                now,
                "notified",
                epoch=claim.job.epoch,
                outcome=envelope.part,
                **_edition(envelope.revision),
            ),
        )
        if done is CommitResult.OK:
            return True


def commit_join(claim: UnitClaim, result: UnitDone, clock: ClockAndIds) -> Flow[bool]:
    """A stage's join: the stage is done, the next ones are planned, the job moves; → False when
    lost. The batch carries the job's version: two stages that end at once cannot both miss
    that the other one is done."""
    while True:
        view = yield from read_view(claim.envelope)
        if view.job is None or view.stage is None or view.unit is None:
            return False
        if view.unit.token != claim.token:
            return False
        if rules.is_done(view.unit):
            return True
        if rules.is_out_of_date(view.job, claim.envelope):
            # The deck was edited meanwhile: this film is nobody's any more.
            return False
        now = clock.now()
        writes = [
            _unit_done(claim, view.unit, result, now),
            *join_writes(
                view.job,
                claim.envelope.stage,
                result,
                now,
                worked_ms=view.stage.worked_ms + _worked_ms(view.unit, now),
            ),
        ]
        if (yield from commit(*writes)) is CommitResult.OK:
            return True


def join_writes(
    job: Job, stage: str, result: UnitDone, now: datetime, *, worked_ms: int
) -> list[Write]:
    """The writes by which a joined stage moves its job. On a terminal job they record, no more:
    the status stays what it is. What the job holds and cost is set, not added to: with the job's
    version in the batch it stands there once, however often the unit is delivered."""
    plan = result.plan or {}
    following = job.recipe.next_stage(stage)
    if (
        following is not None
        and job.stages[following] == StageState.WAITING
        and (not plan.get(following))
    ):
        raise ValueError(f"{stage} joined without planning {following}")
    artifacts = _with(job, result)
    moved: dict[str, Any] = {
        f"stages.{stage}": StageState.DONE,
        "artifacts": artifacts,
        "stored_bytes": sum(one["size_bytes"] for one in artifacts)
        + sum(one.size_bytes for one in job.inputs),
        f"worked_ms.{stage}": worked_ms,
        f"facts.{stage}": dict(result.facts or {}),
        "warnings": [*job.warnings, *(one for one in result.warnings if one not in job.warnings)],
        "updated_at": now,
    }
    writes: list[Write] = [
        Update(
            stage_path(job.id, stage, revision_of(stage, job.revision)),
            {"state": StageState.DONE, "finished_at": now, "last_progress_at": now, "error": None},
        )
    ]
    review = result.review and not job.is_terminal
    for name, specs in plan.items():
        held = review and name in job.recipe.stages_after_deck
        moved[f"stages.{name}"] = StageState.WAITING if held else StageState.QUEUED
        writes.append(_planned(job, name, specs, now, held=held))
    edition = _edition(revision_of(stage, job.revision))
    writes.append(history_event(job.id, now, "stage_done", epoch=job.epoch, stage=stage, **edition))
    if not job.is_terminal:
        if rules.are_result_stages_done(job, also=stage):
            moved["status"] = Status.DONE
            writes += end_writes(job, Status.DONE, now)
        elif review:
            moved["status"] = Status.AWAITING_REVIEW
            writes.append(_reviewable(job, now))
        elif job.status is Status.AWAITING_UPLOAD:
            moved["status"] = Status.RUNNING
    writes.append(Update(job_path(job.id), moved, job.version))
    return writes


def end_writes(job: Job, status: Status, now: datetime, *, failed_stage: str = "") -> list[Write]:
    """The writes that go with a job's end: its outcome waits to be told, what was to run stops.
    `failed` names the stage that has its end already."""
    writes: list[Write] = [
        Update(
            stage_path(job.id, rules.NOTIFICATION, job.revision),
            {"state": StageState.QUEUED, "total": 1, "queued_at": now, "last_progress_at": now},
        ),
        history_event(job.id, now, status.value, epoch=job.epoch, **_edition(job.revision)),
    ]
    if status is not Status.DONE:
        writes += [
            _stopped(stage_path(job.id, name, revision_of(name, job.revision)), now)
            for name in job.recipe.result_stages
            if job.stages[name] == StageState.QUEUED and name != failed_stage
        ]
    return writes


def _edition(revision: int) -> dict[str, int]:
    """What tells an event of an edited deck from the same one of before."""
    return {"revision": revision} if revision else {}


def stop_stage(job_id: str, stage: Stage, now: datetime) -> Write:
    """A stage that will not go on because its job has ended, or its deck was edited."""
    return _stopped(stage_path(job_id, stage.name, stage.revision), now)


def _stopped(path: str, now: datetime) -> Write:
    return Update(path, {"state": StageState.STOPPED, "last_progress_at": now})


def _planned(
    job: Job, name: str, specs: tuple[Mapping[str, Any], ...], now: datetime, *, held: bool
) -> Write:
    """`held`: what is to be done is known, and waits for a person."""
    return Update(
        stage_path(job.id, name, revision_of(name, job.revision)),
        {
            "state": StageState.WAITING if held else StageState.QUEUED,
            "total": len(specs),
            "parts": [dict(spec) for spec in specs],
            "queued_at": None if held else now,
            "last_progress_at": now,
        },
    )


def _reviewable(job: Job, now: datetime) -> Write:
    return history_event(
        job.id, now, Status.AWAITING_REVIEW.value, epoch=job.epoch, revision=job.revision
    )


def _worked_ms(unit: Unit, now: datetime) -> int:
    """From the claim to now: a clock that was set back counts nothing."""
    if unit.claimed_at is None:
        return 0
    return max(0, round((now - unit.claimed_at).total_seconds() * 1000))


def _unit_done(claim: UnitClaim, unit: Unit, result: UnitDone, now: datetime) -> Write:
    envelope = claim.envelope
    return Update(
        unit_path(envelope.job_id, envelope.stage, envelope.revision, envelope.part),
        {
            "state": UnitState.DONE,
            "artifacts": [one.to_dict() for one in result.artifacts],
            "facts": dict(result.facts or {}),
            "error": None,
            "done_at": now,
        },
        unit.version,
    )


def _with(job: Job, result: UnitDone) -> list[dict[str, Any]]:
    fresh = {one.name for one in result.artifacts} | set(result.replaced_names)
    kept = [one for one in job.artifacts if one.name not in fresh]
    return [one.to_dict() for one in (*kept, *result.artifacts)]
