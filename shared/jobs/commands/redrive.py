"""Redrive a failed job, and announce uploads whose event was lost."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from shared.errors import NotFound, WrongState
from shared.flows.documents import (
    CommitResult,
    Delete,
    Update,
    Write,
    job_path,
    stage_path,
    unit_path,
)
from shared.flows.effects import ClockAndIds, Flow, commit, publish
from shared.jobs import rules
from shared.jobs.claims import inputs_uploaded
from shared.jobs.model import StageState, Status, history_event, revision_of
from shared.jobs.queries import read_snapshot


def announce_uploads(job_id: str) -> Flow[frozenset[str]]:
    """Announce those inputs that are uploaded and that nobody has looked at, as the event would
    have that may be lost; → the names of all that are uploaded. Raises NotFound."""
    whole = yield from read_snapshot(job_id)
    if whole is None or whole.job.status is Status.DELETED:
        raise NotFound("There is no such job.")
    there = yield from inputs_uploaded(whole.job)
    first = whole.job.recipe.stages[0]
    if not whole.job.is_terminal and whole.stages[first].state is not StageState.DONE:
        yield from publish(
            [one for one in rules.pending_messages(whole, there) if one.stage == first]
        )
    return there


def redrive(job_id: str, clock: ClockAndIds, retention_days: int) -> Flow[None]:
    """Take a failed job up again where it stopped. Raises NotFound, or WrongState when it has
    not failed."""
    tried: int | None = None
    there: frozenset[str] = frozenset()
    while True:
        whole = yield from read_snapshot(job_id)
        if whole is None or whole.job.status is Status.DELETED:
            raise NotFound("There is no such job.")
        job = whole.job
        if job.epoch == tried:
            # The batch was written and its answer lost: what it promised is yet to be announced.
            break
        if job.status is not Status.FAILED:
            raise WrongState(f"Only a failed job is redriven; this one is {job.status}.")
        there = yield from inputs_uploaded(job)
        now = clock.now()
        epoch = tried = rules.next_epoch(job)
        status = rules.status_after_redrive(whole, there)
        stages, writes = reset_stages(whole, job.recipe.stages, status, now)
        writes.append(history_event(job_id, now, "redriven", epoch=epoch))
        writes.append(
            Update(
                job_path(job_id),
                {
                    "status": status,
                    "epoch": epoch,
                    "error": None,
                    "stages": stages,
                    "updated_at": now,
                    "expires_at": now + timedelta(days=retention_days),
                },
                job.version,
            )
        )
        if (yield from commit(*writes)) is CommitResult.OK:
            break
    whole = yield from read_snapshot(job_id)
    if whole is not None and not whole.job.is_terminal:
        yield from publish(rules.pending_messages(whole, there))


def reset_stages(
    snapshot: rules.JobSnapshot, names: Iterable[str], status: Status, now: datetime
) -> tuple[dict[str, str], list[Write]]:
    """The states of a failed job's stages when these are taken up again, and the writes for it:
    what is DONE stays, every other unit goes, with its attempts and its error."""
    job, names = snapshot.job, tuple(names)
    stages, writes = dict(job.stages), list[Write]()
    for name in names:
        stage = snapshot.stages[name]
        if stage.state is StageState.DONE and name != rules.NOTIFICATION:
            continue
        held = status is Status.AWAITING_REVIEW and name in job.recipe.stages_after_deck
        planned = stage.total is not None and name != rules.NOTIFICATION and not held
        stages[name] = StageState.QUEUED if planned else StageState.WAITING
        writes.append(
            Update(
                stage_path(job.id, name, revision_of(name, job.revision)),
                {"state": stages[name], "error": None, "queued_at": now, "last_progress_at": now},
            )
        )
    writes += [
        Delete(unit_path(job.id, unit.stage, unit.revision, unit.part), unit.version)
        for unit in rules.units_to_delete(snapshot.units)
        if unit.stage in names
    ]
    return stages, writes
