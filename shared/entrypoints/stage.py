"""`stage`: the entry point of the functions that run units of jobs; also dead_letter and sweeper.

An event is handled as claim → work → commit → announce → acknowledge or reject. A handler gets a
`UnitContext` and returns `UnitDone`. It never commits, publishes or acknowledges itself.

A crash at `after_claim`, `after_work`, `after_commit` or `after_publish` must do no harm; tests end
the process at each of these crash points.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from cloudevents.http import CloudEvent

from shared.entrypoints import bootstrap
from shared.entrypoints.delivery import Delivery, EntryPoint, handle_event, register
from shared.flows.documents import unit_path
from shared.flows.envelope import JOIN, Envelope, read_publish_time
from shared.jobs.maintenance import cleanup, dead_letter, sweep
from shared.jobs.model import Job
from shared.jobs.stage import Stage, Unit
from shared.jobs.units import deliver as flows
from shared.jobs.units.outcomes import UnitDone
from shared.pipeline import FUNCTIONS
from shared.ports.objects import ObjectStore
from shared.ports.store import JobStore
from shared.privacy.limit_counters import delete_expired_counters
from shared.runtime.interpreter import Interpreter
from shared.runtime.leases import UnitLease
from shared.runtime.logs import bind
from shared.runtime.services import Services
from shared.runtime.settings import Settings
from shared.tasks.errors import DeadlineNear, LeaseLost

OPTIONAL_WAIT_S = 15 * 60
"""How long a unit waits for a service that only makes its result better."""

HandleUnit = Callable[["UnitContext"], UnitDone]


class UnitContext:
    """What a handler needs for one unit."""

    def __init__(self, lease: UnitLease, services: Services, settings: Settings) -> None:
        self._lease = lease
        self._services = services
        self.settings = settings
        self._progress_range = (0.0, 1.0)

    @property
    def job(self) -> Job:
        """The job as it was when the unit was claimed."""
        return self._lease.claim.job

    @property
    def stage(self) -> Stage:
        """The stage as it was when the unit was claimed."""
        return self._lease.claim.stage

    @property
    def part(self) -> str:
        """The part's key, or `join`."""
        return self._lease.claim.envelope.part

    @property
    def spec(self) -> Mapping[str, Any]:
        """The spec of this part, from the plan of the previous stage."""
        return self.stage.spec(self.part)

    def part_units(self) -> tuple[Unit, ...]:
        """Returns the recorded parts of the stage in the order of the plan, for a join."""
        key = self.envelope
        docs = self._services.store.read(
            unit_path(key.job_id, key.stage, key.revision, part) for part in self.stage.part_ids
        )
        return tuple(Unit.from_doc(doc) for doc in docs if doc is not None)

    @property
    def envelope(self) -> Envelope:
        """The key of the unit."""
        return self._lease.claim.envelope

    @property
    def skips_optional_work(self) -> bool:
        """Whether optional work that fails is left out, instead of tried again: another transient
        error would fail the job, or the unit has waited for OPTIONAL_WAIT_S."""
        claim = self._lease.claim
        if claim.attempt >= FUNCTIONS[self.envelope.stage].max_attempts:
            return True
        if claim.waiting_since is None:
            return False
        waited = self._services.clock.now() - claim.waiting_since
        return waited >= timedelta(seconds=OPTIONAL_WAIT_S)

    @property
    def objects(self) -> ObjectStore:
        """The object store."""
        return self._services.objects

    @property
    def store(self) -> JobStore:
        """Firestore, for reading documents."""
        return self._services.store

    @property
    def progress(self) -> float:
        """The reported progress of this part or join, 0 to 1."""
        return self._lease.progress

    def report_progress(self, fraction: float) -> None:
        """Sets the progress of this part or join, 0 to 1, or of the step in `progress_step`. The
        next renewal of the lease stores it. A lower one than before changes nothing."""
        begin, end = self._progress_range
        progress = begin + (end - begin) * min(1.0, max(0.0, fraction))
        self._lease.progress = max(self._lease.progress, progress)

    @contextmanager
    def progress_step(self, end: float) -> Iterator[None]:
        """Within the context, `report_progress` reports a step: from the progress of the step
        before to `end`, 0 to 1. The step is complete when it ends without an error."""
        outer = self._progress_range
        begin = self._lease.progress
        self._progress_range = (begin, max(begin, outer[0] + (outer[1] - outer[0]) * end))
        try:
            yield
            self.report_progress(1)
        finally:
            self._progress_range = outer

    def log(self, event: str, **details: Any) -> None:
        """Writes an event to the log."""
        self._services.log(event, **details)

    def check(self) -> None:
        """Raises LeaseLost or DeadlineNear when the work should stop."""
        if self._lease.is_lost:
            raise LeaseLost
        if self._lease.should_stop():
            raise DeadlineNear


def stage(name: str, *, part: HandleUnit, join: HandleUnit | None = None) -> EntryPoint:
    """Returns the entry point of a stage: `main = stage("frame_extraction", part=…, join=…)`."""

    def main(event: CloudEvent) -> None:
        def deliver(envelope: Envelope) -> Delivery:
            handle = join if envelope.part == JOIN else part
            assert handle is not None, f"{name} has no join"  # noqa: S101 - a stage without a join announces none
            services, settings = bootstrap.services(), bootstrap.settings()
            return Delivery(
                flows.deliver(envelope, services.clock_and_ids),
                unit_handler=lambda lease: handle(UnitContext(lease, services, settings)),
            )

        handle_event(event, name, deliver)

    return register(main)


def dead_letter_function() -> EntryPoint:
    """Returns the entry point of `dead_letter`, which handles messages delivered too often."""

    def main(event: CloudEvent) -> None:
        def deliver(envelope: Envelope) -> Delivery:
            clock = bootstrap.services().clock_and_ids
            published_at = read_publish_time(event.data)
            return Delivery(dead_letter.dead_letter(envelope, clock, published_at))

        handle_event(event, None, deliver)

    return register(main)


def sweeper_function() -> EntryPoint:
    """Returns the entry point of `sweeper`: every event runs one sweep and one cleanup of jobs, and
    deletes expired counters of rate limits."""

    def main(_event: CloudEvent) -> None:
        services = bootstrap.services()
        bind(function="sweeper")
        checked = Interpreter(services).run(sweep.sweep(services.clock_and_ids))
        checked += Interpreter(services).run(cleanup.clean_up(services.clock_and_ids))
        Interpreter(services).run(delete_expired_counters(services.clock_and_ids))
        if checked:
            services.log("sweep.done", jobs=checked)

    return register(main)
