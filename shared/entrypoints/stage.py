"""`stage`: the frame around every event-driven function.

CloudEvent in → claim → work → commit → announce → acknowledge or refuse. A handler gets a `Task`
and returns what it made; it never commits, publishes or acknowledges by itself.

The points `after_claim`, `after_work`, `after_commit` and `after_publish` are where a crash must
do no harm; tests end the process at each of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cloudevents.http import CloudEvent

from shared.entrypoints import bootstrap
from shared.entrypoints.delivery import Delivery, EntryPoint, handle_event, register
from shared.errors import DeadlineNear, LeaseLost
from shared.flows.documents import unit_path
from shared.flows.envelope import (
    JOIN,
    Envelope,
)
from shared.jobs import deliver as flows
from shared.jobs.claims import UnitDone
from shared.jobs.maintenance import cleanup, dead_letter, sweep
from shared.jobs.model import Job, Stage, Unit
from shared.pipeline import FUNCTIONS
from shared.ports.objects import ObjectStore
from shared.ports.store import JobStore
from shared.runtime.interpreter import Interpreter, Services, UnitLease
from shared.runtime.logs import bind
from shared.runtime.settings import Settings

HandleUnit = Callable[["UnitContext"], UnitDone]


class UnitContext:
    """One unit of work, as a handler sees it."""

    def __init__(self, lease: UnitLease, services: Services, settings: Settings) -> None:
        self._hold = lease
        self._world = services
        self.settings = settings

    @property
    def job(self) -> Job:
        """The job as it was when the unit was claimed."""
        return self._hold.claim.job

    @property
    def stage(self) -> Stage:
        """The stage as it was when the unit was claimed."""
        return self._hold.claim.stage

    @property
    def part(self) -> str:
        """The part's key, or `join`."""
        return self._hold.claim.envelope.part

    @property
    def spec(self) -> Mapping[str, Any]:
        """What this part is asked to do, as the stage before planned it."""
        return self.stage.spec(self.part)

    def part_units(self) -> tuple[Unit, ...]:
        """For a join: the stage's parts as they were recorded, in the order of the plan."""
        here = self.envelope
        docs = self._world.store.read(
            unit_path(here.job_id, here.stage, here.revision, part) for part in self.stage.part_ids
        )
        return tuple(Unit.from_doc(doc) for doc in docs if doc is not None)

    @property
    def envelope(self) -> Envelope:
        """The key of the unit."""
        return self._hold.claim.envelope

    @property
    def is_last_attempt(self) -> bool:
        """Whether a passing fault would now fail the job: what can do without should do so."""
        return self._hold.claim.attempt >= FUNCTIONS[self.envelope.stage].max_attempts

    @property
    def objects(self) -> ObjectStore:
        """Where media is read and written."""
        return self._world.objects

    @property
    def store(self) -> JobStore:
        """The ledger, for reading what other units recorded."""
        return self._world.store

    @property
    def should_stop(self) -> Callable[[], bool]:
        """To be asked often by long work."""
        return self._hold.should_stop

    def report_progress(self, fraction: float) -> None:
        """How much of this part is done, 0 to 1; people see it with the next renewal."""
        self._hold.progress = min(1.0, max(0.0, fraction))

    def log(self, event: str, **details: Any) -> None:
        """Say something in the log."""
        self._world.log(event, **details)

    def check(self) -> None:
        """Raises LeaseLost or DeadlineNear when the work should stop."""
        if self._hold.is_lost:
            raise LeaseLost
        if self._hold.should_stop():
            raise DeadlineNear


def stage(name: str, *, part: HandleUnit, join: HandleUnit | None = None) -> EntryPoint:
    """The entry point of a stage: `main = stage("frame_extraction", part=…, join=…)`."""

    def main(event: CloudEvent) -> None:
        def deliver(envelope: Envelope) -> Delivery:
            handle = join if envelope.part == JOIN else part
            assert handle is not None, f"{name} has no join"  # noqa: S101
            world, settings = bootstrap.services(), bootstrap.settings()
            return Delivery(
                flows.deliver(envelope, world.clock_and_ids),
                unit_handler=lambda hold: handle(UnitContext(hold, world, settings)),
            )

        handle_event(event, name, deliver)

    return register(main)


def dead_letter_function() -> EntryPoint:
    """The entry point of `dead_letter`: decides by the ledger what becomes of a message."""

    def main(event: CloudEvent) -> None:
        def deliver(envelope: Envelope) -> Delivery:
            return Delivery(dead_letter.dead_letter(envelope, bootstrap.services().clock_and_ids))

        handle_event(event, None, deliver)

    return register(main)


def sweeper_function() -> EntryPoint:
    """The entry point of `sweeper`: whatever the event says, sweep once."""

    def main(_event: CloudEvent) -> None:
        world = bootstrap.services()
        bind(function="sweeper")
        touched = Interpreter(world).run(sweep.sweep(world.clock_and_ids))
        touched += Interpreter(world).run(cleanup.clean_up(world.clock_and_ids))
        if touched:
            world.log("sweep.done", jobs=touched)

    return register(main)
