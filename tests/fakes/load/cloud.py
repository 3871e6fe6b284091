"""The documents, messages and objects of the load simulation, on a simulated clock, and its
figures."""

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

from shared.flows import effects
from shared.flows.documents import CommitResult, Update, Write
from shared.flows.envelope import Envelope
from shared.jobs.model import Status
from shared.jobs.stage import UnitState
from shared.pipeline import FUNCTIONS, Bucket
from tests.fakes.load.store import LimitedJobStore

START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Load:
    """The limits and faults of a run. Probabilities are per effect, delivery or publish.
    `recognitions_per_minute` is the quota of the speech recognition for all jobs; 0 is none."""

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
    recognitions_per_minute: int = 0
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
class Cloud:
    """The documents, messages and objects of many jobs, in memory."""

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
        self.recognized_at: list[float] = []
        self.refused_recognitions = 0
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
            self.at(self.elapsed_s + delay_s, partial(self.push, message))

    def at(self, at_s: float, run: Callable[[], None]) -> None:
        """Schedules a call."""
        heapq.heappush(self._events, (at_s, next(self._numbers), run))

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

    def run_now(self, flow: effects.Flow[Any]) -> Any:
        """Runs a flow at once."""
        try:
            effect = next(flow)
            while True:
                if isinstance(effect, effects.Commit):
                    effect = flow.send(self.commit(effect.writes))
                else:
                    effect = flow.send(self.perform(effect))
        except StopIteration as end:
            return end.value

    def push(self, message: Message) -> None:
        """Delivers a message to its function."""
        raise NotImplementedError


def unit_key(envelope: Envelope) -> tuple[str, str, int, str]:
    """Returns the key of the unit of a message."""
    return envelope.job_id, envelope.stage, envelope.revision, envelope.part


def check_access(function: str, effect: object) -> None:
    """Asserts that a function publishes only to topics, and looks up uploads only in the bucket,
    that it is granted."""
    access = FUNCTIONS[function].access
    if isinstance(effect, effects.Publish):
        refused = {envelope.stage for envelope in effect.envelopes} - set(access.publish)
        assert not refused, f"{function} may not publish to {sorted(refused)}"
    if isinstance(effect, effects.InputsUploaded):
        # It also deletes superseded uploads, and completes copies.
        assert (Bucket.UPLOADS, "") in access.write, f"{function} has no role for uploads"
