"""`errand`: the entry point of functions that do errands: claim → work → record → acknowledge."""

from __future__ import annotations

from collections.abc import Callable

from cloudevents.http import CloudEvent

from shared.entrypoints import bootstrap
from shared.entrypoints.delivery import Delivery, EntryPoint, handle_event, register
from shared.errors import DeadlineNear, LeaseLost
from shared.flows.envelope import Envelope
from shared.runtime.interpreter import Services, TaskLease
from shared.runtime.settings import Settings
from shared.tasks import run
from shared.tasks.task import Task, TaskOutcome

HandleTask = Callable[["TaskContext"], TaskOutcome]


class TaskContext:
    """One errand, as its handler sees it."""

    def __init__(self, lease: TaskLease, services: Services, settings: Settings) -> None:
        self._hold = lease
        self.services = services
        self.settings = settings

    @property
    def task(self) -> Task:
        """The errand as it was when it was claimed."""
        return self._hold.claim.task

    @property
    def attempt(self) -> int:
        """How often it has been tried since its last progress, this time included."""
        return self._hold.claim.attempt

    @property
    def should_stop(self) -> Callable[[], bool]:
        """To be asked often by long work."""
        return self._hold.should_stop

    @property
    def is_lease_lost(self) -> bool:
        """Whether somebody else works on it by now, or nobody is to."""
        return self._hold.is_lost

    @property
    def deadline(self) -> float:
        """When it should stop, in seconds of the monotonic clock."""
        return self._hold.deadline

    def check(self) -> None:
        """Raises LeaseLost or DeadlineNear when the work should stop."""
        if self._hold.is_lost:
            raise LeaseLost
        if self._hold.should_stop():
            raise DeadlineNear


def task(name: str, handle: HandleTask) -> EntryPoint:
    """The entry point of a stage that does errands: `main = errand("webhook", call)`."""

    def main(event: CloudEvent) -> None:
        def deliver(envelope: Envelope) -> Delivery:
            world, settings = bootstrap.services(), bootstrap.settings()
            return Delivery(
                run.run(envelope, world.clock_and_ids),
                task_handler=lambda hold: handle(TaskContext(hold, world, settings)),
            )

        handle_event(event, name, deliver)

    return register(main)
