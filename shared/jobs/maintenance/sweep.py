"""The sweep: announces jobs without progress again, and purges deleted jobs."""

from __future__ import annotations

from datetime import datetime, timedelta

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
    commit,
    publish,
    read,
    run_query,
)
from shared.jobs import rules
from shared.jobs.commit import stop_stage
from shared.jobs.maintenance.counters import recount_parts
from shared.jobs.model import Job, Stage, Status
from shared.jobs.outcomes import inputs_uploaded
from shared.jobs.queries import (
    ACTIVE_STATES,
    due_tombstones,
    read_outcome_messages,
    read_snapshot,
    stages_of,
    stalled_stages,
)
from shared.pipeline import FUNCTIONS, STALLED_S
from shared.tasks.sweep import sweep_tasks

SWEEP_S = 200
"""After this time a sweep starts no further job. The sweeper's timeout is 300 s."""


def sweep(clock: ClockAndIds) -> Flow[int]:
    """Announces tasks and jobs without progress again, and purges deleted jobs a second time.
    Returns the number of jobs and tasks that were checked.

    A checked job moves to the end of the order. So jobs that wait for a user, run for long or
    cannot be read do not block a job that has stopped."""
    started_at = clock.now()
    stalled_since = started_at - timedelta(seconds=STALLED_S)
    seen: set[str] = set()
    # Tasks first: it takes little time, and webhook calls are not delayed by many stalled jobs.
    task_count = yield from _sweep_tasks(clock)
    while clock.now() - started_at < timedelta(seconds=SWEEP_S):
        stalled = yield from run_query(stalled_stages(stalled_since))
        job_ids = dict.fromkeys(str(stage.data["job"]) for stage in stalled)
        unseen = [job_id for job_id in job_ids if job_id not in seen]
        if not unseen:
            break
        for job_id in unseen:
            if not (yield from isolated(job_id, _sweep_job(job_id, clock))):
                yield from _move_to_end(job_id, clock.now())
        seen.update(unseen)
    tombstones = yield from run_query(due_tombstones(started_at))
    for tombstone in tombstones:
        yield from isolated(tombstone.id, _purge_again(tombstone.id))
    return task_count + len(seen) + len(tombstones)


def _sweep_tasks(clock: ClockAndIds) -> Flow[int]:
    """Sweeps the tasks. An error is logged and does not stop the sweep of the jobs."""
    try:
        return (yield from sweep_tasks(clock))
    except Exception as error:
        yield LogEvent("tasks.sweep_failed", {"severity": "ERROR", "reason": repr(error)})
        return 0


def isolated(job_id: str, flow: Flow[None]) -> Flow[bool]:
    """Runs the flow of one job. An error is logged and not raised, so that other jobs are
    processed. Returns whether the flow succeeded."""
    try:
        yield from flow
    except Exception as error:
        yield LogEvent(
            "job.sweep_failed", {"severity": "ERROR", "job": job_id, "reason": repr(error)}
        )
        return False
    return True


def _move_to_end(job_id: str, now: datetime) -> Flow[None]:
    docs = yield from run_query(stages_of(job_id))
    active = [doc for doc in docs if doc.data.get("state") in ACTIVE_STATES]
    if active:
        yield from commit(*(Update(doc.path, {"last_progress_at": now}) for doc in active))


def _purge_again(job_id: str) -> Flow[None]:
    (doc,) = yield from read(job_path(job_id))
    if doc is None:
        return
    yield PurgeJob(job_id)
    expires_at = doc.data["expires_at"]
    if doc.data["purge_again_at"] >= expires_at:
        # Messages and upload URLs expire before the tombstone, so nothing can arrive any more.
        yield from commit(Delete(job_path(job_id), doc.version))
    else:
        yield from commit(Update(job_path(job_id), {"purge_again_at": expires_at}, doc.version))


def _sweep_job(job_id: str, clock: ClockAndIds) -> Flow[None]:
    snapshot = yield from read_snapshot(job_id)
    now = clock.now()
    if snapshot is None:
        # The job's document is gone: the documents below it are removed as well.
        yield PurgeJob(job_id)
        return
    job = snapshot.job
    if job.status is Status.DELETED:
        return
    active = [
        stage
        for stage in snapshot.stages.values()
        if stage.state in ACTIVE_STATES and stage.last_progress_at <= now
    ]
    # Stages that were claimed while an edit opened a new revision: no worker will end them.
    stops = [
        stop_stage(job.id, stage, now)
        for stage in snapshot.outdated
        if stage.state in ACTIVE_STATES
    ]
    updates = [_progress_update(job, stage, now) for stage in active]
    if rules.is_stalled(snapshot, now):
        if (yield from recount_parts(job_id)):
            snapshot = (yield from read_snapshot(job_id)) or snapshot
        if job.is_terminal:
            messages = yield from read_outcome_messages(job)
        else:
            messages = rules.pending_messages(snapshot, (yield from inputs_uploaded(job)))
        if messages:
            yield LogEvent("job.stalled", {"job": job_id, "announced": len(messages)})
            yield from publish(messages)
        updates = [
            stop_stage(job.id, stage, now)
            if job.is_terminal and not FUNCTIONS[stage.name].reports_outcome
            else _progress_update(
                job, stage, now + rules.sweep_backoff(job, stage, now, announced=bool(messages))
            )
            for stage in active
        ]
    # After publishing: a crash in between announces a job twice instead of never.
    if updates or stops:
        yield from commit(*updates, *stops)


def _progress_update(job: Job, stage: Stage, at: datetime) -> Write:
    return Update(stage_path(job.id, stage.name, stage.revision), {"last_progress_at": at})
