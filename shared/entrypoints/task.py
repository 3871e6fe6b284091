"""`task`: the entry point of the functions that run tasks: claim → work → record → acknowledge."""

from __future__ import annotations

from collections.abc import Callable

from cloudevents.http import CloudEvent

from shared.entrypoints import bootstrap
from shared.entrypoints.delivery import Delivery, EntryPoint, handle_event, register
from shared.flows.envelope import Envelope
from shared.runtime.leases import TaskLease
from shared.runtime.services import Services
from shared.runtime.settings import Settings
from shared.tasks import run
from shared.tasks.errors import DeadlineNear, LeaseLost
from shared.tasks.task import Task, TaskOutcome

HandleTask = Callable[["TaskContext"], TaskOutcome]


class TaskContext:
    """What a handler needs for one task."""

    def __init__(self, lease: TaskLease, services: Services, settings: Settings) -> None:
        self._lease = lease
        self.services = services
        self.settings = settings

    @property
    def task(self) -> Task:
        """The task as it was when it was claimed."""
        return self._lease.claim.task

    @property
    def token(self) -> str:
        """The token of this claim. The document of the task has it while the claim is valid."""
        return self._lease.claim.token

    @property
    def attempt(self) -> int:
        """The number of attempts since the last progress, including this one."""
        return self._lease.claim.attempt

    @property
    def should_stop(self) -> Callable[[], bool]:
        """Returns whether the work should stop; long work calls it regularly."""
        return self._lease.should_stop

    @property
    def is_lease_lost(self) -> bool:
        """Whether another worker holds the task or it has ended."""
        return self._lease.is_lost

    @property
    def deadline(self) -> float:
        """When the work should stop, in seconds of the monotonic clock."""
        return self._lease.deadline

    def check(self) -> None:
        """Raises LeaseLost or DeadlineNear when the work should stop."""
        if self._lease.is_lost:
            raise LeaseLost
        if self._lease.should_stop():
            raise DeadlineNear


def task(name: str, handle: HandleTask, on_exhausted: run.OnExhausted | None = None) -> EntryPoint:
    """Returns the entry point of a function with tasks: `main = task("webhook", call_webhook)`."""

    def main(event: CloudEvent) -> None:
        def deliver(envelope: Envelope) -> Delivery:
            services, settings = bootstrap.services(), bootstrap.settings()
            return Delivery(
                run.run(envelope, services.clock_and_ids, on_exhausted),
                task_handler=lambda lease: handle(TaskContext(lease, services, settings)),
            )

        handle_event(event, name, deliver)

    return register(main)
