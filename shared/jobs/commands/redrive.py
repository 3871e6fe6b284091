"""Redrive a failed job, and announce uploads whose event was lost."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from shared.errors import NotFound, WrongState
from shared.flows.documents import (
    Committed,
    Delete,
    Update,
    Write,
    job_path,
    stage_path,
    unit_path,
)
from shared.flows.effects import Clockwork, Flow, commit, publish
from shared.jobs import rules
from shared.jobs.claims import arrived
from shared.jobs.model import StageState, Status, event, revision_of
from shared.jobs.queries import read_whole


def take_in(job_id: str) -> Flow[frozenset[str]]:
    """Announce those inputs that are uploaded and that nobody has looked at, as the event would
    have that may be lost; → the names of all that are uploaded. Raises NotFound."""
    whole = yield from read_whole(job_id)
    if whole is None or whole.job.status is Status.DELETED:
        raise NotFound("There is no such job.")
    there = yield from arrived(whole.job)
    first = whole.job.recipe.stages[0]
    if not whole.job.terminal and whole.stages[first].state is not StageState.DONE:
        yield from publish([one for one in rules.pending(whole, there) if one.stage == first])
    return there


def redrive(job_id: str, clockwork: Clockwork, kept_days: int) -> Flow[None]:
    """Take a failed job up again where it stopped. Raises NotFound, or WrongState when it has
    not failed."""
    tried: int | None = None
    there: frozenset[str] = frozenset()
    while True:
        whole = yield from read_whole(job_id)
        if whole is None or whole.job.status is Status.DELETED:
            raise NotFound("There is no such job.")
        job = whole.job
        if job.epoch == tried:
            # The batch was written and its answer lost: what it promised is yet to be announced.
            break
        if job.status is not Status.FAILED:
            raise WrongState(f"Only a failed job is redriven; this one is {job.status}.")
        there = yield from arrived(job)
        now = clockwork.now()
        epoch = tried = rules.epoch_of_redrive(job)
        status = rules.pending_status(whole, there)
        stages, writes = taken_up(whole, job.recipe.stages, status, now)
        writes.append(event(job_id, now, "redriven", epoch=epoch))
        writes.append(
            Update(
                job_path(job_id),
                {
                    "status": status,
                    "epoch": epoch,
                    "error": None,
                    "stages": stages,
                    "updated_at": now,
                    "expires_at": now + timedelta(days=kept_days),
                },
                job.version,
            )
        )
        if (yield from commit(*writes)) is Committed.OK:
            break
    whole = yield from read_whole(job_id)
    if whole is not None and not whole.job.terminal:
        yield from publish(rules.pending(whole, there))


def taken_up(
    whole: rules.Whole, names: Iterable[str], status: Status, now: datetime
) -> tuple[dict[str, str], list[Write]]:
    """The states of a failed job's stages when these are taken up again, and the writes for it:
    what is DONE stays, every other unit goes, with its attempts and its error."""
    job, names = whole.job, tuple(names)
    stages, writes = dict(job.stages), list[Write]()
    for name in names:
        stage = whole.stages[name]
        if stage.state is StageState.DONE and name != rules.NOTIFICATION:
            continue
        held = status is Status.AWAITING_REVIEW and name in job.recipe.after_deck
        planned = stage.total is not None and name != rules.NOTIFICATION and not held
        stages[name] = StageState.QUEUED if planned else StageState.WAITING
        writes.append(
            Update(
                stage_path(job.id, name, revision_of(name, job.revision)),
                {"state": stages[name], "error": None, "queued_at": now, "touched_at": now},
            )
        )
    writes += [
        Delete(unit_path(job.id, unit.stage, unit.revision, unit.part), unit.version)
        for unit in rules.doomed_by_redrive(whole.units)
        if unit.stage in names
    ]
    return stages, writes
