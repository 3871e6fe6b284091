"""Services whose clients exist already."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from shared.flows import effects
from shared.pipeline import LEASE_S
from shared.ports.messages import Publisher
from shared.ports.objects import ObjectStore
from shared.ports.store import JobStore
from shared.ports.system import Clock, Log


@dataclass(frozen=True)
class FixedServices:
    """The services of a test, given as values."""

    store: JobStore
    objects: ObjectStore
    publisher: Publisher
    clock: Clock
    log: Log
    new_token: Callable[[], str]
    crash_dir: str = ""
    lease_s: float = LEASE_S
    random: Callable[[], float] = lambda: 0.5

    @property
    def clock_and_ids(self) -> effects.ClockAndIds:
        """The values for flows."""
        return effects.ClockAndIds(self.clock.now, self.new_token, self.lease_s, self.random)
