"""Limits how often one instance of a function calls a service with a quota per minute."""

from __future__ import annotations

import threading
from collections import deque
from datetime import datetime, timedelta

from shared.errors import OverloadedError
from shared.ports.system import Clock

MAX_DELAY_S = 20
"""A call that would have to wait longer in the instance is refused: the instance is free for other
units until then."""


class Throttle:
    """The share of an instance in a quota per minute: the quota divided by `instances`.

    No period holds more calls than the share. A share below one call a minute makes the period
    longer: 5 calls a minute over 20 instances are one call in four minutes. The instances share no
    document, so while fewer of them run a part of the quota is unused.
    """

    def __init__(self, calls_per_minute: int, instances: int, clock: Clock) -> None:
        share = calls_per_minute / instances
        self._count = max(1, int(share))
        self._period = timedelta(seconds=60 * self._count / share)
        self._clock = clock
        self._lock = threading.Lock()
        self._starts: deque[datetime] = deque(maxlen=self._count)
        """When the last `_count` calls started, or will start."""

    def acquire(self, overloaded: type[OverloadedError]) -> None:
        """Waits until a call may start. Raises `overloaded` instead of waiting for more than
        MAX_DELAY_S; then the call does not count."""
        with self._lock:
            now = self._clock.now()
            start = now
            if len(self._starts) == self._count:
                start = max(now, self._starts[0] + self._period)
            delay_s = (start - now).total_seconds()
            if delay_s > MAX_DELAY_S:
                text = "This instance has used up its share of the calls per minute."
                raise overloaded(text, delay_s)
            self._starts.append(start)
        if delay_s > 0:
            self._clock.sleep(delay_s)
