"""What the sweeper tidies away when no job is stuck: who never uploaded, what has expired, and
objects that belong to no job any more.

Each is a flow that may be repeated at will, bounded in time, and one job's trouble is its own.
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
    Update,
    Write,
    job_path,
)
from shared.flows.effects import (
    AwaitingUploads,
    ClockAndIds,
    ExpiredJobs,
    Flow,
    ListPrefixes,
    LogEvent,
    PurgeJob,
    commit,
    read,
)
from shared.flows.envelope import JOB_ID
from shared.jobs import rules
from shared.jobs.commands.delete import delete
from shared.jobs.failure import fail_awaiting_uploads
from shared.jobs.maintenance.sweep import isolated
from shared.jobs.model import Status
from shared.jobs.queries import read_snapshot
from shared.pipeline import FUNCTIONS, Bucket

UPLOAD_TIMEOUT_DAYS = 8
"""Longer than a signed URL for an upload can live (7 days)."""
CLEANUP_S = 50
"""How long one tidying begins with further jobs; beside the sweep's 200 s in the same 300 s."""
ORPHAN_SEARCH_INTERVAL_S = 24 * 3600
MAX_ORPHAN_SHARE = 0.1
MAX_ORPHANS_OF_ANY_SHARE = 10
"""So many are removed whatever their share is: in a small house each one is a large share."""
ORPHAN_SEARCH_PATH = "maintenance/orphans"
"""The document that says when orphans are looked for again, and where."""
RETRY_AFTER = timedelta(hours=1)
"""After how long a job that could not be tidied is tried again."""
READ_BATCH_SIZE = 100


def clean_up(clock: ClockAndIds) -> Flow[int]:
    """Give up abandoned uploads, delete what has expired, look for orphans when it is time; → how
    many jobs were looked at."""
    began = clock.now()
    before = began - timedelta(days=UPLOAD_TIMEOUT_DAYS)
    abandoned = cast("tuple[str, ...]", (yield AwaitingUploads(before)))
    seen = yield from _each(abandoned, fail_without_uploads, "updated_at", began, clock)
    expired = cast("tuple[str, ...]", (yield ExpiredJobs(began)))
    seen += yield from _each(expired, delete_expired, "expires_at", began, clock)
    if not _late(began, clock):
        seen += yield from remove_orphans(began, clock)
    return seen


def _each(
    jobs: Iterable[str],
    tidied: Callable[[str, ClockAndIds], Flow[None]],
    ordered_by: str,
    began: datetime,
    clock: ClockAndIds,
) -> Flow[int]:
    """Tidy one job after the other while there is time; → how many. One that cannot be tidied
    moves behind the others: however many there are, they stand in nobody's way."""
    seen = 0
    for job_id in jobs:
        if _late(began, clock):
            break
        seen += 1
        if not (yield from isolated(job_id, tidied(job_id, clock))):
            later = Update(job_path(job_id), {ordered_by: clock.now() + RETRY_AFTER})
            yield from isolated(job_id, _commit(later))
    return seen


def _commit(write: Write) -> Flow[None]:
    yield from commit(write)


def _late(began: datetime, clock: ClockAndIds) -> bool:
    return clock.now() - began >= timedelta(seconds=CLEANUP_S)


def fail_without_uploads(job_id: str, clock: ClockAndIds) -> Flow[None]:
    """Fail a job whose uploads never came. A redrive waits for them once more."""
    whole = yield from read_snapshot(job_id)
    now = clock.now()
    if whole is None or whole.job.status is not Status.AWAITING_UPLOAD:
        return
    job = whole.job
    if now - job.updated_at < timedelta(days=UPLOAD_TIMEOUT_DAYS):
        return
    if any(rules.is_leased(unit, now) for unit in whole.units.values()):
        return
    # When something came after all, the next tidying judges again.
    if (
        yield from fail_awaiting_uploads(job, (UploadAbandoned.code, str(UploadAbandoned())), clock)
    ):
        yield LogEvent("upload.timed_out", {"job": job_id})


def delete_expired(job_id: str, clock: ClockAndIds) -> Flow[None]:
    """Delete a job whose time is over as its owner would; take away a tombstone that has stood
    long enough."""
    (doc,) = yield from read(job_path(job_id))
    now = clock.now()
    if doc is None or doc.data["expires_at"] > now:
        return
    if doc.data["status"] != Status.DELETED:
        yield LogEvent("job.expired", {"job": job_id})
        yield from delete(job_id, clock)
        return
    if doc.data.get("purge_again_at") is not None:
        # The second purge is yet to come.
        return
    yield PurgeJob(job_id)
    yield from commit(Delete(job_path(job_id), doc.version))


def remove_orphans(began: datetime, clock: ClockAndIds) -> Flow[int]:
    """Remove objects whose job is gone, one place of the table a turn and every place once a day;
    → of how many jobs.

    A ledger that was restored, emptied or mixed up makes everything look like an orphan. So when
    they are more than a share of what lies in a place, nothing is removed, and an operator is told.
    """
    places = job_prefixes()
    turn = yield from _my_turn(len(places), clock)
    if turn is None:
        return 0
    bucket, prefix = places[turn]
    folders = cast("tuple[str, ...]", (yield ListPrefixes(bucket, prefix)))
    found = [one for one in folders if re.fullmatch(JOB_ID, one)]
    orphans = yield from _without_job(found)
    if len(orphans) > max(MAX_ORPHANS_OF_ANY_SHARE, len(found) * MAX_ORPHAN_SHARE):
        details: dict[str, Any] = {"place": f"{bucket}/{prefix}", "orphans": len(orphans)}
        details |= {"jobs": len(found), "some": orphans[:5], "severity": "ERROR"}
        yield LogEvent("orphans.too_many", details)
        return 0
    removed = 0
    for job_id in orphans:
        if _late(began, clock):
            # The rest of this place is looked for again with the next tidying.
            yield from commit(Update(ORPHAN_SEARCH_PATH, {"next_at": clock.now(), "place": turn}))
            break
        # Asked again: the remains are removed long after the list was made.
        if (yield from _without_job([job_id])):
            removed += yield from isolated(job_id, _remove(job_id))
    return removed


def job_prefixes() -> list[tuple[Bucket, str]]:
    """Where folders are named by jobs; whoever does errands may name his by anything."""
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


def _my_turn(places: int, clock: ClockAndIds) -> Flow[int | None]:
    """Which place is to be looked at; None when it is not time, or somebody else has begun."""
    (doc,) = yield from read(ORPHAN_SEARCH_PATH)
    now = clock.now()
    if doc is not None and doc.data["next_at"] > now:
        return None
    turn = 0 if doc is None else int(doc.data["place"]) % places
    last = turn + 1 == places
    following = {
        "place": 0 if last else turn + 1,
        "next_at": now + timedelta(seconds=ORPHAN_SEARCH_INTERVAL_S if last else 0),
    }
    mine = (
        Create(ORPHAN_SEARCH_PATH, following)
        if doc is None
        else Update(ORPHAN_SEARCH_PATH, following, doc.version)
    )
    return turn if (yield from commit(mine)) is CommitResult.OK else None


def _without_job(ids: Sequence[str]) -> Flow[list[str]]:
    """Those of these ids for which the ledger has no document, not even a tombstone."""
    missing: list[str] = []
    for at in range(0, len(ids), READ_BATCH_SIZE):
        some = ids[at : at + READ_BATCH_SIZE]
        docs = yield from read(*map(job_path, some))
        missing += _absent(some, docs)
    return missing


def _absent(ids: Iterable[str], docs: Iterable[object]) -> list[str]:
    return [job_id for job_id, doc in zip(ids, docs, strict=True) if doc is None]
