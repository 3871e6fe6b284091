"""Tasks that wait for one of our services that is overloaded or unavailable.

The server of a user that is unavailable is not such a service: its webhook returns `Later`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.flows.effects import ClockAndIds, Later, Unavailable
from shared.flows.waiting import next_try_at
from shared.pipeline import FUNCTIONS
from shared.tasks.task import TaskClaim

NOT_WAITING: Mapping[str, Any] = {"waits": 0, "waiting_since": None}
"""The fields of a task that does not wait."""


def wait_for_service(claim: TaskClaim, outcome: Unavailable, clock: ClockAndIds) -> Later:
    """Returns the outcome of a task that waits and gets its attempt back.

    After `shared.flows.waiting.MAX_WAITING_S` its attempts count again: some tasks, such as an
    erasure, have enough of them for a longer outage.
    """
    data, now = claim.task.data, clock.now()
    since: datetime = data.get("waiting_since") or now
    waits: int = data.get("waits", 0)
    try_at = next_try_at(now, since, waits, outcome.retry_after_s, clock.random())
    wait = {"waits": waits + 1, "waiting_since": since}
    if try_at is None:
        wait_s = max(FUNCTIONS[claim.task.function].backoff(claim.attempt), outcome.retry_after_s)
        return Later(wait_s, outcome.code, outcome.message, wait)
    return Later(
        (try_at - now).total_seconds(),
        outcome.code,
        outcome.message,
        {**wait, "attempt": claim.attempt - 1},
        is_waiting=True,
    )
