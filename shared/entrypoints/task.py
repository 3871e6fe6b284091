"""`errand`: the entry point of functions that do errands: claim → work → record → acknowledge."""

from __future__ import annotations

from collections.abc import Callable

from cloudevents.http import CloudEvent

from shared.entrypoints import bootstrap
from shared.entrypoints.delivery import Delivery, Entry, entry, receive
from shared.errors import DeadlineNear, LeaseLost
from shared.flows.envelope import Envelope
from shared.runtime.interpreter import ErrandHold, Neighbours
from shared.runtime.settings import Settings
from shared.tasks import run
from shared.tasks.task import Errand, ErrandOutcome

DoErrand = Callable[["ErrandTask"], ErrandOutcome]


class ErrandTask:
    """One errand, as its handler sees it."""

    def __init__(self, hold: ErrandHold, world: Neighbours, settings: Settings) -> None:
        self._hold = hold
        self.world = world
        self.settings = settings

    @property
    def errand(self) -> Errand:
        """The errand as it was when it was claimed."""
        return self._hold.claimed.errand

    @property
    def attempt(self) -> int:
        """How often it has been tried since its last progress, this time included."""
        return self._hold.claimed.attempt

    @property
    def should_stop(self) -> Callable[[], bool]:
        """To be asked often by long work."""
        return self._hold.should_stop

    @property
    def lease_lost(self) -> bool:
        """Whether somebody else works on it by now, or nobody is to."""
        return self._hold.lease_lost

    @property
    def deadline(self) -> float:
        """When it should stop, in seconds of the monotonic clock."""
        return self._hold.deadline

    def check(self) -> None:
        """Raises LeaseLost or DeadlineNear when the work should stop."""
        if self._hold.lease_lost:
            raise LeaseLost
        if self._hold.should_stop():
            raise DeadlineNear


def errand(name: str, do: DoErrand) -> Entry:
    """The entry point of a stage that does errands: `main = errand("webhook", call)`."""

    def main(event: CloudEvent) -> None:
        def deliver(envelope: Envelope) -> Delivery:
            world, settings = bootstrap.neighbours(), bootstrap.settings()
            return Delivery(
                run.do(envelope, world.clockwork),
                errand_handler=lambda hold: do(ErrandTask(hold, world, settings)),
            )

        receive(event, name, deliver)

    return entry(main)
