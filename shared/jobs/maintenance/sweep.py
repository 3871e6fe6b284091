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
    ClockAndIds,
    Flow,
    LogEvent,
    PurgeJob,
    StalledJobs,
    Tombstones,
    commit,
    list_collection,
    publish,
    read,
)
from shared.jobs import rules
from shared.jobs.claims import inputs_uploaded
from shared.jobs.commit import stop_stage
from shared.jobs.maintenance.counters import recount_parts
from shared.jobs.model import Job, Stage, StageState, Status
from shared.jobs.queries import read_outcome_messages, read_snapshot
from shared.pipeline import STALLED_S
from shared.tasks import run

SWEEP_S = 200
"""How long one sweep begins with further jobs; the sweeper's timeout is 300 s."""
ACTIVE_STATES = (StageState.QUEUED, StageState.RUNNING)


def sweep(clock: ClockAndIds) -> Flow[int]:
    """Announce again what has made no progress; → how many jobs and errands were looked at.

    A job that was looked at moves behind all others: however many wait for a person, are in work
    for long or cannot be read, none stands in the way of one that has stopped."""
    began = clock.now()
    seen: set[str] = set()
    # First, since it is soon done: however many jobs have stopped, calls go out when they are due.
    looked_after = yield from _errands(clock)
    while clock.now() - began < timedelta(seconds=SWEEP_S):
        stalled = cast("tuple[str, ...]", (yield StalledJobs(began - timedelta(seconds=STALLED_S))))
        fresh = [job_id for job_id in stalled if job_id not in seen]
        if not fresh:
            break
        for job_id in fresh:
            if not (yield from isolated(job_id, _sweep_one(job_id, clock))):
                yield from _move_behind(job_id, clock.now())
        seen.update(fresh)
    tombs = cast("tuple[str, ...]", (yield Tombstones(began)))
    for job_id in tombs:
        yield from isolated(job_id, _purge_again(job_id))
    return looked_after + len(seen) + len(tombs)


def _errands(clock: ClockAndIds) -> Flow[int]:
    """Errands' trouble is theirs: the jobs are looked at all the same."""
    try:
        return (yield from run.sweep_tasks(clock))
    except Exception as fault:
        yield LogEvent("tasks.sweep_failed", {"severity": "ERROR", "reason": repr(fault)})
        return 0


def isolated(job_id: str, flow: Flow[None]) -> Flow[bool]:
    """One job's trouble is that job's: the others are looked at all the same; → whether it went
    well."""
    try:
        yield from flow
    except Exception as fault:
        yield LogEvent(
            "job.sweep_failed", {"severity": "ERROR", "job": job_id, "reason": repr(fault)}
        )
        return False
    return True


def _move_behind(job_id: str, now: datetime) -> Flow[None]:
    docs = yield from list_collection(f"{job_path(job_id)}/stages")
    moving = [doc for doc in docs if doc.data.get("state") in ACTIVE_STATES]
    if moving:
        yield from commit(*(Update(doc.path, {"last_progress_at": now}) for doc in moving))


def _purge_again(job_id: str) -> Flow[None]:
    (doc,) = yield from read(job_path(job_id))
    if doc is None:
        return
    yield PurgeJob(job_id)
    ends = doc.data["expires_at"]
    if doc.data["purge_again_at"] >= ends:
        # Nothing that could still arrive lives any longer than the tombstone did.
        yield from commit(Delete(job_path(job_id), doc.version))
    else:
        yield from commit(Update(job_path(job_id), {"purge_again_at": ends}, doc.version))


def _sweep_one(job_id: str, clock: ClockAndIds) -> Flow[None]:
    whole = yield from read_snapshot(job_id)
    now = clock.now()
    if whole is None:
        # Its document has expired; what lies below it goes as well.
        yield PurgeJob(job_id)
        return
    job = whole.job
    if job.status is Status.DELETED:
        return
    moving = [
        one
        for one in whole.stages.values()
        if one.state in ACTIVE_STATES and one.last_progress_at <= now
    ]
    # What an edit overtook in the middle of a claim; nobody will end it.
    overtaken = [
        stop_stage(job.id, one, now) for one in whole.outdated if one.state in ACTIVE_STATES
    ]
    touched = [_touch(job, stage, now) for stage in moving]
    if rules.is_stalled(whole, now):
        if (yield from recount_parts(job_id)):
            whole = (yield from read_snapshot(job_id)) or whole
        if job.is_terminal:
            messages = yield from read_outcome_messages(job)
        else:
            messages = rules.pending_messages(whole, (yield from inputs_uploaded(job)))
        if messages:
            yield LogEvent("job.stalled", {"job": job_id, "announced": len(messages)})
            yield from publish(messages)
        touched = [
            stop_stage(job.id, stage, now)
            if job.is_terminal and stage.name != rules.NOTIFICATION
            else _touch(
                job, stage, now + rules.sweep_backoff(job, stage, now, announced=bool(messages))
            )
            for stage in moving
        ]
    # After publishing: a crash in between announces twice, never not at all.
    if touched or overtaken:
        yield from commit(*touched, *overtaken)


def _touch(job: Job, stage: Stage, at: datetime) -> Write:
    return Update(stage_path(job.id, stage.name, stage.revision), {"last_progress_at": at})
