"""Runs the flows of many jobs of several owners on a simulated clock, with bounded instances.

Every effect takes a random time, so workers interleave in random order. A function has a number of
instances; a delivery to a function without a free one is refused, as Cloud Run answers 429, and
Pub/Sub delivers it again with its backoff and forwards it to dead_letter after the maximum number
of deliveries.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from shared.errors import NotFound, WrongState
from shared.flows import effects
from shared.flows.documents import CommitResult, Update, Write
from shared.flows.envelope import JOIN, Envelope, ObjectRef
from shared.jobs import deliver, outcomes
from shared.jobs.creation import new_job
from shared.jobs.maintenance import dead_letter, sweep
from shared.jobs.model import Job, JobInput, Status
from shared.jobs.stage import UnitClaim, UnitState
from shared.pipeline import FUNCTIONS, LEASE_S, RECIPES, RENEWALS_PER_LEASE, find_consumer
from shared.recipes.stored_object import Artifact
from tests.fakes.load.store import LimitedJobStore
from tests.fakes.simulation.simulation import make_deck_result

START = datetime(2026, 1, 1, tzinfo=UTC)
PUSH_BACKOFF_S = (10.0, 600.0)
"""The minimum and maximum backoff of the subscriptions."""
COMMIT_BACKOFF_S = 4.0
"""The longest wait before a refused batch is tried again."""
COMMIT_TIMEOUT_S = 25.0
"""How long a refused batch is tried again, as in the adapter of Firestore."""


@dataclass(frozen=True)
class Load:
    """The limits and faults of a run. Probabilities are per effect, delivery or publish."""

    instances: int = 20
    jobs_per_owner: int = 2
    parts_in_flight: int = 5
    part_count: int = 8
    work_s: float = 20.0
    latency_s: float = 0.03
    write_interval_s: float = 0.0
    crash: float = 0.0
    duplicate: float = 0.0
    slow: float = 0.0
    lost_event: float = 0.0
    failure: float = 0.0
    overload: float = 0.0
    sweeper_enabled: bool = True
    needs_review: bool = False


@dataclass
class Message:
    """A message until it is acknowledged. `function` is its subscription."""

    envelope: Envelope
    function: str
    published_at: datetime
    deliveries: int = 0


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
class LoadSimulation:
    """Jobs with their documents, messages, objects and workers, in memory."""

    seed: int
    load: Load = field(default_factory=Load)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.elapsed_s = 0.0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self.store = LimitedJobStore(lambda: self.now, self.load.write_interval_s)
        self.clock = effects.ClockAndIds(
            lambda: self.now,
            lambda: f"t{next(self._numbers)}",
            jobs_per_owner=self.load.jobs_per_owner,
            parts_in_flight=self.load.parts_in_flight,
            random=self.rng.random,
        )
        self.busy: Counter[str] = Counter()
        self.outstanding: Counter[tuple[str, str, int, str]] = Counter()
        self.most_outstanding = 0
        self.publishes: Counter[tuple[str, str, int, str]] = Counter()
        self.objects: set[str] = set()
        self.uploads: dict[str, set[str]] = defaultdict(set)
        self.first_start: dict[str, float] = {}
        self.ended: dict[str, float] = {}
        self.works: Counter[str] = Counter()
        self.working: Counter[tuple[str, str]] = Counter()
        self.most_working: Counter[tuple[str, str]] = Counter()
        self.most_running: Counter[str] = Counter()
        self.running: Counter[str] = Counter()
        self.done_commits: Counter[str] = Counter()
        self.refused_batches = 0
        self.read_count = self.write_count = 0
        self.open_jobs: set[str] = set()
        self.commands_pending = 0

    @property
    def now(self) -> datetime:
        """The time of the simulation."""
        return START + timedelta(seconds=self.elapsed_s)

    # --- what users do -----------------------------------------------------------------------

    def add_job(self, job_id: str, owner: str, recipe: str, at_s: float = 0.0) -> None:
        """Creates a job at `at_s`, whose uploads arrive shortly after."""
        self.open_jobs.add(job_id)
        self.at(at_s, lambda: self._create(job_id, owner, recipe))

    def _create(self, job_id: str, owner: str, recipe: str) -> None:
        row = RECIPES[recipe]
        inputs = tuple(
            JobInput(item.name, f"jobs/{job_id}/{item.name}.0", "x/y", 1, item.name)
            for item in row.inputs
            if not item.optional
        )
        result = self.store.commit(
            new_job(
                job_id=job_id,
                owner=owner,
                email="",
                recipe=row,
                title="",
                options={},
                inputs=inputs,
                now=self.now,
                expires_at=self.now + timedelta(days=30),
            )
        )
        assert result is CommitResult.OK
        for item in inputs:
            self.at(self.elapsed_s + self.rng.uniform(0, 2), self._upload(job_id, item))

    def _upload(self, job_id: str, item: JobInput) -> Callable[[], None]:
        def arrive() -> None:
            self.uploads[job_id].add(item.name)
            ref = ObjectRef("uploads", item.object, 1)
            envelope = Envelope(job_id, "upload_trigger", item.name, upload=0, source=ref)
            self.publish_event(envelope)

        return arrive

    def command(self, at_s: float, make: Callable[[], effects.Flow[Any]]) -> None:
        """Runs a command of a user at `at_s`."""
        self.commands_pending += 1

        def run() -> None:
            self.commands_pending -= 1
            self._start(make(), None, "api")

        self.at(at_s, run)

    # --- Pub/Sub ------------------------------------------------------------------------------

    def publish_event(self, envelope: Envelope) -> None:
        """Publishes the event of an object. It may be lost."""
        if self.rng.random() >= self.load.lost_event:
            self.publish(envelope)

    def publish(self, envelope: Envelope) -> None:
        """Publishes a message, sometimes twice."""
        key = unit_key(envelope)
        self.publishes[key] += 1
        for _ in range(2 if self.rng.random() < self.load.duplicate else 1):
            self.outstanding[key] += 1
            self.most_outstanding = max(self.most_outstanding, self.outstanding[key])
            message = Message(envelope, envelope.stage, self.now)
            delay_s = self.rng.expovariate(10)
            if self.rng.random() < self.load.slow:
                delay_s += self.rng.uniform(5, 60)
            self.at(self.elapsed_s + delay_s, partial(self._push, message))

    def _push(self, message: Message) -> None:
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
        self.at(self.elapsed_s + wait_s * self.rng.uniform(0.9, 1.1), lambda: self._push(message))

    # --- workers ------------------------------------------------------------------------------

    def at(self, at_s: float, run: Callable[[], None]) -> None:
        """Schedules a call."""
        heapq.heappush(self._events, (at_s, next(self._numbers), run))

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

    def perform(self, effect: effects.Effect) -> Any:
        """Performs an effect at once."""
        match effect:
            case effects.Read(paths):
                self.read_count += len(paths)
                return self.store.read(paths)
            case effects.RunQuery(query):
                docs = self.store.run_query(query)
                self.read_count += max(1, len(docs))
                return docs
            case effects.Publish(envelopes):
                for envelope in envelopes:
                    self.publish(envelope)
            case effects.InputsUploaded(job):
                return frozenset(self.uploads[job.id])
            case effects.PurgeJob(job_id):
                self.uploads.pop(job_id, None)
                self.objects = {name for name in self.objects if not name.startswith(job_id)}
                self.store.purge_job(job_id)
            case effects.DeleteObject(source):
                self.objects.discard(source.name)
            case effects.ListPrefixes():
                return ()
            case _:
                return None
        return None

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

    def commit(self, writes: tuple[Write, ...]) -> CommitResult:
        """Commits a batch and keeps the figures of jobs and units."""
        before = {write.path: self._status(write.path) for write in writes}
        result = self.store.commit(writes)
        if result is not CommitResult.OK:
            return result
        self.write_count += len(writes)
        for write in writes:
            if "/units/" in write.path and isinstance(write, Update):
                self.done_commits[write.path] += write.fields.get("state") == UnitState.DONE
            elif write.path.startswith("jobs/") and write.path.count("/") == 1:
                self._count_status(write.path, before[write.path])
        return result

    def _status(self, path: str) -> tuple[str, str]:
        document = self.store.documents.get(path)
        if document is None or not path.startswith("jobs/") or path.count("/") > 1:
            return "", ""
        return document[0]["owner"], document[0]["status"]

    def _count_status(self, path: str, before: tuple[str, str]) -> None:
        owner, status = self._status(path)
        self.running[owner] += (status == Status.RUNNING) - (before[1] == Status.RUNNING)
        self.most_running[owner] = max(self.most_running[owner], self.running[owner])
        job_id = path.removeprefix("jobs/")
        if status in (Status.DONE, Status.FAILED, Status.CANCELLED, Status.DELETED):
            self.ended.setdefault(job_id, self.elapsed_s)
            self.open_jobs.discard(job_id)
        else:
            self.open_jobs.add(job_id)
            self.ended.pop(job_id, None)

    # --- work ---------------------------------------------------------------------------------

    def _work(self, worker: Worker, claim: UnitClaim) -> None:
        worker.claim = claim
        envelope, owner = claim.envelope, claim.job.owner
        row = FUNCTIONS[envelope.stage]
        key = (owner, envelope.stage)
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
            worker.is_lost = not self._run_now(deliver.renew(claim, self.clock))
            self.at(min(ends_at, self.elapsed_s + LEASE_S / RENEWALS_PER_LEASE), step)

        self.at(min(ends_at, self.elapsed_s + LEASE_S / RENEWALS_PER_LEASE), step)

    def _run_now(self, flow: effects.Flow[Any]) -> Any:
        try:
            effect = next(flow)
            while True:
                if isinstance(effect, effects.Commit):
                    effect = flow.send(self.commit(effect.writes))
                else:
                    effect = flow.send(self.perform(effect))
        except StopIteration as end:
            return end.value

    def _outcome(self, worker: Worker, claim: UnitClaim) -> outcomes.UnitOutcome:
        """Stands for the handler of a stage: writes the unit's object once."""
        envelope, job = claim.envelope, claim.job
        if worker.is_lost:
            return effects.Lost()
        self.works[f"{job.id}/{envelope.stage}-{envelope.revision}-{envelope.part}"] += 1
        if FUNCTIONS[envelope.stage].reports_outcome:
            return outcomes.UnitDone()
        if self.rng.random() < self.load.overload:
            return effects.Unavailable("voice-overloaded", "Later.", "speech", 30)
        if self.rng.random() < self.load.failure:
            return effects.Failed("bad-input", "This cannot be done.")
        name = f"{job.id}/{envelope.stage}/{envelope.revision}/{envelope.part}"
        adopted = name in self.objects
        if not adopted:
            self.objects.add(name)
            consumer = find_consumer(envelope.stage, job.recipe)
            if consumer is not None and envelope.part != JOIN:
                self.publish_event(
                    Envelope(job.id, consumer, envelope.part, source=ObjectRef("work", name, 1))
                )
        plan = self._plan(job, envelope) if envelope.part == JOIN else {}
        review, facts = False, dict[str, Any]()
        if envelope.part == JOIN and envelope.stage == job.recipe.deck_stage:
            review = self.load.needs_review
            facts = make_deck_result(envelope.revision).to_dict()
        artifacts = (Artifact(name, "x", "work", name, 1, 1),)
        return outcomes.UnitDone(artifacts, facts=facts, plan=plan, adopted=adopted, review=review)

    def _plan(self, job: Job, envelope: Envelope) -> dict[str, tuple[dict[str, Any], ...]]:
        specs: tuple[dict[str, Any], ...] = tuple({"n": n} for n in range(self.load.part_count))
        plan: dict[str, tuple[dict[str, Any], ...]] = {}
        stage = job.recipe.next_stage(envelope.stage)
        while stage is not None and job.stages[stage] == "waiting":
            plan[stage] = specs
            stage = find_consumer(stage, job.recipe)
        return plan


def unit_key(envelope: Envelope) -> tuple[str, str, int, str]:
    """Returns the key of the unit of a message."""
    return envelope.job_id, envelope.stage, envelope.revision, envelope.part
