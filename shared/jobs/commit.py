"""Commits that a unit is DONE, in one atomic batch that is guarded by the unit's version.

The client retries a commit whose response was lost, and the retry conflicts. So the unit is read
again after a conflict: our token and DONE is success, our token and LEASED is another try, anything
else means that the claim is lost.
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
    stage_path,
    unit_path,
)
from shared.flows.effects import ClockAndIds, Flow, commit
from shared.jobs import rules
from shared.jobs.model import (
    Job,
    Stage,
    StageState,
    Status,
    Unit,
    UnitClaim,
    UnitState,
    history_event,
    revision_of,
)
from shared.jobs.outcomes import UnitDone
from shared.jobs.queries import read_view
from shared.jobs.update import update_job


def commit_part(claim: UnitClaim, result: UnitDone, clock: ClockAndIds) -> Flow[bool]:
    """Commits a part: DONE and counted in one batch, so that the count is exact. Returns False when
    the claim was lost."""
    while True:
        view = yield from read_view(claim.envelope)
        if view.job is None or view.stage is None or view.unit is None:
            return False
        if view.unit.token != claim.token:
            return False
        if rules.is_done(view.unit):
            return True
        writes = part_writes(claim, view.unit, result, clock.now())
        if (yield from commit(*writes)) is CommitResult.OK:
            return True


def part_writes(claim: UnitClaim, unit: Unit, result: UnitDone, now: datetime) -> tuple[Write, ...]:
    """Returns the writes that make a part DONE and count it."""
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
    """Commits a notification, which runs on terminal jobs and never changes the job. Returns False
    when the claim was lost."""
    envelope = claim.envelope
    while True:
        view = yield from read_view(envelope)
        if view.stage is None or view.unit is None or view.unit.token != claim.token:
            return False
        if rules.is_done(view.unit):
            return True
        now = clock.now()
        is_current = view.job is not None and view.job.epoch == claim.job.epoch
        committed = yield from commit(
            _unit_done(claim, view.unit, result, now),
            Update(
                stage_path(envelope.job_id, envelope.stage, envelope.revision),
                # After a redrive the stage waits for the next outcome: its state is not changed.
                {"last_progress_at": now}
                | ({"state": StageState.DONE, "finished_at": now, "done": 1} if is_current else {}),
            ),
            history_event(
                envelope.job_id,
                now,
                "notified",
                epoch=claim.job.epoch,
                outcome=envelope.part,
                **_revision_detail(envelope.revision),
            ),
        )
        if committed is CommitResult.OK:
            return True


def commit_join(claim: UnitClaim, result: UnitDone, clock: ClockAndIds) -> Flow[bool]:
    """Commits a join: the stage is done, the next stages are planned, the job is updated. Returns
    False when the claim was lost.

    The batch is guarded by the job's version, so of two stages that end at once the second one sees
    that the other is done.
    """
    while True:
        view = yield from read_view(claim.envelope)
        if view.job is None or view.stage is None or view.unit is None:
            return False
        if view.unit.token != claim.token:
            return False
        if rules.is_done(view.unit):
            return True
        if rules.is_out_of_date(view.job, claim.envelope):
            # The deck was edited during the work: this result is obsolete.
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
    """Returns the writes of a join: its stage, the planned stages and the job.

    On a terminal job they do not change the status. `stored_bytes` and `worked_ms` are set, not
    incremented: with the job's version in the batch they are right however often the unit is
    delivered. Raises ValueError when the next stage is not planned.
    """
    plan = result.plan or {}
    next_stage = job.recipe.next_stage(stage)
    if (
        next_stage is not None
        and job.stages[next_stage] == StageState.WAITING
        and (not plan.get(next_stage))
    ):
        raise ValueError(f"{stage} joined without planning {next_stage}")
    artifacts = _merge_artifacts(job, result)
    new_warnings = [warning for warning in result.warnings if warning not in job.warnings]
    fields: dict[str, Any] = {
        f"stages.{stage}": StageState.DONE,
        "artifacts": artifacts,
        "stored_bytes": sum(artifact["size_bytes"] for artifact in artifacts)
        + sum(job_input.size_bytes for job_input in job.inputs),
        f"worked_ms.{stage}": worked_ms,
        f"facts.{stage}": dict(result.facts or {}),
        "warnings": [*job.warnings, *new_warnings],
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
        needs_review = review and name in job.recipe.stages_after_deck
        fields[f"stages.{name}"] = StageState.WAITING if needs_review else StageState.QUEUED
        writes.append(_plan_stage(job, name, specs, now, needs_review=needs_review))
    revision = _revision_detail(revision_of(stage, job.revision))
    writes.append(
        history_event(job.id, now, "stage_done", epoch=job.epoch, stage=stage, **revision)
    )
    if not job.is_terminal:
        if rules.are_result_stages_done(job, also=stage):
            fields["status"] = Status.DONE
            writes += end_writes(job, Status.DONE, now)
        elif review:
            fields["status"] = Status.AWAITING_REVIEW
            writes.append(_review_event(job, now))
        elif job.status is Status.AWAITING_UPLOAD:
            fields["status"] = Status.RUNNING
    writes += update_job(job, fields)
    return writes


def end_writes(job: Job, status: Status, now: datetime, *, failed_stage: str = "") -> list[Write]:
    """Returns the writes of a job's end: the notification is queued and queued stages are stopped.
    `failed_stage` names the stage that has failed and keeps its state."""
    writes: list[Write] = [
        Update(
            stage_path(job.id, job.recipe.outcome_stage, job.revision),
            {"state": StageState.QUEUED, "total": 1, "queued_at": now, "last_progress_at": now},
        ),
        history_event(job.id, now, status, epoch=job.epoch, **_revision_detail(job.revision)),
    ]
    if status is not Status.DONE:
        writes += [
            _stop_at(stage_path(job.id, name, revision_of(name, job.revision)), now)
            for name in job.recipe.result_stages
            if job.stages[name] == StageState.QUEUED and name != failed_stage
        ]
    return writes


def _revision_detail(revision: int) -> dict[str, int]:
    """Returns the detail that makes an event of an edited deck different from the first one."""
    return {"revision": revision} if revision else {}


def stop_stage(job_id: str, stage: Stage, now: datetime) -> Write:
    """Returns the write that stops a stage because its job has ended or its deck was edited."""
    return _stop_at(stage_path(job_id, stage.name, stage.revision), now)


def _stop_at(path: str, now: datetime) -> Write:
    return Update(path, {"state": StageState.STOPPED, "last_progress_at": now})


def _plan_stage(
    job: Job, name: str, specs: tuple[Mapping[str, Any], ...], now: datetime, *, needs_review: bool
) -> Write:
    """Returns the write that plans a stage. With `needs_review` it waits for the user's review."""
    return Update(
        stage_path(job.id, name, revision_of(name, job.revision)),
        {
            "state": StageState.WAITING if needs_review else StageState.QUEUED,
            "total": len(specs),
            "parts": [dict(spec) for spec in specs],
            "queued_at": None if needs_review else now,
            "last_progress_at": now,
        },
    )


def _review_event(job: Job, now: datetime) -> Write:
    return history_event(
        job.id, now, Status.AWAITING_REVIEW, epoch=job.epoch, revision=job.revision
    )


def _worked_ms(unit: Unit, now: datetime) -> int:
    """Returns the time since the claim. It is 0 when the clock was set back."""
    if unit.claimed_at is None:
        return 0
    return max(0, round((now - unit.claimed_at).total_seconds() * 1000))


def _unit_done(claim: UnitClaim, unit: Unit, result: UnitDone, now: datetime) -> Write:
    envelope = claim.envelope
    return Update(
        unit_path(envelope.job_id, envelope.stage, envelope.revision, envelope.part),
        {
            "state": UnitState.DONE,
            "artifacts": [artifact.to_dict() for artifact in result.artifacts],
            "facts": dict(result.facts or {}),
            "error": None,
            "done_at": now,
        },
        unit.version,
    )


def _merge_artifacts(job: Job, result: UnitDone) -> list[dict[str, Any]]:
    """Returns the job's artifacts with those of `result` in place of the ones they replace."""
    replaced = {artifact.name for artifact in result.artifacts} | set(result.replaced_names)
    unchanged = [artifact for artifact in job.artifacts if artifact.name not in replaced]
    return [artifact.to_dict() for artifact in (*unchanged, *result.artifacts)]
