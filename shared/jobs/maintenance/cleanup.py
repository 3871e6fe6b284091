"""Cleanup by the sweeper: jobs without uploads, expired jobs, and objects without a job.

Each is a flow that can be repeated and is bounded in time. An error in one job does not affect
other jobs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from shared.errors import UploadAbandoned
from shared.flows.documents import (
    CommitResult,
    Create,
    Delete,
    Doc,
    Update,
    Write,
    job_path,
)
from shared.flows.effects import (
    ClockAndIds,
    Flow,
    ListPrefixes,
    LogEvent,
    PurgeJob,
    commit,
    read,
    run_query,
)
from shared.flows.envelope import JOB_ID
from shared.jobs import rules
from shared.jobs.commands.delete import delete
from shared.jobs.failure import fail_job_awaiting_uploads
from shared.jobs.maintenance.sweep import isolated
from shared.jobs.model import Status
from shared.jobs.queries import expired_jobs, jobs_awaiting_uploads, read_snapshot
from shared.pipeline import FUNCTIONS, Bucket

UPLOAD_TIMEOUT_DAYS = 8
"""Longer than a signed upload URL is valid (7 days)."""
CLEANUP_S = 50
"""After this time a cleanup starts no further job. It shares the sweeper's timeout of 300 s with
the sweep, which takes up to 200 s."""
ORPHAN_SEARCH_INTERVAL_S = 24 * 3600
MAX_ORPHAN_SHARE = 0.1
"""The largest share of a prefix's jobs that is removed as orphans."""
MAX_ORPHANS_OF_ANY_SHARE = 10
"""This many are always removed, because with few jobs each is a large share."""
ORPHAN_SEARCH_PATH = "maintenance/orphans"
"""The document with the time and the prefix of the next search for orphans."""
RETRY_AFTER = timedelta(hours=1)
"""How long a job whose cleanup failed waits before the next try."""
READ_BATCH_SIZE = 100


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
        checked += yield from remove_orphans(started_at, clock)
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
    snapshot = yield from read_snapshot(job_id)
    now = clock.now()
    if snapshot is None or snapshot.job.status is not Status.AWAITING_UPLOAD:
        return
    job = snapshot.job
    if now - job.updated_at < timedelta(days=UPLOAD_TIMEOUT_DAYS):
        return
    if any(rules.is_leased(unit, now) for unit in snapshot.units.values()):
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


def remove_orphans(started_at: datetime, clock: ClockAndIds) -> Flow[int]:
    """Removes objects whose job is gone. Returns the number of jobs. A call checks one prefix of
    the table; every prefix is checked once a day.

    After Firestore was restored, emptied or connected wrongly, all objects look like orphans. So
    when the orphans exceed a share of a prefix, nothing is removed and an error is logged.
    """
    prefixes = job_prefixes()
    index = yield from _claim_search(len(prefixes), clock)
    if index is None:
        return 0
    bucket, prefix = prefixes[index]
    folders = cast("tuple[str, ...]", (yield ListPrefixes(bucket, prefix)))
    job_ids = [folder for folder in folders if re.fullmatch(JOB_ID, folder)]
    orphans = yield from _without_document(job_ids)
    if len(orphans) > max(MAX_ORPHANS_OF_ANY_SHARE, len(job_ids) * MAX_ORPHAN_SHARE):
        fields: dict[str, Any] = {"place": f"{bucket}/{prefix}", "orphans": len(orphans)}
        fields |= {"jobs": len(job_ids), "some": orphans[:5], "severity": "ERROR"}
        yield LogEvent("orphans.too_many", fields)
        return 0
    removed = 0
    for job_id in orphans:
        if _is_time_over(started_at, clock):
            # The next cleanup continues with this prefix.
            yield from commit(Update(ORPHAN_SEARCH_PATH, {"next_at": clock.now(), "place": index}))
            break
        # Read again: the removal may run long after the list was read.
        if (yield from _without_document([job_id])):
            removed += yield from isolated(job_id, _remove(job_id))
    return removed


def job_prefixes() -> list[tuple[Bucket, str]]:
    """Returns the prefixes whose folders are named after jobs. Functions with tasks may use other
    names."""
    return sorted(
        {
            (bucket, prefix)
            for row in FUNCTIONS.values()
            for bucket, prefix in row.writes
            if not row.task_collection
        }
    )


def _remove(job_id: str) -> Flow[None]:
    yield LogEvent("orphan.removed", {"job": job_id})
    yield PurgeJob(job_id)


def _claim_search(prefix_count: int, clock: ClockAndIds) -> Flow[int | None]:
    """Claims the next prefix. Returns its index, or None when no search is due or another sweeper
    has claimed it."""
    (doc,) = yield from read(ORPHAN_SEARCH_PATH)
    now = clock.now()
    if doc is not None and doc.data["next_at"] > now:
        return None
    index = 0 if doc is None else int(doc.data["place"]) % prefix_count
    is_last = index + 1 == prefix_count
    next_search = {
        "place": 0 if is_last else index + 1,
        "next_at": now + timedelta(seconds=ORPHAN_SEARCH_INTERVAL_S if is_last else 0),
    }
    write = (
        Create(ORPHAN_SEARCH_PATH, next_search)
        if doc is None
        else Update(ORPHAN_SEARCH_PATH, next_search, doc.version)
    )
    return index if (yield from commit(write)) is CommitResult.OK else None


def _without_document(job_ids: Sequence[str]) -> Flow[list[str]]:
    """Returns the ids that have no document, not even a tombstone."""
    missing: list[str] = []
    for start in range(0, len(job_ids), READ_BATCH_SIZE):
        batch = job_ids[start : start + READ_BATCH_SIZE]
        docs = yield from read(*map(job_path, batch))
        missing += [job_id for job_id, doc in zip(batch, docs, strict=True) if doc is None]
    return missing
