"""Runs the flows of many jobs of several owners on a simulated clock, with bounded instances.

Every effect takes a random time, so workers interleave in random order. A function has a number of
instances; a delivery to a function without a free one is refused, as Cloud Run answers 429, and
Pub/Sub delivers it again with its backoff and forwards it to dead_letter after the maximum number
of deliveries.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from shared.errors import NotFound, WrongState
from shared.flows import effects
from shared.flows.documents import CommitResult, Write
from shared.flows.envelope import JOIN, Envelope, ObjectRef
from shared.jobs.creation import new_job
from shared.jobs.maintenance import dead_letter, sweep
from shared.jobs.model import JobInput
from shared.jobs.stage import UnitClaim
from shared.jobs.units import deliver, lease, outcomes
from shared.pipeline import FUNCTIONS, LEASE_S, RECIPES, RENEWALS_PER_LEASE
from tests.fakes.load.cloud import Cloud, Message, check_access, unit_key
from tests.fakes.load.handlers import run_handler

Options = Sequence[tuple[str, Any]]
"""Names of options with their values."""
PUSH_BACKOFF_S = (10.0, 600.0)
"""The minimum and maximum backoff of the subscriptions."""
COMMIT_BACKOFF_S = 4.0
"""The longest wait before a refused batch is tried again."""
COMMIT_TIMEOUT_S = 25.0
"""How long a refused batch is tried again, as in the adapter of Firestore."""


@dataclass
class Worker:
    """A running flow."""

    flow: effects.Flow[Any]
    message: Message | None
    function: str
    claim: UnitClaim | None = None
    is_lost: bool = False
    has_ended: bool = False


@dataclass
class LoadSimulation(Cloud):
    """Jobs with their documents, messages, objects and workers, in memory."""

    # --- what users do -----------------------------------------------------------------------

    def add_job(
        self, job_id: str, owner: str, recipe: str, at_s: float = 0.0, options: Options = ()
    ) -> None:
        """Creates a job at `at_s`, with these options. Its uploads arrive shortly after."""
        self.open_jobs.add(job_id)
        self.at(at_s, lambda: self._create(job_id, owner, recipe, dict(options)))

    def _create(self, job_id: str, owner: str, recipe: str, options: dict[str, Any]) -> None:
        row = RECIPES[recipe]
        inputs = tuple(
            JobInput(item.name, f"jobs/{job_id}/{item.name}.0", "x/y", 1, item.name)
            for item in row.inputs
            if not item.optional
        )
        result = self.store.commit(
            new_job(
                job_id=job_id, owner=owner, email="", recipe=row, title="", options=options,
                inputs=inputs, now=self.now, expires_at=self.now + timedelta(days=30),
            )
        )  # fmt: skip
        assert result is CommitResult.OK
        for item in inputs:
            self.at(self.elapsed_s + self.rng.uniform(0, 2), partial(self._upload, job_id, item))

    def _upload(self, job_id: str, item: JobInput) -> None:
        self.uploads[job_id].add(item.name)
        ref = ObjectRef("uploads", item.object, 1)
        self.publish_event(Envelope(job_id, "upload_trigger", item.name, upload=0, source=ref))

    def command(self, at_s: float, make: Callable[[], effects.Flow[Any]]) -> None:
        """Runs a command of a user at `at_s`."""
        self.commands_pending += 1

        def run() -> None:
            self.commands_pending -= 1
            self._start(make(), None, "api")

        self.at(at_s, run)

    # --- Pub/Sub ------------------------------------------------------------------------------

    def push(self, message: Message) -> None:
        """Delivers a message, unless no instance of its function is free."""
        message.deliveries += 1
        row = FUNCTIONS[message.function]
        if message.function != "dead_letter" and message.deliveries > row.max_deliveries:
            message.function, message.deliveries = "dead_letter", 1
            row = FUNCTIONS["dead_letter"]
        if self.busy[message.function] >= self.load.instances * row.concurrency:
            self._push_later(message)
            return
        envelope = message.envelope
        flow: effects.Flow[Any]
        if message.function == "dead_letter":
            flow = dead_letter.dead_letter(envelope, self.clock, message.published_at)
        else:
            flow = deliver.deliver(envelope, self.clock)
        self._start(flow, message, message.function)

    def _push_later(self, message: Message) -> None:
        low, high = PUSH_BACKOFF_S
        wait_s = min(high, low * 2 ** min(message.deliveries - 1, 10))
        self.at(self.elapsed_s + wait_s * self.rng.uniform(0.9, 1.1), lambda: self.push(message))

    # --- workers ------------------------------------------------------------------------------

    def run(self, until_s: float) -> None:
        """Runs until all jobs have ended, or until the time. Starts the sweeper every minute."""
        if self.load.sweeper_enabled:
            self.at(self.elapsed_s + 60, self._sweep)
        while self._events and self._events[0][0] <= until_s:
            self.elapsed_s, _, run = heapq.heappop(self._events)
            run()
            if self.is_finished():
                return

    def is_finished(self) -> bool:
        """Whether all jobs have ended and nothing runs."""
        return not self.open_jobs and not self.commands_pending and not self.busy.total()

    def _sweep(self) -> None:
        if self.busy["sweeper"] < 1:
            self._start(sweep.sweep(self.clock), None, "sweeper")
        self.at(self.elapsed_s + 60, self._sweep)

    def _start(self, flow: effects.Flow[Any], message: Message | None, function: str) -> None:
        self.busy[function] += 1
        self._advance(Worker(flow, message, function), None, first=True)

    def _advance(self, worker: Worker, value: Any, *, first: bool = False) -> None:
        if worker.has_ended:
            return
        try:
            effect = next(worker.flow) if first else worker.flow.send(value)
        except StopIteration as end:
            self._end(worker, acked=end.value is not effects.Reply.NACK)
            return
        except (NotFound, WrongState):
            self._end(worker, acked=True)
            return
        # An interrupted command has no message: only the sweeper resumes it.
        may_crash = self.load.sweeper_enabled or worker.message is not None
        if may_crash and self.rng.random() < self.load.crash:
            self._end(worker, acked=False)
            return
        if isinstance(effect, effects.RunUnit):
            self._work(worker, effect.claim)
            return
        check_access(worker.function, effect)
        if isinstance(effect, effects.Commit):
            self._commit(worker, effect.writes, self.elapsed_s + COMMIT_TIMEOUT_S, 0)
            return
        if isinstance(effect, effects.LogEvent | effects.CrashPoint):
            self._advance(worker, None)
            return
        delay_s = self.rng.expovariate(1 / self.load.latency_s)
        self.at(
            self.elapsed_s + delay_s,
            lambda: self._advance(worker, None if worker.has_ended else self.perform(effect)),
        )

    def _end(self, worker: Worker, *, acked: bool) -> None:
        worker.has_ended = True
        worker.flow.close()
        self.busy[worker.function] -= 1
        message = worker.message
        if message is None:
            return
        if acked:
            self.outstanding[unit_key(message.envelope)] -= 1
        else:
            self._push_later(message)

    def _commit(
        self, worker: Worker, writes: tuple[Write, ...], until_s: float, refusals: int
    ) -> None:
        """Commits after the latency of a call. A refused batch is tried again with full jitter."""

        def attempt() -> None:
            if worker.has_ended:
                return
            if not self.store.is_contended(writes):
                self._advance(worker, self.commit(writes))
            elif self.elapsed_s > until_s:
                self._end(worker, acked=False)
            else:
                self.refused_batches += 1
                self._commit(worker, writes, until_s, refusals + 1)

        delay_s = self.rng.expovariate(1 / self.load.latency_s)
        if refusals:
            delay_s += self.rng.uniform(0, min(COMMIT_BACKOFF_S, 0.05 * 2**refusals))
        self.at(self.elapsed_s + delay_s, attempt)

    # --- work ---------------------------------------------------------------------------------

    def _work(self, worker: Worker, claim: UnitClaim) -> None:
        worker.claim = claim
        envelope = claim.envelope
        row, key = FUNCTIONS[envelope.stage], (claim.job.owner, envelope.stage)
        if not row.reports_outcome:
            self.first_start.setdefault(claim.job.id, self.elapsed_s)
            self.working[key] += 1
            self.most_working[key] = max(self.most_working[key], self.working[key])
        is_part = not row.reports_outcome and envelope.part != JOIN
        work_s = self.rng.uniform(0.5, 1.5) * self.load.work_s if is_part else 0.2
        if self.rng.random() < self.load.slow:
            work_s *= 4
        ends_at = self.elapsed_s + min(work_s, row.soft_deadline_s)

        def step() -> None:
            if worker.has_ended or worker.is_lost or self.elapsed_s >= ends_at:
                if not row.reports_outcome:
                    self.working[key] -= 1
                if not worker.has_ended:
                    self._advance(worker, self._outcome(worker, claim))
                return
            if self.rng.random() < self.load.crash:
                if not row.reports_outcome:
                    self.working[key] -= 1
                self._end(worker, acked=False)
                return
            worker.is_lost = not self.run_now(lease.renew(claim, self.clock))
            self.at(min(ends_at, self.elapsed_s + LEASE_S / RENEWALS_PER_LEASE), step)

        self.at(min(ends_at, self.elapsed_s + LEASE_S / RENEWALS_PER_LEASE), step)

    def _outcome(self, worker: Worker, claim: UnitClaim) -> outcomes.UnitOutcome:
        return effects.Lost() if worker.is_lost else run_handler(self, claim)
