"""The services that effects use, and the clock of this machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from shared.flows.effects import ClockAndIds
from shared.ports.messages import Publisher
from shared.ports.objects import ObjectStore
from shared.ports.store import JobStore
from shared.ports.system import Clock, Log


class Services(Protocol):
    """The services that effects use. A client may be built at its first use."""

    @property
    def store(self) -> JobStore:
        """The Firestore client."""

    @property
    def objects(self) -> ObjectStore:
        """The Cloud Storage client."""

    @property
    def publisher(self) -> Publisher:
        """The Pub/Sub client."""

    @property
    def clock(self) -> Clock:
        """The clock."""

    @property
    def log(self) -> Log:
        """Writes a log event."""

    @property
    def new_token(self) -> Callable[[], str]:
        """Returns a new random token."""

    @property
    def crash_dir(self) -> str:
        """The folder of crash requests; "" for none."""

    @property
    def lease_s(self) -> float:
        """How long a claim is valid without a renewal, at most, in seconds."""

    @property
    def clock_and_ids(self) -> ClockAndIds:
        """The clock, new tokens and the length of a lease, for flows."""


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        """Returns the time in UTC, in microseconds as Firestore stores it."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Blocks the thread."""
        time.sleep(seconds)
