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
    Committed,
    Create,
    Delete,
    Update,
    Write,
    job_path,
)
from shared.flows.effects import (
    Abandoned,
    Clockwork,
    Expired,
    Flow,
    Folders,
    Purge,
    Said,
    commit,
    read,
)
from shared.flows.envelope import JOB_ID
from shared.jobs import rules
from shared.jobs.commands.delete import delete
from shared.jobs.failure import give_up
from shared.jobs.maintenance.sweep import alone
from shared.jobs.model import Status
from shared.jobs.queries import read_whole
from shared.pipeline import STAGES, Bucket

ABANDONED_DAYS = 8
"""Longer than a signed URL for an upload can live (7 days)."""
TIDY_S = 50
"""How long one tidying begins with further jobs; beside the sweep's 200 s in the same 300 s."""
ORPHANS_EVERY_S = 24 * 3600
ORPHANS_SHARE = 0.1
ORPHANS_FEW = 10
"""So many are removed whatever their share is: in a small house each one is a large share."""
SEARCH = "caretaking/orphans"
"""The document that says when orphans are looked for again, and where."""
AGAIN = timedelta(hours=1)
"""After how long a job that could not be tidied is tried again."""
READ_AT_ONCE = 100


def tidy(clockwork: Clockwork) -> Flow[int]:
    """Give up abandoned uploads, delete what has expired, look for orphans when it is time; → how
    many jobs were looked at."""
    began = clockwork.now()
    before = began - timedelta(days=ABANDONED_DAYS)
    abandoned = cast("tuple[str, ...]", (yield Abandoned(before)))
    seen = yield from _each(abandoned, give_up_waiting, "updated_at", began, clockwork)
    expired = cast("tuple[str, ...]", (yield Expired(began)))
    seen += yield from _each(expired, expire, "expires_at", began, clockwork)
    if not _late(began, clockwork):
        seen += yield from look_for_orphans(began, clockwork)
    return seen


def _each(
    jobs: Iterable[str],
    tidied: Callable[[str, Clockwork], Flow[None]],
    ordered_by: str,
    began: datetime,
    clockwork: Clockwork,
) -> Flow[int]:
    """Tidy one job after the other while there is time; → how many. One that cannot be tidied
    moves behind the others: however many there are, they stand in nobody's way."""
    seen = 0
    for job_id in jobs:
        if _late(began, clockwork):
            break
        seen += 1
        if not (yield from alone(job_id, tidied(job_id, clockwork))):
            later = Update(job_path(job_id), {ordered_by: clockwork.now() + AGAIN})
            yield from alone(job_id, _commit(later))
    return seen


def _commit(write: Write) -> Flow[None]:
    yield from commit(write)


def _late(began: datetime, clockwork: Clockwork) -> bool:
    return clockwork.now() - began >= timedelta(seconds=TIDY_S)


def give_up_waiting(job_id: str, clockwork: Clockwork) -> Flow[None]:
    """Fail a job whose uploads never came. A redrive waits for them once more."""
    whole = yield from read_whole(job_id)
    now = clockwork.now()
    if whole is None or whole.job.status is not Status.AWAITING_UPLOAD:
        return
    job = whole.job
    if now - job.updated_at < timedelta(days=ABANDONED_DAYS):
        return
    if any(rules.lease_alive(unit, now) for unit in whole.units.values()):
        return
    # When something came after all, the next tidying judges again.
    if (yield from give_up(job, (UploadAbandoned.code, str(UploadAbandoned())), clockwork)):
        yield Said("upload.abandoned", {"job": job_id})


def expire(job_id: str, clockwork: Clockwork) -> Flow[None]:
    """Delete a job whose time is over as its owner would; take away a tombstone that has stood
    long enough."""
    (doc,) = yield from read(job_path(job_id))
    now = clockwork.now()
    if doc is None or doc.data["expires_at"] > now:
        return
    if doc.data["status"] != Status.DELETED:
        yield Said("job.expired", {"job": job_id})
        yield from delete(job_id, clockwork)
        return
    if doc.data.get("purge_again_at") is not None:
        # The second purge is yet to come.
        return
    yield Purge(job_id)
    yield from commit(Delete(job_path(job_id), doc.version))


def look_for_orphans(began: datetime, clockwork: Clockwork) -> Flow[int]:
    """Remove objects whose job is gone, one place of the table a turn and every place once a day;
    → of how many jobs.

    A ledger that was restored, emptied or mixed up makes everything look like an orphan. So when
    they are more than a share of what lies in a place, nothing is removed, and an operator is told.
    """
    places = places_of_jobs()
    turn = yield from _my_turn(len(places), clockwork)
    if turn is None:
        return 0
    bucket, prefix = places[turn]
    folders = cast("tuple[str, ...]", (yield Folders(bucket, prefix)))
    found = [one for one in folders if re.fullmatch(JOB_ID, one)]
    orphans = yield from _without_job(found)
    if len(orphans) > max(ORPHANS_FEW, len(found) * ORPHANS_SHARE):
        details: dict[str, Any] = {"place": f"{bucket}/{prefix}", "orphans": len(orphans)}
        details |= {"jobs": len(found), "some": orphans[:5], "severity": "ERROR"}
        yield Said("orphans.refused", details)
        return 0
    removed = 0
    for job_id in orphans:
        if _late(began, clockwork):
            # The rest of this place is looked for again with the next tidying.
            yield from commit(Update(SEARCH, {"next_at": clockwork.now(), "place": turn}))
            break
        # Asked again: the remains are removed long after the list was made.
        if (yield from _without_job([job_id])):
            removed += yield from alone(job_id, _remove(job_id))
    return removed


def places_of_jobs() -> list[tuple[Bucket, str]]:
    """Where folders are named by jobs; whoever does errands may name his by anything."""
    return sorted(
        {
            (bucket, prefix)
            for row in STAGES.values()
            for bucket, prefix in row.writes
            if not row.errands
        }
    )


def _remove(job_id: str) -> Flow[None]:
    yield Said("orphan.removed", {"job": job_id})
    yield Purge(job_id)


def _my_turn(places: int, clockwork: Clockwork) -> Flow[int | None]:
    """Which place is to be looked at; None when it is not time, or somebody else has begun."""
    (doc,) = yield from read(SEARCH)
    now = clockwork.now()
    if doc is not None and doc.data["next_at"] > now:
        return None
    turn = 0 if doc is None else int(doc.data["place"]) % places
    last = turn + 1 == places
    following = {
        "place": 0 if last else turn + 1,
        "next_at": now + timedelta(seconds=ORPHANS_EVERY_S if last else 0),
    }
    mine = Create(SEARCH, following) if doc is None else Update(SEARCH, following, doc.version)
    return turn if (yield from commit(mine)) is Committed.OK else None


def _without_job(ids: Sequence[str]) -> Flow[list[str]]:
    """Those of these ids for which the ledger has no document, not even a tombstone."""
    missing: list[str] = []
    for at in range(0, len(ids), READ_AT_ONCE):
        some = ids[at : at + READ_AT_ONCE]
        docs = yield from read(*map(job_path, some))
        missing += _absent(some, docs)
    return missing


def _absent(ids: Iterable[str], docs: Iterable[object]) -> list[str]:
    return [job_id for job_id, doc in zip(ids, docs, strict=True) if doc is None]
