"""Removes orphans: objects of jobs that have no document, not even a tombstone.

After Firestore was restored, emptied or connected wrongly, all objects look like orphans. So when
the orphans exceed a share of a page of folders, none of them is removed, an error is logged and the
search leaves the prefix.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from shared.flows.documents import CommitResult, Create, Doc, Update, job_path
from shared.flows.effects import (
    ClockAndIds,
    Flow,
    ListPrefixes,
    LogEvent,
    PurgeJob,
    commit,
    read,
)
from shared.flows.envelope import JOB_ID
from shared.jobs.maintenance.sweep import isolated
from shared.pipeline import FUNCTIONS, Bucket

ORPHAN_SEARCH_INTERVAL_S = 24 * 3600
"""The time from the end of a search of all prefixes to the next one."""
MAX_ORPHAN_SHARE = 0.1
"""The largest share of a page's jobs that is removed as orphans."""
MAX_ORPHANS_OF_ANY_SHARE = 10
"""This many are always removed, because with few jobs each is a large share."""
ORPHAN_SEARCH_PATH = "maintenance/orphans"
"""The document with the time, the prefix and the folder at which the search continues."""
PAGE_SIZE = 500
"""Folders that are listed together."""
READ_BATCH_SIZE = 100
CLAIM_S = 600
"""For how long a sweeper owns the search: longer than the sweeper's timeout of 300 s. When a
sweeper was stopped, the next one continues at the same place after this time."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the search continues: after the folder `after` of a prefix."""

    bucket: Bucket
    prefix: str
    after: str = ""

    @property
    def name(self) -> str:
        """The prefix as it is stored. A prefix that leaves the table is passed over."""
        return f"{self.bucket}/{self.prefix}"

    def to_dict(self, next_at: datetime) -> dict[str, Any]:
        """Returns the fields of the document."""
        return {"place": self.name, "after": self.after, "next_at": next_at}


def remove_orphans(time_limit: datetime, clock: ClockAndIds) -> Flow[int]:
    """Removes objects whose job is gone. Returns the number of jobs.

    A call checks one prefix of the table, in pages, until `time_limit`. The next call continues
    after the last folder that was checked. Every prefix is checked once a day.
    """
    place = yield from _claim_search(clock)
    if place is None:
        return 0
    removed = 0
    while clock.now() < time_limit:
        folders = yield ListPrefixes(place.bucket, place.prefix, place.after, PAGE_SIZE)
        folders = cast("tuple[str, ...]", folders)
        orphans = yield from _find_orphans(place, folders)
        if orphans is None:
            yield from _leave_prefix(place, clock)
            return removed
        for job_id in orphans:
            # Read again: the removal may run long after the list was read.
            if (yield from _without_document([job_id])):
                removed += yield from isolated(job_id, _remove(job_id))
            place = _Place(place.bucket, place.prefix, job_id)
            # After the removal, so that every call makes progress.
            if clock.now() >= time_limit:
                break
        else:
            if len(folders) < PAGE_SIZE:
                yield from _leave_prefix(place, clock)
                return removed
            place = _Place(place.bucket, place.prefix, folders[-1])
            # After each page, so that a stopped sweeper repeats one page at most.
            yield from _save(place, clock.now() + timedelta(seconds=CLAIM_S))
    yield from _save(place, clock.now())
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


def _claim_search(clock: ClockAndIds) -> Flow[_Place | None]:
    """Claims the search. Returns its place, or None when no search is due or another sweeper has
    claimed it."""
    (doc,) = yield from read(ORPHAN_SEARCH_PATH)
    now = clock.now()
    if doc is not None and doc.data["next_at"] > now:
        return None
    place = _read_place(doc)
    fields = place.to_dict(now + timedelta(seconds=CLAIM_S))
    claim = (
        Create(ORPHAN_SEARCH_PATH, fields)
        if doc is None
        else Update(ORPHAN_SEARCH_PATH, fields, doc.version)
    )
    return place if (yield from commit(claim)) is CommitResult.OK else None


def _read_place(doc: Doc | None) -> _Place:
    places = [_Place(bucket, prefix) for bucket, prefix in job_prefixes()]
    if doc is None:
        return places[0]
    name, after = str(doc.data["place"]), str(doc.data.get("after", ""))
    for place in places:
        if place.name == name:
            return _Place(place.bucket, place.prefix, after)
    return next((place for place in places if place.name > name), places[0])


def _leave_prefix(place: _Place, clock: ClockAndIds) -> Flow[None]:
    """Moves the search to the next prefix, or after the last one to the first, a day later."""
    following = [row for row in job_prefixes() if row > (place.bucket, place.prefix)]
    wait = timedelta(seconds=0 if following else ORPHAN_SEARCH_INTERVAL_S)
    yield from _save(_Place(*(following or job_prefixes())[0]), clock.now() + wait)


def _save(place: _Place, next_at: datetime) -> Flow[None]:
    yield from commit(Update(ORPHAN_SEARCH_PATH, place.to_dict(next_at)))


def _find_orphans(place: _Place, folders: Sequence[str]) -> Flow[list[str] | None]:
    """Returns the orphans among the folders. None when there are too many to be orphans."""
    job_ids = [folder for folder in folders if re.fullmatch(JOB_ID, folder)]
    orphans = yield from _without_document(job_ids)
    if len(orphans) <= max(MAX_ORPHANS_OF_ANY_SHARE, len(job_ids) * MAX_ORPHAN_SHARE):
        return orphans
    fields: dict[str, Any] = {"place": place.name, "orphans": len(orphans)}
    fields |= {"jobs": len(job_ids), "some": orphans[:5], "severity": "ERROR"}
    yield LogEvent("orphans.too_many", fields)
    return None


def _remove(job_id: str) -> Flow[None]:
    yield LogEvent("orphan.removed", {"job": job_id})
    yield PurgeJob(job_id)


def _without_document(job_ids: Sequence[str]) -> Flow[list[str]]:
    """Returns the ids that have no document, not even a tombstone."""
    missing: list[str] = []
    for start in range(0, len(job_ids), READ_BATCH_SIZE):
        batch = job_ids[start : start + READ_BATCH_SIZE]
        docs = yield from read(*map(job_path, batch))
        missing += [job_id for job_id, doc in zip(batch, docs, strict=True) if doc is None]
    return missing
