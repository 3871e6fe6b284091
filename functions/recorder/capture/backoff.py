"""When a camera that is gone is tried again, and when it is given up."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

FIRST_S, MOST_S = 0.5, 30.0
STEADY_S = 10.0
"""A connection that broke off sooner does not make the waits short again: every one costs objects
and documents of its own."""


class Patience:
    """Waits that double, each somewhere between a half and the whole of it, so that the cameras of
    one house that come back together are not asked together. `clock` in seconds."""

    def __init__(self, patience_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._patience_s = patience_s
        self._clock = clock
        self._failures = 0
        self._good_since: float | None = None
        self._gone_since = clock()
        self.again_at = 0.0
        self.is_over = False

    @property
    def is_due(self) -> bool:
        """Whether it is to be tried now."""
        return not self.is_over and self._clock() >= self.again_at

    def failed(self, *, for_good: bool = False) -> None:
        """It is not there, or not any more."""
        now = self._clock()
        if self._good_since is not None:
            self._gone_since = now
            self._failures = 0 if now - self._good_since >= STEADY_S else self._failures
            self._good_since = None
        wait_s = min(MOST_S, FIRST_S * 2**self._failures)
        self._failures += 1
        self.again_at = now + wait_s * random.uniform(0.5, 1)  # noqa: S311 - no secret
        self.is_over = for_good or now - self._gone_since >= self._patience_s

    def succeeded(self) -> None:
        """It sends pictures."""
        self._good_since = self.again_at = self._clock()
