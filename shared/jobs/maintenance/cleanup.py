"""Cleanup by the sweeper: jobs without uploads, expired jobs, and objects without a job (see
`orphans.py`).

Each is a flow that can be repeated and is bounded in time. An error in one job does not affect
other jobs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from shared.errors import UploadAbandoned
from shared.flows.documents import (
    Delete,
    Doc,
    Update,
    Write,
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
from shared.jobs.commands.delete import delete
from shared.jobs.maintenance.orphans import remove_orphans
from shared.jobs.maintenance.sweep import isolated
from shared.jobs.model import Job, Status
from shared.jobs.queries import expired_jobs, jobs_awaiting_uploads
from shared.jobs.units.failure import fail_job_awaiting_uploads

UPLOAD_TIMEOUT_DAYS = 8
"""Longer than a signed upload URL is valid (7 days)."""
CLEANUP_S = 50
"""After this time a cleanup starts no further job. It shares the sweeper's timeout of 300 s with
the sweep, which takes up to 200 s."""
RETRY_AFTER = timedelta(hours=1)
"""How long a job whose cleanup failed waits before the next try."""


def clean_up(clock: ClockAndIds) -> Flow[int]:
    """Fails jobs whose uploads never arrived, deletes expired jobs, and searches for orphans when
    the search is due. Returns the number of jobs that were checked."""
    started_at = clock.now()
    before = started_at - timedelta(days=UPLOAD_TIMEOUT_DAYS)
    abandoned = yield from run_query(jobs_awaiting_uploads(before))
    checked = yield from _process_each(
        abandoned, fail_without_uploads, "updated_at", started_at, clock
    )
    expired = yield from run_query(expired_jobs(started_at))
    checked += yield from _process_each(expired, delete_expired, "expires_at", started_at, clock)
    if not _is_time_over(started_at, clock):
        time_limit = started_at + timedelta(seconds=CLEANUP_S)
        checked += yield from remove_orphans(time_limit, clock)
    return checked


def _process_each(
    jobs: Iterable[Doc],
    process: Callable[[str, ClockAndIds], Flow[None]],
    ordered_by: str,
    started_at: datetime,
    clock: ClockAndIds,
) -> Flow[int]:
    """Processes jobs while there is time. Returns their number. A job that fails moves to the end
    of the order, so that it does not block other jobs."""
    count = 0
    for job_id in (job.id for job in jobs):
        if _is_time_over(started_at, clock):
            break
        count += 1
        if not (yield from isolated(job_id, process(job_id, clock))):
            later = Update(job_path(job_id), {ordered_by: clock.now() + RETRY_AFTER})
            yield from isolated(job_id, _commit(later))
    return count


def _commit(write: Write) -> Flow[None]:
    yield from commit(write)


def _is_time_over(started_at: datetime, clock: ClockAndIds) -> bool:
    return clock.now() - started_at >= timedelta(seconds=CLEANUP_S)


def fail_without_uploads(job_id: str, clock: ClockAndIds) -> Flow[None]:
    """Fails a job whose uploads never arrived. A redrive waits for them again."""
    (doc,) = yield from read(job_path(job_id))
    if doc is None or doc.data["status"] != Status.AWAITING_UPLOAD:
        return
    job = Job.from_doc(doc)
    if clock.now() - job.updated_at < timedelta(days=UPLOAD_TIMEOUT_DAYS):
        return
    # When an upload has arrived since then, nothing is written and the next cleanup decides again.
    if (
        yield from fail_job_awaiting_uploads(
            job, (UploadAbandoned.code, str(UploadAbandoned())), clock
        )
    ):
        yield LogEvent("upload.timed_out", {"job": job_id})


def delete_expired(job_id: str, clock: ClockAndIds) -> Flow[None]:
    """Deletes an expired job as its owner would, or removes an expired tombstone."""
    (doc,) = yield from read(job_path(job_id))
    now = clock.now()
    if doc is None or doc.data["expires_at"] > now:
        return
    if doc.data["status"] != Status.DELETED:
        yield LogEvent("job.expired", {"job": job_id})
        yield from delete(job_id, clock)
        return
    if doc.data.get("purge_again_at") is not None:
        # The second purge has not run yet.
        return
    yield PurgeJob(job_id)
    yield from commit(Delete(job_path(job_id), doc.version))
