"""A rate limit policy and its arithmetic.

The previous window counts in proportion to its overlap with the last window length (a sliding
window counter), so the edge of a window is no loophole.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from shared.errors import LimitReached
from shared.runtime.settings import Settings


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


@dataclass(frozen=True, slots=True)
class Policy:
    """At most `quota` requests in any `window_s` seconds. `message` is the error for the user.

    Attributes:
        batch: How many requests of a key an instance counts in memory before it adds them to the
            counter in Firestore. Only `RateLimiter.check` uses it.
        anonymous: Whether anybody can make up keys, such as addresses. Such keys share a fixed
            number of counters, so they do not create one document each.
    """

    name: str
    quota: int
    window_s: int
    message: str
    batch: int = 1
    anonymous: bool = False

    def max_accepted(self, instance_count: int) -> int:
        """Returns the most requests of a key that so many instances accept in a window: each may
        hold one request less than a batch that it has not added yet."""
        return self.quota + instance_count * (self.batch - 1)

    def window_number(self, now: datetime) -> int:
        """Returns the number of the window that contains `now`."""
        return int(now.timestamp() // self.window_s)

    def start(self, number: int) -> datetime:
        """Returns when a window begins."""
        return datetime.fromtimestamp(number * self.window_s, UTC)

    def expiry(self, number: int) -> datetime:
        """Returns when a window's count may be deleted: it is used until the next window ends."""
        return datetime.fromtimestamp((number + 3) * self.window_s, UTC)

    def state(self, previous: int, current: int, now: datetime) -> RateLimitState:
        """Returns what is allowed after these counts of the previous and the current window."""
        elapsed = self._elapsed(now)
        remaining = max(0, self.quota - current - math.ceil(previous * (1 - elapsed)))
        return RateLimitState(self, remaining, math.ceil(self.window_s * (1 - elapsed)))

    def refusal(self, previous: int, current: int, now: datetime) -> LimitReached:
        """Returns the error with the time of the next accepted request: when enough of the previous
        window has slid out, or, if the current window alone is full, when its first request has."""
        elapsed, quota, window_s = self._elapsed(now), self.quota, self.window_s
        if current < quota:
            wait_s = (
                (1 - (quota - 1 - current) / previous - elapsed) * window_s if previous else 0.0
            )
        else:
            wait_s = (1 - elapsed) * window_s + window_s / quota
        return self.refusal_for(wait_s)

    def refusal_for(self, wait_s: float) -> LimitReached:
        """Returns the error for a caller who has to wait for `wait_s`."""
        retry_after_s = max(1, math.ceil(wait_s))
        state = RateLimitState(self, 0, retry_after_s)
        return LimitReached(self.message, retry_after_s, state.headers)

    def _elapsed(self, now: datetime) -> float:
        """The elapsed fraction of the current window, 0 to 1."""
        return (now.timestamp() % self.window_s) / self.window_s


PolicyOf = Callable[[Settings], Policy]
"""Builds a policy from the settings."""
