"""The counters of rate limits: how they are found and deleted.

    limits/{policy}.{hash of key}.{window}   the requests of a user in a window
    limits/{policy}.{counter}                those of many anonymous keys, in two windows

Anybody can make up anonymous keys, which are email and client addresses. They are distributed over
SHARED_COUNTERS documents by their hash, so that no number of addresses creates more documents.

The counters of a user are found by the field `key_hash`, and expired ones by the day in
`expires_on`. Neither reads the rest of the collection. `expires_on` has an index and `expires_at`
has none: an index of increasing times would limit all counters together to 500 writes a second.

Firestore deletes documents after `expires_at` (time to live), usually within a day. The sweeper
deletes what is left of a day that has passed.
"""

from __future__ import annotations

import hashlib
from datetime import date, datetime, timedelta
from typing import Any

from shared.flows.documents import Create, Delete, Filter, Query, Update
from shared.flows.effects import ClockAndIds, Flow, commit, read, run_query

LIMITS = "limits"
PAGE_SIZE = 300
SHARED_COUNTERS = 1 << 16
"""Counters of each policy with anonymous keys. With fewer, the attempts that `api` can answer in a
window (`infra/SECURITY.md`) would fill them, and refuse everybody. They hold no personal data."""
CLEANUP_S = 10
"""After this time a cleanup starts no further page."""
CLEANUP_PATH = "maintenance/limits"
"""The document with the first day whose counters may not be deleted yet."""


def hash_key(key: str) -> str:
    """Returns the hash of a key, so that a counter contains no address and no user id."""
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def shared_counter_path(policy: str, key: str) -> str:
    """Returns the path of the counter that an anonymous key shares with others."""
    return f"{LIMITS}/{policy}.{int(hash_key(key), 16) % SHARED_COUNTERS:04x}"


def counter_fields(key_hash: str, expires_at: datetime) -> dict[str, Any]:
    """Returns the fields of a user's counter besides `count`. They must be the same for every
    increment of a window."""
    return {"key_hash": key_hash, **expiry_fields(expires_at)}


def expiry_fields(expires_at: datetime) -> dict[str, Any]:
    """Returns the fields by which an expired counter is found."""
    return {"expires_at": expires_at, "expires_on": expires_at.date().isoformat()}


def counters_of(key_hash: str, *, after: str = "", limit: int = PAGE_SIZE) -> Query:
    """Returns the query for a page of the counters of a key, by the hash of the key, sorted by id,
    after the id `after`."""
    of_key = Filter("key_hash", "==", key_hash)
    return Query(LIMITS, (of_key,), after=(after,) if after else None, limit=limit)


def counters_expiring_on(day: date, limit: int = PAGE_SIZE) -> Query:
    """Returns the query for a page of the counters that expire on `day` (UTC)."""
    return Query(LIMITS, (Filter("expires_on", "==", day.isoformat()),), limit=limit)


def delete_expired_counters(clock: ClockAndIds) -> Flow[int]:
    """Deletes the counters of past days, in pages, while there is time. The next call continues
    with the day that was not finished. Returns the number of deleted counters."""
    started_at = clock.now()
    today = started_at.date()
    (doc,) = yield from read(CLEANUP_PATH)
    if doc is None:
        yield from commit(Create(CLEANUP_PATH, {"day": today.isoformat()}))
        return 0
    first_day = day = date.fromisoformat(doc.data["day"])
    deleted = 0
    while day < today and clock.now() - started_at < timedelta(seconds=CLEANUP_S):
        counters = yield from run_query(counters_expiring_on(day))
        if counters:
            # No precondition: a user's counter is not incremented after its expiry, and another
            # one that is used again at this moment loses one request.
            yield from commit(*(Delete(counter.path) for counter in counters))
            deleted += len(counters)
        if len(counters) < PAGE_SIZE:
            day += timedelta(days=1)
    if day > first_day:
        yield from commit(Update(CLEANUP_PATH, {"day": day.isoformat()}, doc.version))
    return deleted
