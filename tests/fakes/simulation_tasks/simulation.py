"""The simulation of tasks: runs their flows step by step, with several owners and kinds of task."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.flows import effects
from shared.flows.documents import CommitResult, Create, Query, Update, Write
from shared.flows.envelope import Envelope
from shared.pipeline import FUNCTIONS
from shared.tasks import run, sweep
from shared.tasks.lease import renew
from shared.tasks.task import Task, TaskClaim, TaskDone, TaskOutcome, TaskState, new_task
from tests.fakes.job_store import MemoryJobStore

START = datetime(2026, 1, 1, tzinfo=UTC)
TASK_FUNCTIONS = tuple(row.name for row in FUNCTIONS.values() if row.task_collection)


@dataclass
class QueuedMessage:
    """A message that is queued until it is acknowledged."""

    envelope: Envelope
    in_flight: bool = False


@dataclass
class SimulatedWorker:
    """A running flow. `effect` is the effect that it waits for."""

    flow: effects.Flow[Any]
    effect: effects.Effect | None
    message: QueuedMessage | None
    started_at: datetime


def succeed(_: TaskClaim) -> TaskOutcome:
    """A handler whose tasks are done at once."""
    return TaskDone()


@dataclass
class TaskSimulation:
    """Tasks of several owners, their messages and the workers that run them.

    Attributes:
        handler: Stands for the handlers of all functions.
        published_counts: Messages of each task, by its path.
        run_counts: Runs of the handler of each task, by its path.
        owner_slots: Slots of an owner instead of those in the table; None for the table's.
        max_in_flight: The largest number of handlers that ran at once, by function and owner.
    """

    handler: Callable[[TaskClaim], TaskOutcome] = succeed
    owner_slots: int | None = None
    sweeper_enabled: bool = True
    store: MemoryJobStore = field(default_factory=MemoryJobStore)
    now: datetime = START
    messages: list[QueuedMessage] = field(default_factory=list)
    workers: list[SimulatedWorker] = field(default_factory=list)
    published_counts: Counter[str] = field(default_factory=Counter)
    run_counts: Counter[str] = field(default_factory=Counter)
    max_in_flight: Counter[tuple[str, str]] = field(default_factory=Counter)
    lose_next_response: bool = False
    _numbers: Any = field(default_factory=itertools.count)

    @property
    def clock(self) -> effects.ClockAndIds:
        return effects.ClockAndIds(lambda: self.now, lambda: f"{next(self._numbers):016d}")

    # --- tasks -------------------------------------------------------------------------------

    def add(self, function: str, owner: str, *, announce: bool = True) -> Task:
        """Creates a task and, with `announce`, publishes its message."""
        task_id = f"{function[0]}{next(self._numbers):019d}"
        create = new_task(function, task_id, owner, {}, self.now)
        if self.owner_slots is not None and FUNCTIONS[function].owner_slots:
            slot = next(self._numbers) % self.owner_slots
            create = Create(create.path, {**create.data, "slot": slot})
        assert self.store.commit([create]) is CommitResult.OK
        task = self.task(function, task_id)
        if announce:
            self.publish(task.envelope)
        return task

    def task(self, function: str, task_id: str) -> Task:
        """Returns a task in its current state."""
        (doc,) = self.store.read([f"{FUNCTIONS[function].task_collection}/{task_id}"])
        assert doc is not None
        return Task.from_doc(function, doc)

    def tasks(self) -> list[Task]:
        """Returns all tasks."""
        return [
            Task.from_doc(function, doc)
            for function in TASK_FUNCTIONS
            for doc in self.store.run_query(Query(FUNCTIONS[function].task_collection))
        ]

    # --- events ------------------------------------------------------------------------------

    def publish(self, envelope: Envelope) -> None:
        """Queues a message."""
        path = f"{FUNCTIONS[envelope.stage].task_collection}/{envelope.job_id}"
        self.published_counts[path] += 1
        self.messages.append(QueuedMessage(envelope))

    def deliver(self, index: int, *, to_dead_letter: bool = False) -> None:
        """Delivers a queued message, or forwards it to `dead_letter`."""
        waiting = [message for message in self.messages if not message.in_flight]
        if not waiting:
            return
        message = waiting[index % len(waiting)]
        message.in_flight = True
        handle = run.dead_letter if to_dead_letter else run.run
        self._start(handle(message.envelope, self.clock), message)

    def duplicate_message(self, index: int) -> None:
        """Delivers a message once more, as Pub/Sub may."""
        for message in self.messages[index : index + 1]:
            self.messages.append(QueuedMessage(message.envelope))

    def lose_message(self, index: int) -> None:
        """Drops a message that is not in flight."""
        waiting = [message for message in self.messages if not message.in_flight]
        if waiting:
            self.messages.remove(waiting[index % len(waiting)])

    def sweep(self) -> None:
        """Starts a sweep of the tasks."""
        if self.sweeper_enabled:
            self._start(sweep.sweep_tasks(self.clock), None)

    def step(self, index: int) -> None:
        """Performs the next effect of a worker."""
        if self.workers:
            worker = self.workers[index % len(self.workers)]
            assert worker.effect is not None
            value = self._perform(worker.effect)
            if worker in self.workers:  # A wait may have reached its timeout.
                self._advance(worker, value)

    def crash(self, index: int) -> None:
        """Ends a worker between two effects. Its message is delivered again."""
        if self.workers:
            self._end(self.workers[index % len(self.workers)], acked=False)

    def renew_leases(self) -> None:
        """Renews the leases of all running handlers."""
        for worker in list(self.workers):
            if isinstance(worker.effect, effects.RunTask):
                self.run(renew(worker.effect.claim, self.clock))

    def advance_time(self, seconds: float) -> None:
        """Advances the clock. Pub/Sub ends a request at the timeout of its function."""
        self.now += timedelta(seconds=seconds)
        for worker in list(self.workers):
            if worker.message is not None:
                timeout_s = FUNCTIONS[worker.message.envelope.stage].timeout_s
                if self.now - worker.started_at >= timedelta(seconds=timeout_s):
                    self._end(worker, acked=False)

    def run(self, flow: effects.Flow[Any]) -> Any:
        """Runs a flow to its end without interruption."""
        try:
            effect = next(flow)
            while True:
                try:
                    value = self._perform(effect)
                except ConnectionError as error:
                    effect = flow.throw(error)
                else:
                    effect = flow.send(value)
        except StopIteration as end:
            return end.value

    def run_workers(self) -> None:
        """Steps all workers, in turn, until none is left."""
        turns = itertools.count()
        while self.workers:
            self.step(next(turns))

    # --- running flows -----------------------------------------------------------------------

    def _start(self, flow: effects.Flow[Any], message: QueuedMessage | None) -> None:
        worker = SimulatedWorker(flow, None, message, self.now)
        self.workers.append(worker)
        self._advance(worker, None, first=True)

    def _advance(self, worker: SimulatedWorker, value: Any, *, first: bool = False) -> None:
        try:
            worker.effect = next(worker.flow) if first else worker.flow.send(value)
        except StopIteration as end:
            self._end(worker, acked=end.value is not effects.Reply.NACK)
        self._count_in_flight()

    def _end(self, worker: SimulatedWorker, *, acked: bool) -> None:
        self.workers.remove(worker)
        worker.flow.close()
        if worker.message is not None:
            worker.message.in_flight = False
            if acked:
                self.messages.remove(worker.message)

    def _perform(self, effect: effects.Effect) -> Any:
        match effect:
            case effects.Read(paths):
                return self.store.read(paths)
            case effects.RunQuery(query):
                return self.store.run_query(query)
            case effects.Commit(writes):
                return self._commit(writes)
            case effects.Publish(envelopes):
                for envelope in envelopes:
                    self.publish(envelope)
            case effects.RunTask(claim):
                if not self._holds(claim):
                    return effects.Lost()
                self.run_counts[claim.task.path] += 1
                return self.handler(claim)
            case effects.Wait(seconds):
                self.advance_time(seconds)
        return None

    def _commit(self, writes: tuple[Write, ...]) -> CommitResult:
        result = self.store.commit(writes)
        is_guarded = any(isinstance(row, Update) and row.version is not None for row in writes)
        if result is CommitResult.OK and is_guarded and self.lose_next_response:
            self.lose_next_response = False  # The repeated batch conflicts with itself.
            return CommitResult.CONFLICT
        return result

    def _holds(self, claim: TaskClaim) -> bool:
        current = self.task(claim.task.function, claim.task.id)
        return current.state is TaskState.LEASED and current.token == claim.token

    def _count_in_flight(self) -> None:
        """Counts the handlers that run now. A worker that lost its lease is about to stop."""
        running: Counter[tuple[str, str]] = Counter()
        for worker in self.workers:
            if isinstance(worker.effect, effects.RunTask) and self._holds(worker.effect.claim):
                task = worker.effect.claim.task
                running[task.function, task.owner] += 1
        self.max_in_flight |= running
