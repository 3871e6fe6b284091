"""How many requests of a kind an instance handles at once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from shared.errors import LimitReached

_MESSAGE = "Too many requests are being handled at once; try again in a second."


class InFlight:
    """At most `limit` requests of a key at once. Safe to use in several threads."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    @contextmanager
    def hold(self, key: str) -> Iterator[None]:
        """Counts a request for the duration of the block. Raises LimitReached."""
        with self._lock:
            if self._counts[key] >= self._limit:
                raise LimitReached(_MESSAGE, retry_after_s=1)
            self._counts[key] += 1
        try:
            yield
        finally:
            with self._lock:
                self._counts[key] -= 1
                if not self._counts[key]:
                    del self._counts[key]
