"""The load simulation with the faults of a plan, each in one stage of one job."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from shared.errors import OverloadedError
from shared.flows import effects
from shared.flows.documents import Write
from shared.flows.envelope import Envelope
from shared.jobs.stage import UnitClaim
from shared.jobs.units import lease
from shared.pipeline import LEASE_S, RENEWALS_PER_LEASE
from tests.fakes.load.cloud import Message, unit_key
from tests.fakes.load.engine import COMMIT_BACKOFF_S, COMMIT_TIMEOUT_S, LoadSimulation, Worker
from tests.fakes.load.fault_plan import Delivery, Dependency
from tests.fakes.load.fault_state import FaultState, is_done_commit

OUTAGE_S = 60
"""How long Firestore is unavailable."""
STOPPED_S = 3 * LEASE_S
"""How long a process does not run."""
SLOW_S = 4 * LEASE_S
ACK_DEADLINE_S = 60
"""After this time Pub/Sub delivers the message of a stopped process again."""


@dataclass
class FaultSimulation(LoadSimulation):
    """Jobs of which one meets the faults of a plan. Without a plan nothing fails.

    Attributes:
        state: The faults, by default none.
        started: How often the work of a unit was started.
        outage_ends_s: When Firestore is available again.
    """

    state: FaultState = field(default_factory=FaultState)
    started: Counter[tuple[str, str, int, str]] = field(default_factory=Counter)
    outage_ends_s: float = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.clock = replace(self.clock, random=self.rng.random)

    def is_finished(self) -> bool:
        """Whether all jobs have ended, no message is left, and every outcome was announced."""
        if not super().is_finished() or self.outstanding.total():
            return False
        announced = sum(
            times for path, times in self.done_commits.items() if "/units/notification-" in path
        )
        return announced >= len(self.ended)

    # --- Pub/Sub ------------------------------------------------------------------------------

    def publish(self, envelope: Envelope) -> None:
        """Publishes a message, which is delivered as the plan says."""
        if self.state.plan is None or not self.state.is_target(envelope):
            super().publish(envelope)
            return
        key, uniform = unit_key(envelope), self.rng.uniform
        self.publishes[key] += 1
        delays_s = [self.rng.expovariate(10)]
        match self.state.plan.delivery:
            case Delivery.DUPLICATED:
                delays_s.append(self.rng.choice((delays_s[0], uniform(0, 2), uniform(0, 120))))
            case Delivery.REORDERED:
                delays_s = [uniform(0, 120)]
            case Delivery.LATE if self.publishes[key] == 1:
                delays_s = [uniform(600, 1800)]
            case _:
                pass
        self.state.injected[self.state.plan.delivery] += 1
        for delay_s in delays_s:
            self.redeliver(Message(envelope, envelope.stage, self.now), delay_s)

    def redeliver(self, message: Message, delay_s: float) -> None:
        """Delivers a copy of a message."""
        key = unit_key(message.envelope)
        self.outstanding[key] += 1
        self.most_outstanding = max(self.most_outstanding, self.outstanding[key])
        self.at(self.elapsed_s + delay_s, partial(self.push, message))

    # --- flows --------------------------------------------------------------------------------

    def _start(self, flow: effects.Flow[Any], message: Message | None, function: str) -> None:
        envelope = None if message is None else message.envelope
        job_id = None if self.state.plan is None else self.state.plan.job_id
        if envelope is not None and envelope.job_id == job_id:
            flow = self._with_faults(flow, envelope)
        super()._start(flow, message, function)

    def _with_faults(self, flow: effects.Flow[Any], envelope: Envelope) -> effects.Flow[Any]:
        """Runs a flow of the job. Errors of services are raised inside the flow, as by the
        interpreter. An error that it does not handle, and a crash, end the delivery unanswered."""
        value: Any = None
        error: OverloadedError | None = None
        has_worked = False
        try:
            while True:
                effect = flow.send(value) if error is None else flow.throw(error)
                if self.state.ends_at(effect):
                    flow.close()
                    return effects.Reply.NACK
                has_worked = has_worked or isinstance(effect, effects.RunUnit)
                value, error = None, self._find_error(effect, envelope)
                if error is None:
                    value = yield from self._perform_with_faults(effect, envelope)
        except StopIteration as end:
            return end.value
        except OverloadedError:
            self.state.interrupted[unit_key(envelope)] += has_worked
            return effects.Reply.NACK

    def _find_error(self, effect: effects.Effect, envelope: Envelope) -> OverloadedError | None:
        """Returns the error of a service for this effect, if any."""
        match effect:
            case effects.Publish(envelopes):
                about = next((item for item in envelopes if self.state.is_target(item)), envelope)
                if self.state.meets(Dependency.PUBLISH_FAILURE, about):
                    if len(envelopes) > 1:
                        self.publish(envelopes[0])
                    return OverloadedError("Pub/Sub is unavailable.")
            case effects.Read() | effects.RunQuery() | effects.Commit() if (
                self.elapsed_s < self.outage_ends_s and self.state.is_target(envelope)
            ):
                return OverloadedError("Firestore is unavailable.")
        return None

    def _perform_with_faults(self, effect: effects.Effect, envelope: Envelope) -> effects.Flow[Any]:
        """Performs an effect and returns its result, or that of a service that fails."""
        match effect:
            case effects.RunUnit():
                if self.state.meets(Dependency.STORAGE_429, envelope):
                    return effects.Unavailable("storage-overloaded", "Retry.", "storage", 30)
                if self.state.meets(Dependency.OVERLOADED, envelope):
                    return effects.Unavailable("overloaded", "Retry.", "the model", 60)
                outcome = yield effect
                if self.state.meets(Dependency.STORAGE_503, envelope):
                    return effects.Unavailable("storage-unavailable", "Retry.", "storage")
                return outcome
            case effects.Commit(writes) if self.state.may_lose_response(writes):
                result = yield effect
                if self.state.meets(Dependency.FIRESTORE_UNAVAILABLE, envelope):
                    # The client retries a batch whose response was lost.
                    result = yield effect
                    self.outage_ends_s = self.elapsed_s + OUTAGE_S
                return result
        return (yield effect)

    def _commit(
        self, worker: Worker, writes: tuple[Write, ...], until_s: float, refusals: int
    ) -> None:
        message = worker.message
        if message is None or not self.state.meets(Dependency.FIRESTORE_ABORTED, message.envelope):
            super()._commit(worker, writes, until_s, refusals)
            return
        self.refused_batches += 1
        if is_done_commit(writes):
            # Refused again until the client gives up.
            self.state.interrupted[unit_key(message.envelope)] += 1
            self.at(self.elapsed_s + COMMIT_TIMEOUT_S, partial(self._end, worker, acked=False))
            return
        delay_s = self.rng.uniform(0, COMMIT_BACKOFF_S)
        self.at(
            self.elapsed_s + delay_s,
            lambda: self._commit(worker, writes, until_s, refusals + 1),
        )

    # --- work ---------------------------------------------------------------------------------

    def _work(self, worker: Worker, claim: UnitClaim) -> None:
        self.started[unit_key(claim.envelope)] += 1
        if self.state.meets(Dependency.WORKER_KILLED, claim.envelope):
            self.at(self.elapsed_s + 0.1, partial(self._kill, worker))
        elif self.state.meets(Dependency.LEASE_LOST, claim.envelope):
            self.at(self.elapsed_s + STOPPED_S, lambda: self._resume(worker, claim))
            if worker.message is not None:
                self.redeliver(replace(worker.message), ACK_DEADLINE_S)
            return
        elif self.state.meets(Dependency.STORAGE_SLOW, claim.envelope):
            self._wait(worker, claim, self.elapsed_s + SLOW_S)
            return
        super()._work(worker, claim)

    def _kill(self, worker: Worker) -> None:
        if not worker.has_ended:
            self._end(worker, acked=False)

    def _resume(self, worker: Worker, claim: UnitClaim) -> None:
        """Ends the work of a process that did not notice that its lease is lost."""
        self._advance(worker, self._outcome(worker, claim))

    def _wait(self, worker: Worker, claim: UnitClaim, until_s: float) -> None:
        """Waits for a slow service while the lease is renewed."""
        if self.elapsed_s >= until_s:
            super()._work(worker, claim)
            return
        worker.is_lost = not self.run_now(lease.renew(claim, self.clock))
        self.at(
            self.elapsed_s + LEASE_S / RENEWALS_PER_LEASE,
            lambda: self._wait(worker, claim, until_s),
        )
