"""Redrives a failed job, and announces uploads whose event was lost."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from shared.errors import NotFound, WrongState, WrongUpload
from shared.flows.documents import (
    CommitResult,
    Update,
    Write,
    stage_path,
    unit_path,
)
from shared.flows.effects import ClockAndIds, Flow, commit, publish
from shared.jobs import announcements, queue, rules
from shared.jobs.creation import free_fields
from shared.jobs.history import history_event
from shared.jobs.model import Status
from shared.jobs.queries import read_snapshot
from shared.jobs.stage import StageState, revision_of
from shared.jobs.units.outcomes import inputs_uploaded
from shared.jobs.update import update_job
from shared.pipeline import FUNCTIONS


def announce_uploads(job_id: str, clock: ClockAndIds) -> Flow[frozenset[str]]:
    """Announces uploaded inputs that are not processed, in case their event was lost. Returns the
    names of all uploaded inputs. Raises NotFound."""
    snapshot = yield from read_snapshot(job_id)
    if snapshot is None or snapshot.job.status is Status.DELETED:
        raise NotFound("There is no such job.")
    uploaded = yield from inputs_uploaded(snapshot.job)
    first = snapshot.job.recipe.stages[0]
    job = snapshot.job
    if job.status in (Status.AWAITING_UPLOAD, Status.QUEUED):
        yield from queue.advance(job, clock)
    elif job.status is Status.RUNNING and snapshot.stages[first].state is not StageState.DONE:
        pending = announcements.pending_messages(snapshot, uploaded)
        yield from publish([envelope for envelope in pending if envelope.stage == first])
    return uploaded


def redrive(job_id: str, clock: ClockAndIds, retention_days: int) -> Flow[None]:
    """Resumes a failed job where it stopped. Raises NotFound, or WrongState when it has not
    failed."""
    own_epoch: int | None = None
    while True:
        snapshot = yield from read_snapshot(job_id)
        if snapshot is None or snapshot.job.status is Status.DELETED:
            raise NotFound("There is no such job.")
        job = snapshot.job
        if job.epoch == own_epoch:
            # Our batch was committed and its response was lost.
            break
        if job.status is not Status.FAILED:
            raise WrongState(f"Only a failed job can be redriven; this one is {job.status}.")
        if job.has_wrong_upload:
            raise WrongState(WrongUpload.default_message())
        uploaded = yield from inputs_uploaded(job)
        now = clock.now()
        epoch = own_epoch = rules.next_epoch(job)
        status = rules.status_after_redrive(snapshot, uploaded)
        stages, writes = reset_stages(snapshot, job.recipe.stages, status, now)
        writes.append(history_event(job_id, now, "redriven", epoch=epoch))
        writes += update_job(
            job,
            {
                **status_fields(status, now),
                "epoch": epoch,
                "error": None,
                "stages": stages,
                "expires_at": now + timedelta(days=retention_days),
            },
        )
        if (yield from commit(*writes)) is CommitResult.OK:
            break
    yield from queue.fill(job.owner, clock)


def status_fields(status: Status, now: datetime) -> dict[str, Any]:
    """Returns the fields of a job that is resumed with `status`."""
    if status is Status.QUEUED:
        return queue.queued_fields(now)
    return {"status": status, "updated_at": now}


def reset_stages(
    snapshot: rules.JobSnapshot, names: Iterable[str], status: Status, now: datetime
) -> tuple[dict[str, str], list[Write]]:
    """Returns the states of a failed job's stages after `names` are reset, and the writes for it.
    DONE stages and units are kept. Every other unit is admitted anew, without attempts and
    errors."""
    job, names = snapshot.job, tuple(names)
    stages, writes = dict(job.stages), list[Write]()
    for name in names:
        stage = snapshot.stages[name]
        reports_outcome = FUNCTIONS[name].reports_outcome
        if stage.state is StageState.DONE and not reports_outcome:
            continue
        needs_review = status is Status.AWAITING_REVIEW and name in job.recipe.stages_after_deck
        is_ready = stage.total is not None and not reports_outcome and not needs_review
        stages[name] = StageState.QUEUED if is_ready else StageState.WAITING
        writes.append(
            Update(
                stage_path(job.id, name, revision_of(name, job.revision)),
                {"state": stages[name], "error": None, "queued_at": now},
            )
        )
    writes += [
        Update(
            unit_path(job.id, unit.stage, unit.revision, unit.part),
            free_fields(now, unit.spent_ms(min(now, unit.lease_until))),
            unit.version,
        )
        for unit in rules.units_to_reset(snapshot.units)
        if unit.stage in names
    ]
    return stages, writes
