"""The documents, messages and workers of the simulation, and what tests read of them."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.flows import effects
from shared.flows.documents import CommitResult, Create, Update, Write, all_documents
from shared.flows.encrypted import Encrypted
from shared.flows.envelope import Envelope
from shared.jobs.creation import new_job
from shared.jobs.model import Job, JobInput, Status
from shared.jobs.stage import Unit, UnitState, revision_of
from shared.jobs.webhooks.bodies import EVENTS
from shared.jobs.webhooks.deliveries import DELIVERY
from shared.jobs.webhooks.events import EVENT
from shared.jobs.webhooks.webhook import new_webhook
from shared.pipeline import RECIPES
from shared.tasks.task import TaskState
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
class SimulatedState:
    """One job with its documents, messages, objects, emails and workers, in memory."""

    recipe: str = "emotions"
    part_count: int = 2
    parts_in_flight: int = 2
    webhooks: tuple[str, ...] = (FAST_WEBHOOK, SLOW_WEBHOOK)
    webhook_events: tuple[str, ...] = tuple(EVENTS.values())
    """The events that the webhooks receive."""
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
    options: Mapping[str, Any] = field(default_factory=dict)
    """The options of the job, for stages that only some jobs have."""
    sweeper_enabled: bool = True
    page_size: int = 100
    lost_response_count: int = 0
    terminal_states: list[str] = field(default_factory=list)
    event_counts: Counter[str] = field(default_factory=Counter)
    """How often JOB has changed its status so that an event tells about it."""

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
            create = new_webhook(
                webhook_id,
                OWNER,
                "https://x.test",
                self.webhook_events,
                Encrypted("k", ""),
                self.now,
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
                options=self.options,
                inputs=tuple(
                    JobInput(row.name, f"jobs/{job_id}/{row.name}.0", "x/y", 1, row.name)
                    for row in RECIPES[recipe].inputs
                ),
                now=self.now,
                expires_at=self.now + timedelta(days=30),
            )
        )
        assert result is CommitResult.OK

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
        return self._tasks_of_kind(DELIVERY)

    def event_tasks(self) -> dict[str, dict[str, Any]]:
        """Returns the tasks of events of JOB by id."""
        return self._tasks_of_kind(EVENT)

    def _tasks_of_kind(self, kind: str) -> dict[str, dict[str, Any]]:
        docs = self.store.run_query(all_documents("deliveries"))
        return {
            doc.id: dict(doc.data)
            for doc in docs
            if doc.data["job"] == JOB and doc.data["kind"] == kind
        }

    @property
    def has_open_deliveries(self) -> bool:
        """Whether a delivery, or the task of an event, has not ended."""
        ends = (TaskState.DONE, TaskState.FAILED)
        tasks = self.deliveries() | self.event_tasks()
        return any(task["state"] not in ends for task in tasks.values())

    def stage_count(self, name: str, field: str) -> int:
        """Returns the sum of a field over the shards of a stage."""
        path = f"jobs/{JOB}/stages/{name}-{revision_of(name, self.job.revision)}."
        return sum(
            data[field] for key, (data, _) in self.store.documents.items() if key.startswith(path)
        )

    def stage(self, name: str) -> dict[str, Any]:
        path = f"jobs/{JOB}/stages/{name}-{revision_of(name, self.job.revision)}"
        return self.store.documents[path][0]

    def publish(self, envelope: Envelope) -> None:
        self.messages.append(QueuedMessage(envelope, next(self._numbers), self.now))

    def takes_over(self, write: Write) -> bool:
        """Whether a claim takes over an expired lease: its holder has crashed or was too slow."""
        is_counted = "/units/notification" in write.path or write.path.startswith("deliveries/")
        if not isinstance(write, Update) or not is_counted:
            return False
        document = self.store.documents.get(write.path)
        is_leased = document is not None and document[0]["state"] == UnitState.LEASED
        return is_leased and write.fields.get("state") == UnitState.LEASED


def is_guarded(write: Write) -> bool:
    return isinstance(write, Create) or getattr(write, "version", None) is not None


def counter_key(path: str) -> str:
    """Returns the revision and outcome of a notification, or the id of a delivery."""
    return path.rpartition("/")[2].removeprefix("notification-")
