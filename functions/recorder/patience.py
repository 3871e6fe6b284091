"""When a camera that is gone is tried again, and when it is given up."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

FIRST_S, MOST_S = 0.5, 30.0


class Patience:
    """Waits that double, each somewhere between a half and the whole of it, so that the cameras of
    one house that come back together are not asked together. `clock` in seconds."""

    def __init__(self, patience_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._patience_s = patience_s
        self._clock = clock
        self._failures = 0
        self._gone_since = clock()
        self.again_at = 0.0
        self.is_over = False

    def failed(self, *, for_good: bool = False) -> None:
        """It is not there, or not any more."""
        now = self._clock()
        if not self._failures and self.again_at:
            self._gone_since = now
        wait_s = min(MOST_S, FIRST_S * 2**self._failures)
        self._failures += 1
        self.again_at = now + wait_s * random.uniform(0.5, 1)  # noqa: S311 - no secret
        self.is_over = for_good or now - self._gone_since >= self._patience_s

    def succeeded(self) -> None:
        """It sends pictures."""
        self._failures = 0
        self.again_at = self._clock()
        self._gone_since = self._clock()
