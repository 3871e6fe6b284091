"""The voices of the speech service, cached in the process."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from shared.errors import TransientError
from shared.ports.system import Clock, Log
from shared.recipes.films.voices import Voice

VALID_FOR = timedelta(hours=1)
RETRY_AFTER = timedelta(minutes=1)
"""After a failure, requests do not wait for the list again for this time."""


class VoiceList:
    """Fetches the voices at the first use, and again when they are older than VALID_FOR.

    A list that is too old stays in use while it is fetched again, and while the service does not
    answer.
    """

    def __init__(self, fetch: Callable[[], tuple[Voice, ...]], clock: Clock, log: Log) -> None:
        self._fetch = fetch
        self._clock = clock
        self._log = log
        self._lock = threading.Lock()
        self._voices: tuple[Voice, ...] = ()
        self._fetch_at: datetime | None = None

    def read(self) -> tuple[Voice, ...]:
        """Returns the voices. Empty if the service has not listed them."""
        # Only requests without any list wait while another one fetches it.
        if not self._lock.acquire(blocking=not self._voices):
            return self._voices
        try:
            now = self._clock.now()
            if self._fetch_at is None or now >= self._fetch_at:
                self._renew(now)
            return self._voices
        finally:
            self._lock.release()

    def _renew(self, now: datetime) -> None:
        try:
            self._voices = self._fetch()
            self._fetch_at = now + VALID_FOR
        except TransientError as error:
            self._log("voices.unavailable", code=error.code, error=str(error))
            self._fetch_at = now + RETRY_AFTER
