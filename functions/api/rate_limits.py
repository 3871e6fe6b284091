"""Rate limits, counted in Firestore.

The document `limits/{policy}.{hash of key}.{window}` holds a `count` (see
`shared.privacy.limit_counters`). An increment returns the new
count in the same step, so of any number of concurrent requests exactly the quota is accepted. The
previous window counts in proportion to its overlap with the last window length (a sliding window
counter), so the edge of a window is no loophole. A request over the limit is refused after a read,
without a write.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime

from shared.errors import LimitReached
from shared.http.request import ApiRequest
from shared.privacy.limit_counters import counter_fields, hash_key


@dataclass(frozen=True, slots=True)
class Policy:
    """At most `quota` requests in any `window_s` seconds. `message` is the error for the user."""

    name: str
    quota: int
    window_s: int
    message: str


@dataclass(frozen=True, slots=True)
class RateLimitState:
    """What a policy still allows: `remaining` requests now, and more in `reset_s` seconds."""

    policy: Policy
    remaining: int
    reset_s: int

    @property
    def headers(self) -> dict[str, str]:
        """The fields of draft-ietf-httpapi-ratelimit-headers: the policy (q: quota, w: window in
        seconds) and the caller's state (r: remaining, t: seconds until more are available)."""
        name = self.policy.name
        return {
            "RateLimit-Policy": f'"{name}";q={self.policy.quota};w={self.policy.window_s}',
            "RateLimit": f'"{name}";r={self.remaining};t={self.reset_s}',
        }


def consume(request: ApiRequest, policy: Policy, key: str) -> RateLimitState:
    """Counts one request of `key`. Raises LimitReached when the quota is exhausted."""
    now = request.services.clock.now()
    previous, current = _windows(request, policy, key, now)
    if _state(policy, previous, current, now).remaining < 1:
        raise _refusal(policy, previous, current, now)
    number = _number(policy, now)
    fields = counter_fields(hash_key(key), _expiry(policy, number))
    count = request.services.store.increment(_path(policy, key, number), fields)
    if count + _weight(policy, previous, now) > policy.quota:
        raise _refusal(policy, previous, count, now)
    return _state(policy, previous, count, now)


def peek(request: ApiRequest, policy: Policy, key: str) -> RateLimitState:
    """Returns what the policy still allows, without counting a request."""
    now = request.services.clock.now()
    previous, current = _windows(request, policy, key, now)
    return _state(policy, previous, current, now)


def _windows(request: ApiRequest, policy: Policy, key: str, now: datetime) -> tuple[int, int]:
    """The counts of the previous window and of the current one."""
    number = _number(policy, now)
    docs = request.services.store.read([_path(policy, key, number - 1), _path(policy, key, number)])
    previous, current = (0 if doc is None else int(doc.data["count"]) for doc in docs)
    # Concurrent requests over the quota were counted but rejected.
    return min(previous, policy.quota), current


def _number(policy: Policy, now: datetime) -> int:
    return int(now.timestamp() // policy.window_s)


def _path(policy: Policy, key: str, number: int) -> str:
    """The counter's path. The key is hashed, so that no address or user id is stored."""
    return f"limits/{policy.name}.{hash_key(key)}.{number}"


def _expiry(policy: Policy, number: int) -> datetime:
    """When a window's counter may be deleted: it counts until the next window has ended."""
    return datetime.fromtimestamp((number + 3) * policy.window_s, UTC)


def _elapsed(policy: Policy, now: datetime) -> float:
    """The elapsed fraction of the current window, 0 to 1."""
    return (now.timestamp() % policy.window_s) / policy.window_s


def _weight(policy: Policy, previous: int, now: datetime) -> int:
    return math.ceil(previous * (1 - _elapsed(policy, now)))


def _state(policy: Policy, previous: int, current: int, now: datetime) -> RateLimitState:
    remaining = max(0, policy.quota - current - _weight(policy, previous, now))
    reset_s = policy.window_s * (1 - _elapsed(policy, now))
    return RateLimitState(policy, remaining, math.ceil(reset_s))


def _refusal(policy: Policy, previous: int, current: int, now: datetime) -> LimitReached:
    """The error with the time of the next accepted request: when enough of the previous window has
    slid out, or, if the current window alone is full, when its first request has."""
    elapsed, quota, window_s = _elapsed(policy, now), policy.quota, policy.window_s
    if current < quota:
        wait_s = (1 - (quota - 1 - current) / previous - elapsed) * window_s if previous else 0.0
    else:
        wait_s = (1 - elapsed) * window_s + window_s / quota
    retry_after_s = max(1, math.ceil(wait_s))
    state = RateLimitState(policy, 0, retry_after_s)
    return LimitReached(policy.message, retry_after_s, state.headers)
