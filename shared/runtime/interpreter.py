"""Runs flows against the real neighbours: the one place where effects become IO."""

from __future__ import annotations

import os
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from shared.errors import LeaseLost, PermanentError, TransientError
from shared.flows import effects
from shared.flows.envelope import Envelope
from shared.jobs import claims
from shared.jobs.deliver import renew
from shared.jobs.model import Job
from shared.pipeline import FUNCTIONS, LEASE_S, RENEWALS_PER_LEASE
from shared.ports.messages import Publisher
from shared.ports.objects import ObjectStore
from shared.ports.store import JobStore
from shared.ports.system import Clock, Log
from shared.runtime.tracing import NoOpTracer, Tracer
from shared.runtime.uploads import find_upload
from shared.tasks.run import renew as renew_errand
from shared.tasks.task import (
    Failed,
    Later,
    Lost,
    TaskClaim,
    TaskOutcome,
)

T = TypeVar("T")
UnitHandler = Callable[["UnitLease"], claims.UnitDone]
TaskHandler = Callable[["TaskLease"], TaskOutcome]


class SystemClock:
    """Clock of this machine."""

    def now(self) -> datetime:
        """The time in UTC, to the microsecond as Firestore keeps it."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Let the thread rest."""
        time.sleep(seconds)


class Lease:
    """Something that is worked on under a lease. Long work asks `should_stop` again and again."""

    def __init__(self, deadline: float) -> None:
        self.lost = threading.Event()
        self.deadline = deadline

    def should_stop(self) -> bool:
        """Whether the lease is lost, the job ended, or the function's time nearly over."""
        return self.lost.is_set() or time.monotonic() > self.deadline

    @property
    def is_lost(self) -> bool:
        """Whether it was the lease, and not the time."""
        return self.lost.is_set()


class UnitLease(Lease):
    """A claimed unit while it is worked on."""

    def __init__(self, claim: claims.UnitClaim, deadline: float) -> None:
        super().__init__(deadline)
        self.claim = claim
        self.progress = 0.0


class TaskLease(Lease):
    """A claimed errand while it is done."""

    def __init__(self, claim: TaskClaim, deadline: float) -> None:
        super().__init__(deadline)
        self.claim = claim


@dataclass(frozen=True)
class Services:
    """Everything that a flow may need of the world."""

    store: JobStore
    objects: ObjectStore
    publisher: Publisher
    clock: Clock
    log: Log
    new_token: Callable[[], str]
    crash_dir: str = ""
    lease_s: float = LEASE_S
    """How long a claim holds without being renewed, at most."""

    @property
    def clock_and_ids(self) -> effects.ClockAndIds:
        """The part of it that is passed to flows."""
        return effects.ClockAndIds(self.clock.now, self.new_token, self.lease_s)


class Interpreter:
    """Performs effects one after the other. One driver serves one delivery or request."""

    def __init__(
        self,
        services: Services,
        *,
        unit_handler: UnitHandler | None = None,
        task_handler: TaskHandler | None = None,
        traceparent: str = "",
        tracer: Tracer | None = None,
    ) -> None:
        self._world = services
        self._handler = unit_handler
        self._errand_handler = task_handler
        self._traceparent = traceparent
        self._tracer = tracer or NoOpTracer()

    def run(self, flow: effects.Flow[T]) -> T:
        """Run a flow to its end; → what it returns. Faults of neighbours go through it."""
        try:
            effect = next(flow)
            while True:
                try:
                    value = self._perform(effect)
                except Exception as fault:
                    effect = flow.throw(fault)
                else:
                    effect = flow.send(value)
        except StopIteration as end:
            result: T = end.value
            return result

    def _perform(self, effect: effects.Effect) -> Any:
        world = self._world
        match effect:
            case effects.Read(paths):
                return world.store.read(paths)
            case effects.ListCollection(collection):
                return world.store.list_documents(collection)
            case effects.Commit(writes):
                return world.store.commit(writes)
            case effects.Publish(envelopes):
                return world.publisher.publish(self._traced(one) for one in envelopes)
            case effects.Wait(seconds):
                return world.clock.sleep(seconds)
            case effects.RunUnit(claimed):
                return self._work(claimed)
            case effects.RunTask(claimed):
                return self._run_errand(claimed)
            case effects.LogEvent(what, details):
                return world.log(what, **details)
            case effects.OwnedDocuments(collection, owner):
                return world.store.list_owned_by_id(collection, owner)
            case effects.DueTasks(collection, before):
                return world.store.list_due(collection, before)
            case effects.StalledJobs(before):
                return world.store.list_stalled_jobs(before)
            case effects.Tombstones(before):
                return world.store.list_tombstones(before)
            case effects.AwaitingUploads(before):
                return world.store.list_awaiting_uploads(before)
            case effects.ExpiredJobs(before):
                return world.store.list_expired_jobs(before)
            case effects.ListPrefixes(bucket, prefix):
                return world.objects.list_prefixes(bucket, prefix)
            case effects.InputsUploaded(job):
                return self._arrived(job)
            case effects.Quarantine(source):
                world.log("object.quarantined", severity="WARNING", object=source.name)
                return world.objects.quarantine(source)
            case effects.DeleteObject(source):
                return world.objects.delete_ref(source)
            case effects.PurgeJob(job_id):
                return self._purge(job_id)
            case effects.CrashPoint(point, envelope):
                return self._reach(point, envelope)

    # --- work --------------------------------------------------------------------------------

    def _work(self, claim: claims.UnitClaim) -> claims.UnitOutcome:
        if self._handler is None:
            raise TypeError("a flow without a handler has no work to do")
        row = FUNCTIONS[claim.envelope.stage]
        hold = UnitLease(claim, time.monotonic() + row.soft_deadline_s)
        clock = self._world.clock_and_ids
        try:
            with (
                self._kept(hold, lambda: renew(claim, clock, hold.progress), clock.lease_s),
                self._tracer.span("work", self._traceparent, attempt=claim.attempt),
            ):
                return self._handler(hold)
        except LeaseLost:
            return effects.Lost()
        except PermanentError as refused:
            return effects.Failed(refused.code, str(refused))
        except TransientError as fault:
            self._world.log("work.retried", severity="WARNING", code=fault.code, reason=repr(fault))
            return effects.Retry(fault.code, str(fault))
        except Exception as fault:
            self._world.log("work.crashed", severity="ERROR", reason=_trace(fault))
            return effects.Retry("unexpected", f"An unexpected fault: {type(fault).__name__}.")

    def _run_errand(self, claim: TaskClaim) -> TaskOutcome:
        if self._errand_handler is None:
            raise TypeError("a flow without a handler has no errand to do")
        row = FUNCTIONS[claim.task.function]
        hold = TaskLease(claim, time.monotonic() + row.soft_deadline_s)
        wait_s = row.backoff(claim.attempt)
        try:
            beat = partial(renew_errand, claim, self._world.clock_and_ids)
            with self._kept(hold, beat, min(row.lease_s, self._world.lease_s)):
                return self._errand_handler(hold)
        except LeaseLost:
            return Lost()
        except PermanentError as refused:
            return Failed(refused.code, str(refused))
        except TransientError as fault:
            self._world.log("work.retried", severity="WARNING", code=fault.code, reason=repr(fault))
            return Later(wait_s, fault.code, str(fault))
        except Exception as fault:
            self._world.log("work.crashed", severity="ERROR", reason=_trace(fault))
            why = f"An unexpected fault: {type(fault).__name__}."
            return Later(wait_s, "unexpected", why)

    @contextmanager
    def _kept(
        self,
        lease: Lease,
        beat: Callable[[], effects.Flow[bool]],
        lease_s: float,
    ) -> Iterator[None]:
        """Renews the lease during the block, three times as often as it would run out."""
        finished = threading.Event()
        given = (lease, beat, finished, lease_s)
        heart = threading.Thread(target=self._keep, args=given, daemon=True)
        heart.start()
        try:
            yield
        finally:
            # The heart stops before the commit: a renewal in between would change the version.
            finished.set()
            heart.join()

    def _keep(
        self,
        lease: Lease,
        beat: Callable[[], effects.Flow[bool]],
        finished: threading.Event,
        lease_s: float,
    ) -> None:
        """Renew the lease until the work is finished; tell it to stop when that fails."""
        renewed = time.monotonic()
        interpreter = Interpreter(self._world)
        while not finished.wait(lease_s / RENEWALS_PER_LEASE):
            try:
                if not interpreter.run(beat()):
                    lease.lost.set()
                    return
                renewed = time.monotonic()
            except Exception as fault:
                self._world.log("lease.renewal_failed", severity="WARNING", reason=repr(fault))
                if time.monotonic() - renewed > lease_s:
                    lease.lost.set()
                    return

    # --- neighbours --------------------------------------------------------------------------

    def _traced(self, envelope: Envelope) -> Envelope:
        return replace(envelope, traceparent=self._traceparent) if self._traceparent else envelope

    def _arrived(self, job: Job) -> frozenset[str]:
        return frozenset(one.name for one in job.inputs if find_upload(self._world.objects, one))

    def _purge(self, job_id: str) -> None:
        self._world.store.purge_job(job_id)
        for bucket, prefix in sorted({place for row in FUNCTIONS.values() for place in row.writes}):
            self._world.objects.delete_prefix(bucket, f"{prefix}{job_id}/")

    def _reach(self, point: str, envelope: Envelope) -> None:
        """Local only: a file named after this point ends the process here, once."""
        if not self._world.crash_dir:
            return
        order = Path(self._world.crash_dir) / f"{point}.{envelope.stage}.{envelope.job_id}"
        try:
            order.unlink()
        except FileNotFoundError:
            return
        os._exit(137)


def _trace(fault: BaseException) -> str:
    return "".join(traceback.format_exception(fault))[-4000:]
