"""How often something may be asked for, counted in Firestore alone.

`limits/{policy}.{hash of who}.{window}` holds one `count`, which is raised in one step that also
says what it is now: of any number of calls at once each gets a number of its own, so exactly as
many are let in as may. A window's edge is no loophole: the window before counts for as much of it
as still lies within one window's length (a sliding window counter). Who is over the limit is
refused by what is read, without a write.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.errors import LimitReached
from shared.http.request import ApiRequest


@dataclass(frozen=True, slots=True)
class Policy:
    """At most `quota` in any `window_s` seconds. `sentence` is for who asked for more."""

    name: str
    quota: int
    window_s: int
    message: str


@dataclass(frozen=True, slots=True)
class RateLimitState:
    """What a policy still allows: `remaining` now, and more in `reset_s` seconds."""

    policy: Policy
    remaining: int
    reset_s: int

    @property
    def headers(self) -> dict[str, str]:
        """The fields of draft-ietf-httpapi-ratelimit-headers: the policy (q: quota, w: window in
        seconds) and where the caller stands (r: remaining, t: seconds until there is more)."""
        name = self.policy.name
        return {
            "RateLimit-Policy": f'"{name}";q={self.policy.quota};w={self.policy.window_s}',
            "RateLimit": f'"{name}";r={self.remaining};t={self.reset_s}',
        }


def consume(request: ApiRequest, policy: Policy, key: str) -> RateLimitState:
    """Take one of what the policy allows `who`. Raises LimitReached when there is none."""
    now = request.services.clock.now()
    before, current = _windows(request, policy, key, now)
    if _standing(policy, before, current, now).remaining < 1:
        raise _refusal(policy, before, current, now)
    kept = timedelta(seconds=3 * policy.window_s)
    count = request.services.store.increment(
        _path(policy, key, _number(policy, now)), {"expires_at": now + kept}
    )
    if count + _weight(policy, before, now) > policy.quota:
        raise _refusal(policy, before, count, now)
    return _standing(policy, before, count, now)


def peek(request: ApiRequest, policy: Policy, key: str) -> RateLimitState:
    """What the policy still allows, without taking any."""
    now = request.services.clock.now()
    before, current = _windows(request, policy, key, now)
    return _standing(policy, before, current, now)


def _windows(request: ApiRequest, policy: Policy, who: str, now: datetime) -> tuple[int, int]:
    """How many were counted in the window before and in this one."""
    number = _number(policy, now)
    docs = request.services.store.read([_path(policy, who, number - 1), _path(policy, who, number)])
    before, current = (0 if doc is None else int(doc.data["count"]) for doc in docs)
    # Those who came too many at once are counted as well; they were not let in.
    return min(before, policy.quota), current


def _number(policy: Policy, now: datetime) -> int:
    return int(now.timestamp() // policy.window_s)


def _path(policy: Policy, who: str, number: int) -> str:
    """Whose it is stays a hash: addresses and people are not for a collection of counters."""
    return f"limits/{policy.name}.{hashlib.sha256(who.encode()).hexdigest()[:32]}.{number}"


def _elapsed(policy: Policy, now: datetime) -> float:
    """How much of the current window is over: 0 to 1."""
    return (now.timestamp() % policy.window_s) / policy.window_s


def _weight(policy: Policy, before: int, now: datetime) -> int:
    return math.ceil(before * (1 - _elapsed(policy, now)))


def _standing(policy: Policy, before: int, current: int, now: datetime) -> RateLimitState:
    remaining = max(0, policy.quota - current - _weight(policy, before, now))
    rest_s = policy.window_s * (1 - _elapsed(policy, now))
    return RateLimitState(policy, remaining, math.ceil(rest_s))


def _refusal(policy: Policy, before: int, current: int, now: datetime) -> LimitReached:
    """When the next one is let in: when enough of the window before has slid out; or, when this
    window alone is full, when the first of this one has."""
    over, quota, window_s = _elapsed(policy, now), policy.quota, policy.window_s
    if current < quota:
        wait_s = (1 - (quota - 1 - current) / before - over) * window_s if before else 0.0
    else:
        wait_s = (1 - over) * window_s + window_s / quota
    retry_after_s = max(1, math.ceil(wait_s))
    standing = RateLimitState(policy, 0, retry_after_s)
    return LimitReached(policy.message, retry_after_s, standing.headers)
