"""How long work waits for a service that is overloaded or unavailable."""

from __future__ import annotations

from datetime import datetime, timedelta

LONGEST_WAIT_S = 600
"""Upper bound of the random part of a wait."""
MAX_WAITING_S = 6 * 3600
"""How long work waits for services in total before it fails."""


def next_try_at(
    now: datetime,
    since: datetime,
    wait_count: int,
    retry_after_s: float,
    share: float,
) -> datetime | None:
    """Returns when the work may try again, or None when it has waited for too long.

    The wait has full jitter, so that the work that a service refused does not return all at once:
    a random time up to a bound that doubles from 1 s to LONGEST_WAIT_S, after the time that the
    service asks for. https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/

    Args:
        now: The time.
        since: When the work was refused for the first time.
        wait_count: How often it was refused before.
        retry_after_s: The shortest wait that the service asks for, or 0.
        share: A random number in [0, 1): the share of the bound.
    """
    last_try_at = since + timedelta(seconds=MAX_WAITING_S)
    earliest = now + timedelta(seconds=retry_after_s)
    if now >= last_try_at or earliest > last_try_at:
        return None
    bound_s = min(LONGEST_WAIT_S, 1 << min(wait_count, 16))
    return min(earliest + timedelta(seconds=share * bound_s), last_try_at)
