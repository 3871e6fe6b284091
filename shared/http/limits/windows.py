"""Counters of users: `limits/{policy}.{hash of key}.{window}`.

An increment returns the new count in the same step, so of any number of concurrent requests exactly
the quota is accepted. A request costs two reads, and one write unless it is refused.
"""

from __future__ import annotations

from datetime import datetime

from shared.http.limits.policy import Policy, RateLimitState
from shared.privacy.limit_counters import LIMITS, counter_fields, hash_key
from shared.runtime.services import Services


def read_state(services: Services, policy: Policy, key: str) -> RateLimitState:
    """Returns what the policy still allows, without counting a request."""
    now = services.clock.now()
    previous, current = _read(services, policy, key, now)
    return policy.state(previous, current, now)


def add_to_window(services: Services, policy: Policy, key: str, by: int) -> RateLimitState:
    """Adds `by` requests, of which the last one is accepted or refused. Raises LimitReached."""
    now = services.clock.now()
    previous, current = _read(services, policy, key, now)
    if policy.state(previous, current, now).remaining < 1:
        raise policy.refusal(previous, current, now)
    number = policy.window_number(now)
    fields = counter_fields(hash_key(key), policy.expiry(number))
    count = services.store.increment(_path(policy, key, number), fields, by)
    if policy.state(previous, count - by, now).remaining < 1:
        raise policy.refusal(previous, count, now)
    return policy.state(previous, count, now)


def _read(services: Services, policy: Policy, key: str, now: datetime) -> tuple[int, int]:
    """The counts of the previous window and of the current one."""
    number = policy.window_number(now)
    docs = services.store.read([_path(policy, key, number - 1), _path(policy, key, number)])
    previous, current = (0 if doc is None else int(doc.data["count"]) for doc in docs)
    # Concurrent requests over the quota were counted but rejected.
    return min(previous, policy.quota), current


def _path(policy: Policy, key: str, number: int) -> str:
    """The counter's path. The key is hashed, so that no address or user id is stored."""
    return f"{LIMITS}/{policy.name}.{hash_key(key)}.{number}"
