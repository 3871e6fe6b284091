"""Lists that services publish, such as their voices, cached in the process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from shared.errors import TransientError
from shared.ports.system import Clock, Log
from shared.recipes.films.voices import Voice, choose_voice

VALID_FOR = timedelta(hours=1)
RETRY_AFTER = timedelta(minutes=1)
"""After a failure, requests do not wait for the list again for this time."""

T = TypeVar("T")


class CachedList(Generic[T]):
    """Fetches the list at the first use, and again when it is older than VALID_FOR.

    A list that is too old stays in use while it is fetched again, and while the service does not
    answer.

    Args:
        name: What is listed; a failure is logged as `<name>.unavailable`.
    """

    def __init__(
        self, name: str, fetch: Callable[[], tuple[T, ...]], clock: Clock, log: Log
    ) -> None:
        self._name = name
        self._fetch = fetch
        self._clock = clock
        self._log = log
        self._lock = threading.Lock()
        self._items: tuple[T, ...] = ()
        self._fetch_at: datetime | None = None
        self._error: TransientError | None = None

    def read(self) -> tuple[T, ...]:
        """Returns the items. Empty if the service has not listed them."""
        # Only requests without any list wait while another one fetches it.
        if not self._lock.acquire(blocking=not self._items):
            return self._items
        try:
            now = self._clock.now()
            if self._fetch_at is None or now >= self._fetch_at:
                self._renew(now)
            return self._items
        finally:
            self._lock.release()

    def require(self) -> tuple[T, ...]:
        """Returns the items. Raises the error of the service if it has not listed them."""
        items = self.read()
        if not items and self._error is not None:
            # Raised again and again: it must not collect the frames of every request.
            raise self._error.with_traceback(None)
        return items

    def _renew(self, now: datetime) -> None:
        try:
            self._items = self._fetch()
            self._fetch_at, self._error = now + VALID_FOR, None
        except TransientError as error:
            self._log(f"{self._name}.unavailable", code=error.code, error=str(error))
            self._fetch_at, self._error = now + RETRY_AFTER, error


class VoiceList(CachedList[Voice]):
    """The voices, fetched when they are needed.

    Args:
        preference: The technologies of voices that speak when the user names none, the preferred
            one first.
    """

    def __init__(
        self,
        fetch: Callable[[], tuple[Voice, ...]],
        clock: Clock,
        log: Log,
        preference: Sequence[str] = (),
    ) -> None:
        super().__init__("voices", fetch, clock, log)
        self._preference = preference

    def choose(self, language: str) -> Voice | None:
        """Returns the voice that speaks a language when the user names none, or None.

        Raises the error of the service if it has not listed its voices.
        """
        return choose_voice(language, self.require(), self._preference)
