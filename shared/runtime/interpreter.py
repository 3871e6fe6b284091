"""The interpreter: performs the effects of flows against the real services."""

from __future__ import annotations

import os
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

from shared.errors import LeaseLost, PermanentError, TransientError
from shared.flows import effects
from shared.flows.envelope import Envelope
from shared.jobs import outcomes
from shared.jobs.deliver import renew
from shared.jobs.model import Job, UnitClaim
from shared.pipeline import FUNCTIONS, RENEWALS_PER_LEASE
from shared.ports.messages import Publisher
from shared.ports.objects import ObjectStore
from shared.ports.store import JobStore
from shared.ports.system import Clock, Log
from shared.runtime.tracing import NoOpTracer, Tracer
from shared.runtime.uploads import ensure_upload
from shared.tasks.run import renew as renew_task
from shared.tasks.task import TaskClaim, TaskOutcome

T = TypeVar("T")
UnitHandler = Callable[["UnitLease"], outcomes.UnitDone]
TaskHandler = Callable[["TaskLease"], TaskOutcome]


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        """Returns the time in UTC, in microseconds as Firestore stores it."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Blocks the thread."""
        time.sleep(seconds)


class Lease:
    """The lease of a running unit or task. Long work calls `should_stop` regularly. `deadline` is
    in seconds of the monotonic clock."""

    def __init__(self, deadline: float) -> None:
        self.lost = threading.Event()
        self.deadline = deadline

    def should_stop(self) -> bool:
        """Returns whether the lease is lost, the job has ended, or the deadline has passed."""
        return self.lost.is_set() or time.monotonic() > self.deadline

    @property
    def is_lost(self) -> bool:
        """Whether the lease is lost or the job has ended."""
        return self.lost.is_set()


class UnitLease(Lease):
    """The lease of a running unit. `progress` is 0 to 1."""

    def __init__(self, claim: UnitClaim, deadline: float) -> None:
        super().__init__(deadline)
        self.claim = claim
        self.progress = 0.0


class TaskLease(Lease):
    """The lease of a running task."""

    def __init__(self, claim: TaskClaim, deadline: float) -> None:
        super().__init__(deadline)
        self.claim = claim


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
    def clock_and_ids(self) -> effects.ClockAndIds:
        """The clock, new tokens and the length of a lease, for flows."""


class Interpreter:
    """Performs effects one after the other. One interpreter serves one delivery or request."""

    def __init__(
        self,
        services: Services,
        *,
        unit_handler: UnitHandler | None = None,
        task_handler: TaskHandler | None = None,
        traceparent: str = "",
        tracer: Tracer | None = None,
    ) -> None:
        self._services = services
        self._unit_handler = unit_handler
        self._task_handler = task_handler
        self._traceparent = traceparent
        self._tracer = tracer or NoOpTracer()

    def run(self, flow: effects.Flow[T]) -> T:
        """Runs a flow to its end and returns its result. Errors of services are raised inside the
        flow."""
        try:
            effect = next(flow)
            while True:
                try:
                    value = self._perform(effect)
                except Exception as error:
                    effect = flow.throw(error)
                else:
                    effect = flow.send(value)
        except StopIteration as end:
            result: T = end.value
            return result

    def _perform(self, effect: effects.Effect) -> Any:
        services = self._services
        match effect:
            case effects.Read(paths):
                return services.store.read(paths)
            case effects.RunQuery(query):
                return services.store.run_query(query)
            case effects.Commit(writes):
                return services.store.commit(writes)
            case effects.Publish(envelopes):
                return services.publisher.publish(map(self._with_trace, envelopes))
            case effects.Wait(seconds):
                return services.clock.sleep(seconds)
            case effects.RunUnit(claim):
                return self._run_unit(claim)
            case effects.RunTask(claim):
                return self._run_task(claim)
            case effects.LogEvent(name, fields):
                return services.log(name, **fields)
            case effects.ListPrefixes(bucket, prefix, after, limit):
                return services.objects.list_prefixes(bucket, prefix, after=after, limit=limit)
            case effects.InputsUploaded(job):
                return self._uploaded_inputs(job)
            case effects.Quarantine(source):
                services.log("object.quarantined", severity="WARNING", object=source.name)
                return services.objects.quarantine(source)
            case effects.DeleteObject(source):
                return services.objects.delete_ref(source)
            case effects.PurgeJob(job_id):
                return self._purge_job(job_id)
            case effects.CrashPoint(name, envelope):
                return self._crash_if_requested(name, envelope)

    # --- work --------------------------------------------------------------------------------

    def _run_unit(self, claim: UnitClaim) -> outcomes.UnitOutcome:
        if self._unit_handler is None:
            raise TypeError("a flow without a unit handler yielded RunUnit")
        row = FUNCTIONS[claim.envelope.stage]
        lease = UnitLease(claim, time.monotonic() + row.soft_deadline_s)
        clock = self._services.clock_and_ids
        try:
            with (
                self._lease_renewal(
                    lease, lambda: renew(claim, clock, lease.progress), clock.lease_s
                ),
                self._tracer.span("work", self._traceparent, attempt=claim.attempt),
            ):
                return self._unit_handler(lease)
        except LeaseLost:
            return effects.Lost()
        except PermanentError as error:
            return effects.Failed(error.code, str(error))
        except TransientError as error:
            return effects.Retry(*self._log_transient(error))
        except Exception as error:
            return effects.Retry(*self._log_unexpected(error))

    def _run_task(self, claim: TaskClaim) -> TaskOutcome:
        if self._task_handler is None:
            raise TypeError("a flow without a task handler yielded RunTask")
        row = FUNCTIONS[claim.task.function]
        lease = TaskLease(claim, time.monotonic() + row.soft_deadline_s)
        wait_s = row.backoff(claim.attempt)
        try:
            renewal = partial(renew_task, claim, self._services.clock_and_ids)
            with self._lease_renewal(lease, renewal, min(row.lease_s, self._services.lease_s)):
                return self._task_handler(lease)
        except LeaseLost:
            return effects.Lost()
        except PermanentError as error:
            return effects.Failed(error.code, str(error))
        except TransientError as error:
            return effects.Later(wait_s, *self._log_transient(error))
        except Exception as error:
            return effects.Later(wait_s, *self._log_unexpected(error))

    def _log_transient(self, error: TransientError) -> tuple[str, str]:
        """Logs an error of a handler. Returns its code and message."""
        self._services.log("work.retried", severity="WARNING", code=error.code, reason=repr(error))
        return error.code, str(error)

    def _log_unexpected(self, error: Exception) -> tuple[str, str]:
        """Logs an unexpected exception with its traceback. Returns a code and message."""
        self._services.log("work.crashed", severity="ERROR", reason=_format_trace(error))
        return "unexpected", f"Unexpected error: {type(error).__name__}."

    @contextmanager
    def _lease_renewal(
        self,
        lease: Lease,
        renewal: Callable[[], effects.Flow[bool]],
        lease_s: float,
    ) -> Iterator[None]:
        """Renews the lease during the block, in a thread, RENEWALS_PER_LEASE times per lease."""
        finished = threading.Event()
        thread = threading.Thread(
            target=self._renew_until, args=(lease, renewal, finished, lease_s), daemon=True
        )
        thread.start()
        try:
            yield
        finally:
            # The thread stops before the commit: a renewal in between would change the version.
            finished.set()
            thread.join()

    def _renew_until(
        self,
        lease: Lease,
        renewal: Callable[[], effects.Flow[bool]],
        finished: threading.Event,
        lease_s: float,
    ) -> None:
        """Renews the lease until the work is finished. Marks it as lost when a renewal is rejected,
        or when no renewal succeeds for as long as the lease is valid."""
        renewed_at = time.monotonic()
        interpreter = Interpreter(self._services)
        while not finished.wait(lease_s / RENEWALS_PER_LEASE):
            try:
                if not interpreter.run(renewal()):
                    lease.lost.set()
                    return
                renewed_at = time.monotonic()
            except Exception as error:
                self._services.log("lease.renewal_failed", severity="WARNING", reason=repr(error))
                if time.monotonic() - renewed_at > lease_s:
                    lease.lost.set()
                    return

    # --- services ----------------------------------------------------------------------------

    def _with_trace(self, envelope: Envelope) -> Envelope:
        return replace(envelope, traceparent=self._traceparent) if self._traceparent else envelope

    def _uploaded_inputs(self, job: Job) -> frozenset[str]:
        return frozenset(
            job_input.name
            for job_input in job.inputs
            if ensure_upload(self._services.objects, job_input)
        )

    def _purge_job(self, job_id: str) -> None:
        self._services.store.purge_job(job_id)
        prefixes = {written for row in FUNCTIONS.values() for written in row.writes}
        for bucket, prefix in sorted(prefixes):
            self._services.objects.delete_prefix(bucket, f"{prefix}{job_id}/")

    def _crash_if_requested(self, name: str, envelope: Envelope) -> None:
        """Local only: ends the process when a file for this crash point exists, and deletes the
        file before."""
        if not self._services.crash_dir:
            return
        request = Path(self._services.crash_dir) / f"{name}.{envelope.stage}.{envelope.job_id}"
        try:
            request.unlink()
        except FileNotFoundError:
            return
        os._exit(137)


def _format_trace(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))[-4000:]
