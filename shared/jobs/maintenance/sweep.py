"""The sweep: announces again what has made no progress, and purges deleted jobs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import cast

from shared.flows.documents import (
    Delete,
    Update,
    Write,
    job_path,
    stage_path,
)
from shared.flows.effects import (
    Clockwork,
    Flow,
    Purge,
    Said,
    Stalled,
    Tombstones,
    commit,
    list_under,
    publish,
    read,
)
from shared.jobs import rules
from shared.jobs.claims import arrived
from shared.jobs.commit import stop_stage
from shared.jobs.maintenance.counters import recount
from shared.jobs.model import Job, StageDoc, StageState, Status
from shared.jobs.queries import outcome_of, read_whole
from shared.pipeline import STALLED_S
from shared.tasks import run

SWEEP_S = 200
"""How long one sweep begins with further jobs; the sweeper's timeout is 300 s."""
MOVING = (StageState.QUEUED, StageState.RUNNING)


def sweep(clockwork: Clockwork) -> Flow[int]:
    """Announce again what has made no progress; → how many jobs and errands were looked at.

    A job that was looked at moves behind all others: however many wait for a person, are in work
    for long or cannot be read, none stands in the way of one that has stopped."""
    began = clockwork.now()
    seen: set[str] = set()
    # First, since it is soon done: however many jobs have stopped, calls go out when they are due.
    looked_after = yield from _errands(clockwork)
    while clockwork.now() - began < timedelta(seconds=SWEEP_S):
        stalled = cast("tuple[str, ...]", (yield Stalled(began - timedelta(seconds=STALLED_S))))
        fresh = [job_id for job_id in stalled if job_id not in seen]
        if not fresh:
            break
        for job_id in fresh:
            if not (yield from alone(job_id, _sweep_one(job_id, clockwork))):
                yield from _move_behind(job_id, clockwork.now())
        seen.update(fresh)
    tombs = cast("tuple[str, ...]", (yield Tombstones(began)))
    for job_id in tombs:
        yield from alone(job_id, _purge_again(job_id))
    return looked_after + len(seen) + len(tombs)


def _errands(clockwork: Clockwork) -> Flow[int]:
    """Errands' trouble is theirs: the jobs are looked at all the same."""
    try:
        return (yield from run.sweep_errands(clockwork))
    except Exception as fault:
        yield Said("errands.unswept", {"severity": "ERROR", "why": repr(fault)})
        return 0


def alone(job_id: str, flow: Flow[None]) -> Flow[bool]:
    """One job's trouble is that job's: the others are looked at all the same; → whether it went
    well."""
    try:
        yield from flow
    except Exception as fault:
        yield Said("job.unswept", {"severity": "ERROR", "job": job_id, "why": repr(fault)})
        return False
    return True


def _move_behind(job_id: str, now: datetime) -> Flow[None]:
    docs = yield from list_under(f"{job_path(job_id)}/stages")
    moving = [doc for doc in docs if doc.data.get("state") in MOVING]
    if moving:
        yield from commit(*(Update(doc.path, {"touched_at": now}) for doc in moving))


def _purge_again(job_id: str) -> Flow[None]:
    (doc,) = yield from read(job_path(job_id))
    if doc is None:
        return
    yield Purge(job_id)
    ends = doc.data["expires_at"]
    if doc.data["purge_again_at"] >= ends:
        # Nothing that could still arrive lives any longer than the tombstone did.
        yield from commit(Delete(job_path(job_id), doc.version))
    else:
        yield from commit(Update(job_path(job_id), {"purge_again_at": ends}, doc.version))


def _sweep_one(job_id: str, clockwork: Clockwork) -> Flow[None]:
    whole = yield from read_whole(job_id)
    now = clockwork.now()
    if whole is None:
        # Its document has expired; what lies below it goes as well.
        yield Purge(job_id)
        return
    job = whole.job
    if job.status is Status.DELETED:
        return
    moving = [one for one in whole.stages.values() if one.state in MOVING and one.touched_at <= now]
    # What an edit overtook in the middle of a claim; nobody will end it.
    overtaken = [stop_stage(job.id, one, now) for one in whole.outdated if one.state in MOVING]
    touched = [_touch(job, stage, now) for stage in moving]
    if rules.stalled(whole, now):
        if (yield from recount(job_id)):
            whole = (yield from read_whole(job_id)) or whole
        if job.terminal:
            messages = yield from outcome_of(job)
        else:
            messages = rules.pending(whole, (yield from arrived(job)))
        if messages:
            yield Said("job.stalled", {"job": job_id, "announced": len(messages)})
            yield from publish(messages)
        touched = [
            stop_stage(job.id, stage, now)
            if job.terminal and stage.name != rules.NOTIFICATION
            else _touch(job, stage, now + rules.patience(job, stage, now, told=bool(messages)))
            for stage in moving
        ]
    # After publishing: a crash in between announces twice, never not at all.
    if touched or overtaken:
        yield from commit(*touched, *overtaken)


def _touch(job: Job, stage: StageDoc, at: datetime) -> Write:
    return Update(stage_path(job.id, stage.name, stage.revision), {"touched_at": at})
