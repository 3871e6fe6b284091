"""The writes that end a job or stop a stage."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.flows.documents import Update, Write, stage_path
from shared.jobs import rules
from shared.jobs.creation import admit_unit
from shared.jobs.history import history_event
from shared.jobs.model import Job, Status
from shared.jobs.stage import Stage, StageState, revision_of
from shared.jobs.update import update_job


def end_writes(job: Job, status: Status, now: datetime, *, failed_stage: str = "") -> list[Write]:
    """Returns the writes of a job's end: the notification is queued, its unit is admitted, and
    queued stages are stopped. `failed_stage` names the stage that has failed and keeps its
    state."""
    outcome_stage = job.recipe.outcome_stage
    part = rules.outcome_part(status, job.epoch)
    writes: list[Write] = [
        Update(
            stage_path(job.id, outcome_stage, job.revision),
            {"state": StageState.QUEUED, "total": 1, "queued_at": now},
        ),
        admit_unit(job.id, outcome_stage, job.revision, part, now),
        history_event(job.id, now, status, epoch=job.epoch, **revision_detail(job.revision)),
    ]
    if status is not Status.DONE:
        writes += [
            Update(
                stage_path(job.id, name, revision_of(name, job.revision)),
                {"state": StageState.STOPPED},
            )
            for name in job.recipe.result_stages
            if job.stages[name] == StageState.QUEUED and name != failed_stage
        ]
    return writes


def job_failure_writes(
    job: Job, error: dict[str, Any], now: datetime, fields: Mapping[str, Any] | None = None
) -> list[Write]:
    """Returns the writes that fail a job, guarded by its version. They also set `fields` of it."""
    return [
        *update_job(
            job,
            {
                **(fields or {}),
                "status": Status.FAILED,
                "error": error,
                f"stages.{error['stage']}": StageState.FAILED,
                "updated_at": now,
            },
        ),
        *end_writes(job, Status.FAILED, now, failed_stage=error["stage"]),
    ]


def revision_detail(revision: int) -> dict[str, int]:
    """Returns the detail that makes an event of an edited deck different from the first one."""
    return {"revision": revision} if revision else {}


def stop_stage(job_id: str, stage: Stage) -> Write:
    """Returns the write that stops a stage because its job has ended or its deck was edited."""
    path = stage_path(job_id, stage.name, stage.revision)
    return Update(path, {"state": StageState.STOPPED}, stage.version)
