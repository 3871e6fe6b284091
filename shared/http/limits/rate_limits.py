"""Rate limits of users that are counted exactly, in Firestore, with every request.

`shared.http.limits.limiter` has the limits that need not be exact.
"""

from __future__ import annotations

from shared.http.limits.policy import Policy, RateLimitState
from shared.http.limits.windows import add_to_window, read_state
from shared.http.request import ApiRequest


def consume(request: ApiRequest, policy: Policy, key: str) -> RateLimitState:
    """Counts one request of `key`. Raises LimitReached when the quota is exhausted."""
    return add_to_window(request.services, policy, key, 1)


def peek(request: ApiRequest, policy: Policy, key: str) -> RateLimitState:
    """Returns what the policy still allows, without counting a request."""
    return read_state(request.services, policy, key)
