"""When to connect to a lost camera again, and when to give it up."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

INITIAL_WAIT_S, MAX_WAIT_S = 0.5, 30.0
RESET_AFTER_S = 10.0
"""A connection that breaks off sooner does not reset the waits: each connection costs objects and
documents of its own."""


class Backoff:
    """Exponential backoff with jitter: each wait is between half and all of the doubled time, so
    that cameras of one network that come back together are not contacted together. `clock` returns
    seconds."""

    def __init__(self, give_up_after_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._give_up_after_s = give_up_after_s
        self._clock = clock
        self._failure_count = 0
        self._connected_since: float | None = None
        self._disconnected_since = clock()
        self.next_attempt_at = 0.0
        self.is_exhausted = False

    @property
    def is_due(self) -> bool:
        """Whether to try now."""
        return not self.is_exhausted and self._clock() >= self.next_attempt_at

    def record_failure(self, *, is_permanent: bool = False) -> None:
        """Records that the camera cannot be reached, or that its connection was lost."""
        now = self._clock()
        if self._connected_since is not None:
            self._disconnected_since = now
            if now - self._connected_since >= RESET_AFTER_S:
                self._failure_count = 0
            self._connected_since = None
        wait_s = min(MAX_WAIT_S, INITIAL_WAIT_S * 2**self._failure_count)
        self._failure_count += 1
        self.next_attempt_at = now + wait_s * random.uniform(0.5, 1)  # noqa: S311 - no secret
        self.is_exhausted = is_permanent or now - self._disconnected_since >= self._give_up_after_s

    def record_success(self) -> None:
        """Records that the camera sends pictures."""
        self._connected_since = self.next_attempt_at = self._clock()
