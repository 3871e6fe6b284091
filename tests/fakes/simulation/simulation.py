"""The simulation: runs flows step by step, so that a test orders steps, crashes and repetitions."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.errors import NotFound, WrongState
from shared.flows import effects
from shared.flows.documents import CommitResult, Create, Doc, Query, Update, Write, all_documents
from shared.flows.envelope import JOIN, Envelope, ObjectRef
from shared.jobs import deliver, outcomes
from shared.jobs.commands import cancel, deck_review, delete, redrive
from shared.jobs.creation import new_job
from shared.jobs.maintenance import cleanup, dead_letter, sweep
from shared.jobs.model import Job, JobInput, Status
from shared.jobs.stage import Unit, UnitClaim, UnitState, revision_of
from shared.jobs.webhook_deliveries import EVENTS, WEBHOOK
from shared.jobs.webhooks import new_webhook
from shared.pipeline import FUNCTIONS, RECIPES, Bucket, find_consumer
from shared.recipes.results import DeckResult
from shared.recipes.stored_object import Artifact, StoredObject
from shared.tasks import lease, run
from shared.tasks.task import SWEEP_PAGE_SIZE, TaskClaim, TaskDone, TaskOutcome, TaskState
from tests.fakes.job_store import MemoryJobStore

JOB = "j" * 20
OWNER = "someone"
FAST_WEBHOOK, SLOW_WEBHOOK = "a" * 20, "s" * 20
"""A server that accepts every call, and one that accepts only the third."""
START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class QueuedMessage:
    """A message that is queued until it is acknowledged."""

    envelope: Envelope
    number: int
    published_at: datetime
    in_flight: bool = False


@dataclass
class SimulatedWorker:
    """A running flow. `effect` is the effect that it waits for."""

    flow: effects.Flow[Any]
    effect: effects.Effect | None
    message: QueuedMessage | None
    name: str
    started_at: datetime
    lease_lost: bool = False
    has_started_job: bool = False
    """Whether it has set a job to RUNNING and not published its units yet."""


@dataclass
class Simulation:
    """One job with its documents, messages, objects, emails and workers, in memory."""

    recipe: str = "emotions"
    part_count: int = 2
    parts_in_flight: int = 2
    webhooks: tuple[str, ...] = (FAST_WEBHOOK, SLOW_WEBHOOK)
    now: datetime = START
    store: MemoryJobStore = field(default_factory=MemoryJobStore)
    messages: list[QueuedMessage] = field(default_factory=list)
    workers: list[SimulatedWorker] = field(default_factory=list)
    objects: dict[str, str] = field(default_factory=dict)
    uploads: set[str] = field(default_factory=set)
    prefixes: set[str] = field(default_factory=set)
    """Names of folders in the buckets: of jobs, and of caches of owners."""
    notifications_sent: Counter[str] = field(default_factory=Counter)
    lease_takeovers: Counter[str] = field(default_factory=Counter)
    done_commit_counts: Counter[str] = field(default_factory=Counter)
    webhook_calls: Counter[str] = field(default_factory=Counter)
    allowed_repeats: Counter[str] = field(default_factory=Counter)
    has_permanent_error: bool = False
    published_count: int = 0
    adopts_objects: bool = True
    next_outcome: str = ""
    """The outcome of the next unit, when it is not `done`."""
    needs_review: bool = False
    """Whether the first deck waits for review."""
    edit_count: int = 0
    sweeper_enabled: bool = True
    page_size: int = 100
    lost_response_count: int = 0
    terminal_states: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._numbers = itertools.count()
        # The version of a document is unique in the store, so each one is parsed once.
        self._parsed: dict[int, Job | Unit] = {}
        self.clock_and_ids = effects.ClockAndIds(
            lambda: self.now,
            lambda: f"t{next(self._numbers)}",
            random=random.Random(0).random,
            parts_in_flight=self.parts_in_flight,
        )
        self.store.now = lambda: self.now
        self.add_job(JOB, self.recipe)
        for webhook_id in self.webhooks:
            events = tuple(EVENTS.values())
            create = new_webhook(
                webhook_id, OWNER, "https://x.test", events, "whsec_eA==", self.now
            )
            assert self.store.commit([create]) is CommitResult.OK

    def add_job(self, job_id: str, recipe: str) -> None:
        """Adds a job that awaits uploads. Only the messages and objects of JOB are simulated."""
        result = self.store.commit(
            new_job(
                job_id=job_id,
                owner=OWNER,
                email="someone@example.org",
                recipe=RECIPES[recipe],
                title="",
                options={},
                inputs=tuple(
                    JobInput(row.name, f"jobs/{job_id}/{row.name}.0", "x/y", 1, row.name)
                    for row in RECIPES[recipe].inputs
                ),
                now=self.now,
                expires_at=self.now + timedelta(days=30),
            )
        )
        assert result is CommitResult.OK

    # --- events ------------------------------------------------------------------------------

    def upload_input(self, name: str) -> None:
        if name not in self.uploads and not self.is_deleted:
            self.uploads.add(name)
            ref = ObjectRef("uploads", f"jobs/{JOB}/{name}.0", 1)
            self.publish(Envelope(JOB, "upload_trigger", name, upload=0, source=ref))

    def publish(self, envelope: Envelope) -> None:
        self.messages.append(QueuedMessage(envelope, next(self._numbers), self.now))

    def duplicate_message(self, index: int) -> None:
        if self.messages:
            self.publish(self.messages[index % len(self.messages)].envelope)

    def deliver(self, index: int, *, to_dead_letter: bool = False) -> None:
        waiting = [message for message in self.messages if not message.in_flight]
        if not waiting:
            return
        message = waiting[index % len(waiting)]
        message.in_flight = True
        envelope, clock = message.envelope, self.clock_and_ids
        flow: effects.Flow[effects.Reply]
        if to_dead_letter:
            flow = dead_letter.dead_letter(envelope, clock, message.published_at)
        elif envelope.stage == WEBHOOK:
            flow = run.run(envelope, clock)
        else:
            flow = deliver.deliver(envelope, clock)
        self._start(flow, message, envelope.stage)

    def run_command(self, name: str) -> None:
        flow: effects.Flow[Any]
        if name == "redrive":
            flow = redrive.redrive(JOB, self.clock_and_ids, 30)
        elif name == "release":
            flow = deck_review.release(JOB, self.clock_and_ids)
        elif name in ("edit", "edit and release"):
            flow = self._edit(release=name != "edit")
        elif name == "cleanup":
            flow = cleanup.clean_up(self.clock_and_ids)
        else:
            commands: dict[str, Callable[..., effects.Flow[Any]]] = {
                "cancel": cancel.cancel,
                "delete": delete.delete,
                "sweep": sweep.sweep,
            }
            flow = commands[name](*([] if name == "sweep" else [JOB]), self.clock_and_ids)
        self._start(flow, None, name)

    def _edit(self, *, release: bool) -> effects.Flow[Any]:
        self.edit_count += 1
        spec = {"deck": f"edit {self.edit_count}", "review": not release}
        return deck_review.open_revision(
            JOB,
            self.clock_and_ids,
            base_revision=self.job.revision,
            spec=spec,
            options={},
            retention_days=30,
        )

    def step(self, index: int, outcome: str = "done") -> None:
        if self.workers:
            self._step(self.workers[index % len(self.workers)], outcome)

    def crash_worker(self, index: int) -> None:
        workers = [worker for worker in self.workers if self._may_crash(worker)]
        if workers:
            self._end(workers[index % len(workers)], acked=False)

    def _may_crash(self, worker: SimulatedWorker) -> bool:
        """Whether a crash of the worker can be healed. Only the sweeper resumes an interrupted
        command, which has no message, and announces the units of a job that was just started."""
        return self.sweeper_enabled or (worker.message is not None and not worker.has_started_job)

    def lose_response(self) -> None:
        """Commits the next guarded batch and answers CONFLICT, as the client's retry would."""
        self.lost_response_count = 1

    def renew_lease(self, index: int) -> None:
        running = [
            worker
            for worker in self.workers
            if isinstance(worker.effect, effects.RunUnit | effects.RunTask)
        ]
        if running:
            worker = running[index % len(running)]
            renewal: effects.Flow[bool]
            if isinstance(worker.effect, effects.RunTask):
                renewal = lease.renew(worker.effect.claim, self.clock_and_ids)
            else:
                assert isinstance(worker.effect, effects.RunUnit)
                renewal = deliver.renew(worker.effect.claim, self.clock_and_ids)
            if self.run(renewal) is False:
                worker.lease_lost = True

    def advance_time(self, seconds: float) -> None:
        """Advances the clock and ends workers that run for longer than a function may."""
        self.now += timedelta(seconds=seconds)
        for worker in list(self.workers):
            is_over = self.now - worker.started_at > timedelta(seconds=600)
            if is_over and (self.sweeper_enabled or not worker.has_started_job):
                self._end(worker, acked=False)

    # --- running flows -----------------------------------------------------------------------

    def run(self, flow: effects.Flow[Any]) -> Any:
        try:
            effect = next(flow)
            while True:
                effect = flow.send(self._perform(effect, None, "done"))
        except StopIteration as end:
            return end.value

    def _start(self, flow: effects.Flow[Any], message: QueuedMessage | None, name: str) -> None:
        worker = SimulatedWorker(flow, None, message, name, self.now)
        self.workers.append(worker)
        self._advance(worker, None, first=True)

    def _step(self, worker: SimulatedWorker, outcome: str) -> None:
        assert worker.effect is not None
        if self.next_outcome and isinstance(worker.effect, effects.RunUnit):
            outcome, self.next_outcome = self.next_outcome, ""
        result = self._perform(worker.effect, worker, outcome)
        if isinstance(worker.effect, effects.Publish):
            worker.has_started_job = False
        elif isinstance(worker.effect, effects.Commit) and result is CommitResult.OK:
            worker.has_started_job |= any(
                getattr(write, "fields", {}).get("status") is Status.RUNNING
                for write in worker.effect.writes
            )
        self._advance(worker, result)

    def _advance(self, worker: SimulatedWorker, value: Any, *, first: bool = False) -> None:
        try:
            worker.effect = next(worker.flow) if first else worker.flow.send(value)
        except StopIteration as end:
            self._end(worker, acked=end.value is not effects.Reply.NACK)
        except (NotFound, WrongState):
            self._end(worker, acked=True)

    def _end(self, worker: SimulatedWorker, *, acked: bool) -> None:
        self.workers.remove(worker)
        worker.flow.close()
        if worker.message is not None:
            worker.message.in_flight = False
            if acked:
                self.messages.remove(worker.message)

    def _perform(self, effect: effects.Effect, worker: SimulatedWorker | None, outcome: str) -> Any:
        match effect:
            case effects.Read(paths):
                return self.store.read(paths)
            case effects.RunQuery(query):
                return self._run_query(query)
            case effects.Commit(writes):
                return self._commit(writes)
            case effects.Publish(envelopes):
                for envelope in envelopes:
                    self.published_count += 1
                    self.publish(envelope)
            case effects.RunUnit(claim):
                assert worker is not None
                return self._run_unit(claim, worker, outcome)
            case effects.DeleteObject(source):
                self.objects.pop(source.name, None)
                self.uploads = {name for name in self.uploads if f"/{name}." not in source.name}
            case effects.PurgeJob(job_id):
                if job_id == JOB:
                    self.objects.clear()
                    self.uploads.clear()
                self.prefixes.discard(job_id)
                self.store.purge_job(job_id)
            case effects.InputsUploaded(job):
                return frozenset(self.uploads) if job.id == JOB else frozenset()
            case effects.RunTask(claim):
                assert worker is not None
                return self._call_webhook(claim, worker, outcome)
            case effects.ListPrefixes(_, _, after, limit):
                names = sorted(self.prefixes, key=lambda name: f"{name}/")
                return tuple(name for name in names if f"{name}/" > f"{after}/" or not after)[
                    :limit
                ]
            case _:
                return None
        return None

    def _run_query(self, query: Query) -> tuple[Doc, ...]:
        if query.order_by in ("next_check_at", "owner") and not self.sweeper_enabled:
            return ()
        if query.limit == SWEEP_PAGE_SIZE:
            query = replace(query, limit=self.page_size)
        return self.store.run_query(query)

    def _commit(self, writes: tuple[Write, ...]) -> CommitResult:
        before = self.job.status if f"jobs/{JOB}" in self.store.documents else None
        takeovers = [write for write in writes if self._takes_over(write)]
        result = self.store.commit(writes)
        if result is CommitResult.OK:
            self.lease_takeovers.update(_counter_key(write.path) for write in takeovers)
            for write in writes:
                if "/units/" in write.path and isinstance(write, Update):
                    self.done_commit_counts[write.path] += (
                        write.fields.get("state") == UnitState.DONE
                    )
            exists = f"jobs/{JOB}" in self.store.documents
            if exists and self.job.status is not before and self.job.is_terminal:
                self.terminal_states.append(
                    f"{self.job.status}.e{self.job.epoch}.r{self.job.revision}"
                )
            if self.lost_response_count and any(_is_guarded(write) for write in writes):
                self.lost_response_count = 0
                return CommitResult.CONFLICT
        return result

    def _takes_over(self, write: Write) -> bool:
        """Whether a claim takes over an expired lease: its holder has crashed or was too slow."""
        is_counted = "/units/notification" in write.path or write.path.startswith("deliveries/")
        if not isinstance(write, Update) or not is_counted:
            return False
        document = self.store.documents.get(write.path)
        is_leased = document is not None and document[0]["state"] == UnitState.LEASED
        return is_leased and write.fields.get("state") == UnitState.LEASED

    def _run_unit(
        self, claim: UnitClaim, worker: SimulatedWorker, outcome: str
    ) -> outcomes.UnitOutcome:
        """Stands for the handler of a stage, in one step: writes the unit's object once."""
        envelope = claim.envelope
        if worker.lease_lost:
            return effects.Lost()
        if outcome == "failed" and not FUNCTIONS[envelope.stage].reports_outcome:
            self.has_permanent_error = True
            return effects.Failed("bad-input", "This cannot be done.")
        if outcome == "retry":
            return effects.Retry("answer-unusable", "Again.")
        if outcome == "unavailable":
            return effects.Unavailable("voice-overloaded", "Later.", "speech", 30)
        if FUNCTIONS[envelope.stage].reports_outcome:
            self.notifications_sent[f"{envelope.revision}-{envelope.part}"] += 1
            return outcomes.UnitDone()
        name = f"{envelope.stage}/{envelope.revision}/{envelope.part}"
        adopted = name in self.objects
        if adopted and not self.adopts_objects:
            return effects.Failed("artifact-conflict", "Another object has this name.")
        if not adopted:
            self.objects[name] = claim.token
            consumer = find_consumer(envelope.stage, claim.job.recipe)
            if consumer is not None and envelope.part != JOIN:
                ref = ObjectRef("work", name, 1)
                self.publish(Envelope(JOB, consumer, envelope.part, source=ref))
        plan: dict[str, tuple[dict[str, Any], ...]] = {}
        if envelope.part == JOIN:
            specs: tuple[dict[str, Any], ...] = tuple({"n": n} for n in range(self.part_count))
            next_stage = claim.job.recipe.next_stage(envelope.stage)
            while next_stage is not None and claim.job.stages[next_stage] == "waiting":
                plan[next_stage] = specs
                next_stage = find_consumer(next_stage, claim.job.recipe)
        artifacts = (Artifact(name, "x", "work", name, 1, 1),)
        review, facts = False, dict[str, Any]()
        if envelope.part == JOIN and envelope.stage == claim.job.recipe.deck_stage:
            review = bool(claim.stage.parts[0].get("review", self.needs_review))
            facts = make_deck_result(envelope.revision).to_dict()
        return outcomes.UnitDone(artifacts, facts=facts, plan=plan, adopted=adopted, review=review)

    def _call_webhook(self, claim: TaskClaim, worker: SimulatedWorker, outcome: str) -> TaskOutcome:
        """Stands for the handler of a delivery. The slow server accepts the third call."""
        if worker.lease_lost:
            return effects.Lost()
        task = claim.task
        self.webhook_calls[task.id] += 1
        is_refused = task.data["webhook"] == SLOW_WEBHOOK and self.allowed_repeats[task.id] < 2
        if is_refused or outcome != "done":
            self.allowed_repeats[task.id] += 1
            wait_s = 60 if self.sweeper_enabled and self.allowed_repeats[task.id] == 2 else 5
            return effects.Later(wait_s, "status-503", "It answered 503.")
        return TaskDone()

    # --- state -------------------------------------------------------------------------------

    @property
    def is_deleted(self) -> bool:
        """Whether the job is a tombstone, or its tombstone is gone too."""
        return f"jobs/{JOB}" not in self.store.documents or self.job.status is Status.DELETED

    @property
    def job(self) -> Job:
        (doc,) = self.store.read([f"jobs/{JOB}"])
        assert doc is not None
        if doc.version not in self._parsed:
            self._parsed[doc.version] = Job.from_doc(doc)
        job = self._parsed[doc.version]
        assert isinstance(job, Job)
        return job

    def units(self) -> list[Unit]:
        units: list[Unit] = []
        for doc in self.store.run_query(all_documents(f"jobs/{JOB}/units")):
            if doc.version not in self._parsed:
                self._parsed[doc.version] = Unit.from_doc(doc)
            unit = self._parsed[doc.version]
            assert isinstance(unit, Unit)
            units.append(unit)
        return units

    def deliveries(self) -> dict[str, dict[str, Any]]:
        """Returns the deliveries of JOB by id."""
        docs = self.store.run_query(all_documents("deliveries"))
        return {doc.id: dict(doc.data) for doc in docs if doc.data["job"] == JOB}

    @property
    def has_open_deliveries(self) -> bool:
        """Whether a delivery has not ended."""
        ends = (TaskState.DONE, TaskState.FAILED)
        return any(delivery["state"] not in ends for delivery in self.deliveries().values())

    def stage_count(self, name: str, field: str) -> int:
        """Returns the sum of a field over the shards of a stage."""
        path = f"jobs/{JOB}/stages/{name}-{revision_of(name, self.job.revision)}."
        return sum(
            data[field] for key, (data, _) in self.store.documents.items() if key.startswith(path)
        )

    def stage(self, name: str) -> dict[str, Any]:
        path = f"jobs/{JOB}/stages/{name}-{revision_of(name, self.job.revision)}"
        return self.store.documents[path][0]


def _is_guarded(write: Write) -> bool:
    return isinstance(write, Create) or getattr(write, "version", None) is not None


def _counter_key(path: str) -> str:
    """Returns the revision and outcome of a notification, or the id of a delivery."""
    return path.rpartition("/")[2].removeprefix("notification-")


def make_deck_result(revision: int) -> DeckResult:
    """Returns the result of slide_generation for a deck without slides."""
    return DeckResult(1, 0, revision, 0, 0, StoredObject(Bucket.WORK, "deck.json", 1, 1), ())
