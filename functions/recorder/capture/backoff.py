"""When a camera that is gone is tried again, and when it is given up."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

INITIAL_WAIT_S, MAX_WAIT_S = 0.5, 30.0
RESET_AFTER_S = 10.0
"""A connection that broke off sooner does not make the waits short again: every one costs objects
and documents of its own."""


class Backoff:
    """Waits that double, each somewhere between a half and the whole of it, so that the cameras of
    one house that come back together are not asked together. `clock` in seconds."""

    def __init__(self, give_up_after_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._patience_s = give_up_after_s
        self._clock = clock
        self._failures = 0
        self._good_since: float | None = None
        self._gone_since = clock()
        self.next_attempt_at = 0.0
        self.is_exhausted = False

    @property
    def is_due(self) -> bool:
        """Whether it is to be tried now."""
        return not self.is_exhausted and self._clock() >= self.next_attempt_at

    def record_failure(self, *, is_permanent: bool = False) -> None:
        """It is not there, or not any more."""
        now = self._clock()
        if self._good_since is not None:
            self._gone_since = now
            self._failures = 0 if now - self._good_since >= RESET_AFTER_S else self._failures
            self._good_since = None
        wait_s = min(MAX_WAIT_S, INITIAL_WAIT_S * 2**self._failures)
        self._failures += 1
        self.next_attempt_at = now + wait_s * random.uniform(0.5, 1)  # noqa: S311 - no secret
        self.is_exhausted = is_permanent or now - self._gone_since >= self._patience_s

    def record_success(self) -> None:
        """It sends pictures."""
        self._good_since = self.next_attempt_at = self._clock()
