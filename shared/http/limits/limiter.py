"""Rate limits that cost less than one write per request.

An instance counts the requests of a key in memory, and adds a batch of them to the counter in
Firestore, where it learns what other instances have counted. So

- a key with fewer requests than a batch costs nothing and creates no document;
- in a window at most `Policy.max_accepted` requests of a key are accepted;
- a refused key is refused from memory until the time in Retry-After.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.errors import FirestoreUnavailable, LimitReached
from shared.http.limits.policy import Policy
from shared.http.limits.shared_counters import add_to_shared_counter
from shared.http.limits.windows import add_to_window
from shared.privacy.limit_counters import hash_key
from shared.runtime.services import Services

MAX_KEYS = 20_000
"""Keys in the memory of an instance, about 10 MB. The one that was used least recently is dropped:
its requests since its last batch are forgotten."""


@dataclass(slots=True)
class _Key:
    """The requests that are not added yet, and until when the key is refused."""

    count: int = 0
    refused_until: datetime | None = None


class RateLimiter:
    """The counts in the memory of an instance. Safe to use in several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: OrderedDict[tuple[str, str], _Key] = OrderedDict()

    def check(self, services: Services, policy: Policy, key: str) -> None:
        """Counts one request of `key`. Raises LimitReached when the quota is exhausted.

        While Firestore is unavailable, a policy with batches refuses nobody: what such requests
        could cost is unavailable too.
        """
        now = services.clock.now()
        by = self._take(policy, key, now)
        if not by:
            return
        add = add_to_shared_counter if policy.anonymous else add_to_window
        try:
            add(services, policy, key, by)
        except LimitReached as refusal:
            self._refuse(policy, key, now + timedelta(seconds=refusal.retry_after_s))
            raise
        except FirestoreUnavailable as error:
            if policy.batch == 1:
                raise
            services.log(
                "rate_limit.not_counted", severity="WARNING", policy=policy.name, reason=repr(error)
            )

    def _take(self, policy: Policy, key: str, now: datetime) -> int:
        """Returns the requests to add to the counter, 0 while a batch is not full. Raises
        LimitReached while the key is refused."""
        with self._lock:
            entry = self._find(policy, key)
            if entry.refused_until is not None:
                wait_s = (entry.refused_until - now).total_seconds()
                if wait_s > 0:
                    raise policy.refusal_for(wait_s)
                entry.refused_until = None
            entry.count += 1
            if entry.count < policy.batch:
                return 0
            by, entry.count = entry.count, 0
            return by

    def _refuse(self, policy: Policy, key: str, until: datetime) -> None:
        with self._lock:
            entry = self._find(policy, key)
            entry.refused_until = until
            # The requests of the refused batch were not added: the next one asks Firestore.
            entry.count = policy.batch - 1

    def _find(self, policy: Policy, key: str) -> _Key:
        name = (policy.name, hash_key(key))
        entry = self._keys.setdefault(name, _Key())
        self._keys.move_to_end(name)
        if len(self._keys) > MAX_KEYS:
            self._keys.popitem(last=False)
        return entry
