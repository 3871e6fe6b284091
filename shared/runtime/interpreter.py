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
from shared.pipeline import LEASE_S, RENEWALS, STAGES
from shared.ports.messages import Publisher
from shared.ports.objects import ObjectStore
from shared.ports.store import JobStore
from shared.ports.system import Clock, Log
from shared.runtime.tracing import Tracer, Untraced
from shared.runtime.uploads import arrived
from shared.tasks.run import renew as renew_errand
from shared.tasks.task import (
    Abandoned,
    ErrandClaimed,
    ErrandOutcome,
    GivenUp,
    Postponed,
)

T = TypeVar("T")
Handler = Callable[["Hold"], claims.Finished]
ErrandHandler = Callable[["ErrandHold"], ErrandOutcome]


class SystemClock:
    """Clock of this machine."""

    def now(self) -> datetime:
        """The time in UTC, to the microsecond as Firestore keeps it."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Let the thread rest."""
        time.sleep(seconds)


class Held:
    """Something that is worked on under a lease. Long work asks `should_stop` again and again."""

    def __init__(self, deadline: float) -> None:
        self.lost = threading.Event()
        self.deadline = deadline

    def should_stop(self) -> bool:
        """Whether the lease is lost, the job ended, or the function's time nearly over."""
        return self.lost.is_set() or time.monotonic() > self.deadline

    @property
    def lease_lost(self) -> bool:
        """Whether it was the lease, and not the time."""
        return self.lost.is_set()


class Hold(Held):
    """A claimed unit while it is worked on."""

    def __init__(self, claimed: claims.Claimed, deadline: float) -> None:
        super().__init__(deadline)
        self.claimed = claimed
        self.progress = 0.0


class ErrandHold(Held):
    """A claimed errand while it is done."""

    def __init__(self, claimed: ErrandClaimed, deadline: float) -> None:
        super().__init__(deadline)
        self.claimed = claimed


@dataclass(frozen=True)
class Neighbours:
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
    def clockwork(self) -> effects.Clockwork:
        """The part of it that is passed to flows."""
        return effects.Clockwork(self.clock.now, self.new_token, self.lease_s)


class Driver:
    """Performs effects one after the other. One driver serves one delivery or request."""

    def __init__(
        self,
        world: Neighbours,
        *,
        handler: Handler | None = None,
        errand_handler: ErrandHandler | None = None,
        traceparent: str = "",
        tracer: Tracer | None = None,
    ) -> None:
        self._world = world
        self._handler = handler
        self._errand_handler = errand_handler
        self._traceparent = traceparent
        self._tracer = tracer or Untraced()

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
            case effects.ListUnder(collection):
                return world.store.list_under(collection)
            case effects.Commit(writes):
                return world.store.commit(writes)
            case effects.Publish(envelopes):
                return world.publisher.publish(self._traced(one) for one in envelopes)
            case effects.Wait(seconds):
                return world.clock.sleep(seconds)
            case effects.Work(claimed):
                return self._work(claimed)
            case effects.Run(claimed):
                return self._run_errand(claimed)
            case effects.Said(what, details):
                return world.log(what, **details)
            case effects.Owned(collection, owner):
                return world.store.documents_of(collection, owner)
            case effects.Due(collection, before):
                return world.store.due(collection, before)
            case effects.Stalled(before):
                return world.store.stalled(before)
            case effects.Tombstones(before):
                return world.store.tombstones(before)
            case effects.Abandoned(before):
                return world.store.abandoned(before)
            case effects.Expired(before):
                return world.store.expired(before)
            case effects.Folders(bucket, prefix):
                return world.objects.folders(bucket, prefix)
            case effects.Arrived(job):
                return self._arrived(job)
            case effects.Quarantine(source):
                world.log("object.quarantined", severity="WARNING", object=source.name)
                return world.objects.quarantine(source)
            case effects.Discard(source):
                return world.objects.discard(source)
            case effects.Purge(job_id):
                return self._purge(job_id)
            case effects.Reached(point, envelope):
                return self._reach(point, envelope)

    # --- work --------------------------------------------------------------------------------

    def _work(self, claimed: claims.Claimed) -> claims.Outcome:
        if self._handler is None:
            raise TypeError("a flow without a handler has no work to do")
        row = STAGES[claimed.envelope.stage]
        hold = Hold(claimed, time.monotonic() + row.soft_deadline_s)
        clockwork = self._world.clockwork
        try:
            with (
                self._kept(
                    hold, lambda: renew(claimed, clockwork, hold.progress), clockwork.lease_s
                ),
                self._tracer.span("work", self._traceparent, attempt=claimed.attempt),
            ):
                return self._handler(hold)
        except LeaseLost:
            return effects.Stopped()
        except PermanentError as refused:
            return effects.Refused(refused.code, str(refused))
        except TransientError as fault:
            self._world.log("work.faltered", severity="WARNING", code=fault.code, why=repr(fault))
            return effects.Faltered(fault.code, str(fault))
        except Exception as fault:
            self._world.log("work.crashed", severity="ERROR", why=_trace(fault))
            return effects.Faltered("unexpected", f"An unexpected fault: {type(fault).__name__}.")

    def _run_errand(self, claimed: ErrandClaimed) -> ErrandOutcome:
        if self._errand_handler is None:
            raise TypeError("a flow without a handler has no errand to do")
        row = STAGES[claimed.errand.stage]
        hold = ErrandHold(claimed, time.monotonic() + row.soft_deadline_s)
        wait_s = row.backoff(claimed.attempt)
        try:
            beat = partial(renew_errand, claimed, self._world.clockwork)
            with self._kept(hold, beat, min(row.lease_s, self._world.lease_s)):
                return self._errand_handler(hold)
        except LeaseLost:
            return Abandoned()
        except PermanentError as refused:
            return GivenUp(refused.code, str(refused))
        except TransientError as fault:
            self._world.log("work.faltered", severity="WARNING", code=fault.code, why=repr(fault))
            return Postponed(wait_s, fault.code, str(fault))
        except Exception as fault:
            self._world.log("work.crashed", severity="ERROR", why=_trace(fault))
            why = f"An unexpected fault: {type(fault).__name__}."
            return Postponed(wait_s, "unexpected", why)

    @contextmanager
    def _kept(
        self,
        hold: Held,
        beat: Callable[[], effects.Flow[bool]],
        lease_s: float,
    ) -> Iterator[None]:
        """Renews the lease during the block, three times as often as it would run out."""
        finished = threading.Event()
        given = (hold, beat, finished, lease_s)
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
        hold: Held,
        beat: Callable[[], effects.Flow[bool]],
        finished: threading.Event,
        lease_s: float,
    ) -> None:
        """Renew the lease until the work is finished; tell it to stop when that fails."""
        renewed = time.monotonic()
        driver = Driver(self._world)
        while not finished.wait(lease_s / RENEWALS):
            try:
                if not driver.run(beat()):
                    hold.lost.set()
                    return
                renewed = time.monotonic()
            except Exception as fault:
                self._world.log("lease.unrenewed", severity="WARNING", why=repr(fault))
                if time.monotonic() - renewed > lease_s:
                    hold.lost.set()
                    return

    # --- neighbours --------------------------------------------------------------------------

    def _traced(self, envelope: Envelope) -> Envelope:
        return replace(envelope, traceparent=self._traceparent) if self._traceparent else envelope

    def _arrived(self, job: Job) -> frozenset[str]:
        return frozenset(one.name for one in job.inputs if arrived(self._world.objects, one))

    def _purge(self, job_id: str) -> None:
        self._world.store.purge(job_id)
        for bucket, prefix in sorted({place for row in STAGES.values() for place in row.writes}):
            self._world.objects.remove_under(bucket, f"{prefix}{job_id}/")

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
