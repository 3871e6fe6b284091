"""The sweep: announces tasks and units again, fills queues, and purges deleted jobs."""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.flows.documents import (
    Delete,
    Update,
    job_path,
)
from shared.flows.effects import (
    ClockAndIds,
    Flow,
    LogEvent,
    PurgeJob,
    commit,
    read,
    run_query,
)
from shared.jobs import queue, rules
from shared.jobs.maintenance.units import check_unit
from shared.jobs.queries import due_tombstones, due_units
from shared.tasks.sweep import sweep_tasks

SWEEP_S = 200
"""After this time a sweep starts no further check. The sweeper's timeout is 300 s."""


def sweep(clock: ClockAndIds) -> Flow[int]:
    """Announces tasks and units without progress again, fills the queues of owners, and purges
    deleted jobs a second time. Returns the number of units, owners, jobs and tasks that were
    checked.

    The check of a unit sets the time of its next check. So units that wait for a user, run for long
    or cannot be read do not block a unit whose message is lost."""
    started_at = clock.now()
    # Tasks first: it takes little time, and webhook calls are not delayed by many stalled jobs.
    count = yield from sweep_tasks(clock)
    count += yield from queue.fill_queues(clock)
    count += yield from _sweep_units(started_at, clock)
    tombstones = yield from run_query(due_tombstones(started_at))
    for tombstone in tombstones:
        yield from isolated(tombstone.id, _purge_again(tombstone.id))
        count += 1
        # After the purge, so that stalled units do not take all the time of every sweep.
        if clock.now() - started_at >= timedelta(seconds=SWEEP_S):
            break
    return count


def _sweep_units(started_at: datetime, clock: ClockAndIds) -> Flow[int]:
    seen: set[str] = set()
    while clock.now() - started_at < timedelta(seconds=SWEEP_S):
        due = yield from run_query(due_units(started_at))
        unseen = [doc for doc in due if doc.path not in seen]
        if not unseen:
            break
        for doc in unseen:
            if not (yield from isolated(str(doc.data["job"]), check_unit(doc, clock))):
                later = clock.now() + timedelta(seconds=rules.MAX_CHECK_INTERVAL_S)
                yield from commit(Update(doc.path, {"next_check_at": later}))
        seen.update(doc.path for doc in unseen)
    return len(seen)


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
