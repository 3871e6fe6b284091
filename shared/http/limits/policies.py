"""The rate limit policies of all routes. They are checked before a request reads Firestore."""

from __future__ import annotations

from shared.http.limits.policy import Policy
from shared.pipeline import FUNCTIONS, FunctionKind
from shared.runtime.settings import Settings

COUNTING_FUNCTIONS = tuple(
    row.name
    for row in FUNCTIONS.values()
    if row.kind is FunctionKind.HTTPS and row.access.firestore
)
"""The functions whose requests count together."""


def requests_of(settings: Settings) -> Policy:
    """All requests of a user."""
    quota = settings.requests_per_minute
    return Policy(
        "requests",
        quota,
        60,
        f"At most {quota} requests can be sent in a minute.",
        batch_size(quota, settings),
    )


def requests_of_key(settings: Settings) -> Policy:
    """Requests with an API key. They also count as requests of the user, for whom some are left
    when a program with a key sends too many."""
    quota = settings.key_requests_per_minute
    return Policy(
        "requests-of-key",
        quota,
        60,
        f"At most {quota} requests can be sent in a minute with an API key.",
        batch_size(quota, settings),
    )


def requests_from(settings: Settings) -> Policy:
    """Requests from a client that is not signed in: those to routes that need no sign-in, and
    those whose token is invalid, of an unverified address, or could not be verified."""
    quota = settings.anonymous_requests_per_minute
    return Policy(
        "requests-of-client",
        quota,
        60,
        f"At most {quota} requests can be sent in a minute without signing in.",
        batch_size(quota, settings),
        anonymous=True,
    )


def batch_size(quota: int, settings: Settings, functions: int = len(COUNTING_FUNCTIONS)) -> int:
    """Returns the batch with which the instances of so many functions together accept less than
    twice the quota."""
    return max(1, quota // (functions * settings.max_instances))
