"""Counters of keys that anybody can make up, such as email and client addresses.

Keys are distributed over a fixed number of documents, `limits/{policy}.{counter}`, by their hash.
Each holds the counts of the current and the previous window and is used again in later windows, so
neither the number of keys nor the time adds documents. Keys with the same counter share its quota.

A request costs one read, and one write unless it is refused. The write has the version that was
read as its precondition: of concurrent requests exactly the quota is accepted. A request whose time
is before the window of the document, because another one or another clock was faster, counts as one
at the start of that window: a counter never goes back to an earlier window.
"""

from __future__ import annotations

from datetime import datetime

from shared.flows.documents import CommitResult, Create, Doc, Update
from shared.http.limits.policy import Policy, RateLimitState
from shared.privacy.limit_counters import expiry_fields, shared_counter_path
from shared.runtime.services import Services

MAX_TRIES = 8
"""Writes of a request. A counter that is contended for longer counts as full."""
MAX_WAIT_S = 0.1
"""The longest wait after a conflict. Waits are random, so that requests do not collide again."""


def add_to_shared_counter(services: Services, policy: Policy, key: str, by: int) -> RateLimitState:
    """Adds `by` requests, of which the last one is accepted or refused. Raises LimitReached."""
    path = shared_counter_path(policy.name, key)
    for _ in range(MAX_TRIES):
        now = services.clock.now()
        (doc,) = services.store.read([path])
        if doc is not None:
            now = max(now, policy.start(int(doc.data["window"])))
        previous, current = _counts(policy, doc, now)
        if policy.state(previous, current, now).remaining < 1:
            raise policy.refusal(previous, current, now)
        number = policy.window_number(now)
        fields = {
            "window": number,
            "previous": previous,
            "current": current + by,
            **expiry_fields(policy.expiry(number)),
        }
        write = Create(path, fields) if doc is None else Update(path, fields, doc.version)
        if services.store.commit([write]) is CommitResult.OK:
            return policy.state(previous, current + by, now)
        services.clock.sleep(services.clock_and_ids.random() * MAX_WAIT_S)
    raise policy.refusal_for(1)


def _counts(policy: Policy, doc: Doc | None, now: datetime) -> tuple[int, int]:
    """The counts of the previous window and of the current one."""
    if doc is None:
        return 0, 0
    current = int(doc.data["current"])
    match policy.window_number(now) - int(doc.data["window"]):
        case 0:
            return int(doc.data["previous"]), current
        case 1:
            return min(current, policy.quota), 0
        case _:
            return 0, 0
