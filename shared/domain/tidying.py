"""What the sweeper tidies away when no job is stuck: who never uploaded, what has expired, and
objects that belong to no job any more.

Each is a flow that may be repeated at will, bounded in time, and one job's trouble is its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from shared.domain import rules
from shared.domain.documents import (
    Committed,
    Create,
    Delete,
    Update,
    Write,
    job_path,
    stage_path,
)
from shared.domain.effects import (
    Abandoned,
    Clockwork,
    Expired,
    Flow,
    Folders,
    Purge,
    Said,
    commit,
    publish,
    read,
)
from shared.domain.failing import job_failed
from shared.domain.job import StageState, Status
from shared.domain.message import JOB_ID
from shared.domain.operating import alone, delete
from shared.domain.pipeline import STAGES
from shared.domain.reading import outcome_of, read_whole
from shared.errors import UploadAbandoned

ABANDONED_DAYS = 8
"""Longer than a signed URL for an upload can live (7 days)."""
TIDY_S = 50
"""How long one tidying begins with further jobs; beside the sweep's 200 s in the same 300 s."""
ORPHANS_EVERY_S = 24 * 3600
ORPHANS_MOST = 200
"""How many jobs' remains one search removes; the next one follows an hour later, not a day."""
ORPHANS_SHARE = 0.1
ORPHANS_FEW = 10
"""So many are removed whatever their share is: in a small house each one is a large share."""
SEARCH = "caretaking/orphans"
"""The document that says when orphans are looked for again."""
READ_AT_ONCE = 100


def tidy(clockwork: Clockwork) -> Flow[int]:
    """Give up abandoned uploads, delete what has expired, look for orphans when it is time; → how
    many jobs were looked at."""
    began = clockwork.now()
    seen = 0
    before = began - timedelta(days=ABANDONED_DAYS)
    for job_id in cast("tuple[str, ...]", (yield Abandoned(before))):
        if _late(clockwork, began):
            return seen
        seen += 1
        yield from alone(job_id, give_up_waiting(job_id, clockwork))
    for job_id in cast("tuple[str, ...]", (yield Expired(began))):
        if _late(clockwork, began):
            return seen
        seen += 1
        yield from alone(job_id, expire(job_id, clockwork))
    if not _late(clockwork, began):
        seen += yield from look_for_orphans(clockwork)
    return seen


def _late(clockwork: Clockwork, began: datetime) -> bool:
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
    first = job.recipe.stages[0]
    said = {"code": UploadAbandoned.code, "message": str(UploadAbandoned()), "stage": first}
    failed: dict[str, Any] = {
        "state": StageState.FAILED,
        "error": said,
        "finished_at": now,
        "touched_at": now,
    }
    writes: list[Write] = [Update(stage_path(job_id, first, 0), failed)]
    if (yield from commit(*writes, *job_failed(job, said, now))) is not Committed.OK:
        # Something came after all, or was told: the next tidying judges again.
        return
    yield Said("upload.abandoned", {"job": job_id})
    again = yield from read_whole(job_id)
    if again is not None:
        yield from publish((yield from outcome_of(again.job)))


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


def look_for_orphans(clockwork: Clockwork) -> Flow[int]:
    """Once a day: remove objects whose job is gone; → of how many jobs.

    A ledger that was restored, emptied or mixed up makes everything look like an orphan. So when
    they are more than a share of all that lies in the buckets, nothing is removed, and an operator
    is told.
    """
    if not (yield from _my_turn(clockwork)):
        return 0
    found: set[str] = set()
    for bucket, prefix in sorted({place for row in STAGES.values() for place in row.writes}):
        folders = cast("tuple[str, ...]", (yield Folders(bucket, prefix)))
        found |= {one for one in folders if re.fullmatch(JOB_ID, one)}
    orphans = yield from _without_job(sorted(found))
    if len(orphans) > max(ORPHANS_FEW, len(found) * ORPHANS_SHARE):
        details = {"orphans": len(orphans), "jobs": len(found), "some": orphans[:5]}
        yield Said("orphans.refused", {"severity": "ERROR", **details})
        return 0
    removed = 0
    for job_id in orphans[:ORPHANS_MOST]:
        # Asked again: the remains are removed long after the list was made.
        if (yield from _without_job([job_id])):
            removed += yield from alone(job_id, _remove(job_id))
    if len(orphans) > ORPHANS_MOST:
        soon = clockwork.now() + timedelta(hours=1)
        yield from commit(Update(SEARCH, {"next_at": soon}))
    return removed


def _remove(job_id: str) -> Flow[None]:
    yield Said("orphan.removed", {"job": job_id})
    yield Purge(job_id)


def _my_turn(clockwork: Clockwork) -> Flow[bool]:
    """Whether it is time, and nobody else has begun."""
    (doc,) = yield from read(SEARCH)
    now = clockwork.now()
    following = {"next_at": now + timedelta(seconds=ORPHANS_EVERY_S)}
    if doc is None:
        return (yield from commit(Create(SEARCH, following))) is Committed.OK
    if doc.data["next_at"] > now:
        return False
    return (yield from commit(Update(SEARCH, following, doc.version))) is Committed.OK


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
