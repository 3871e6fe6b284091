"""A world in which flows run step by step, so that a test decides who moves, crashes or repeats."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.errors import NotFound, WrongState
from shared.flows import effects
from shared.flows.documents import Committed, Create, Update, Write
from shared.flows.envelope import JOIN, Envelope, ObjectRef
from shared.jobs import claims, deliver, rules
from shared.jobs.commands import cancel, deck_review, delete, redrive
from shared.jobs.maintenance import cleanup, dead_letter, sweep
from shared.jobs.model import Job, JobInput, Status, Unit, UnitState, new_job, revision_of
from shared.jobs.webhooks import EVENTS, WEBHOOK, new_hook
from shared.pipeline import RECIPES, Bucket, feeds
from shared.recipes.results import DeckResult
from shared.recipes.stored_object import Artefact, StoredObject
from shared.tasks import run
from shared.tasks.task import (
    Abandoned,
    ErrandClaimed,
    ErrandOutcome,
    ErrandState,
    Postponed,
    Settled,
)
from tests.fakes.store import MemoryLedger

JOB = "j" * 20
OWNER = "someone"
PROMPT_HOOK, SLOW_HOOK = "a" * 20, "s" * 20
"""A server that answers, and one that has to be called three times."""
START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Mail:
    """A message that Pub/Sub holds until it is acknowledged."""

    envelope: Envelope
    number: int
    in_flight: bool = False


@dataclass
class Worker:
    """A flow under way. `effect` is what it waits for the world to do."""

    flow: effects.Flow[Any]
    effect: effects.Effect | None
    mail: Mail | None
    name: str
    since: datetime
    stop: bool = False


@dataclass
class World:
    """One job among ledger, topics, objects and mailbox, and everything that moves on it."""

    recipe: str = "emotions"
    parts: int = 2
    servers: tuple[str, ...] = (PROMPT_HOOK, SLOW_HOOK)
    now: datetime = START
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    topic: list[Mail] = field(default_factory=list)
    workers: list[Worker] = field(default_factory=list)
    objects: dict[str, str] = field(default_factory=dict)
    uploads: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)
    """Names of folders in the buckets: of jobs, and of owners' caches."""
    sent: Counter[str] = field(default_factory=Counter)
    takeovers: Counter[str] = field(default_factory=Counter)
    done_commits: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    excused: Counter[str] = field(default_factory=Counter)
    refused: bool = False
    overslept: bool = False
    """Whether time jumped by more than dead_letter waits for anything."""
    published: int = 0
    adopt: bool = True
    spoiled: str = ""
    """How the next work ends, when it shall not end well."""
    review: bool = False
    """Whether the deck waits for a person when it is written first."""
    revised: int = 0
    sweeps: bool = True
    page: int = 100
    lost_answers: int = 0
    ends: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._numbers = itertools.count()
        # A document's version is unique in the ledger: each is parsed once, not at every look.
        self._parsed: dict[int, Job | Unit] = {}
        self.clockwork = effects.Clockwork(lambda: self.now, lambda: f"t{next(self._numbers)}")
        self.add(JOB, self.recipe)
        for hook in self.servers:
            events = tuple(EVENTS.values())
            made = new_hook(hook, OWNER, "https://x.test", events, "whsec_eA==", self.now)
            assert self.ledger.commit([made]) is Committed.OK

    def add(self, job_id: str, recipe: str) -> None:
        """A job that waits for its uploads. Only JOB's messages and objects move in this world."""
        made = self.ledger.commit(
            new_job(
                job_id=job_id,
                owner=OWNER,
                email="someone@example.org",
                recipe=RECIPES[recipe],
                title="",
                options={},
                inputs=tuple(
                    JobInput(one.name, f"jobs/{job_id}/{one.name}.0", "x/y", 1, one.name)
                    for one in RECIPES[recipe].inputs
                ),
                now=self.now,
                expires_at=self.now + timedelta(days=30),
            )
        )
        assert made is Committed.OK

    # --- what can happen ---------------------------------------------------------------------

    def upload(self, name: str) -> None:
        if name not in self.uploads and not self.deleted:
            self.uploads.add(name)
            ref = ObjectRef("uploads", f"jobs/{JOB}/{name}.0", 1)
            self.post(Envelope(JOB, "upload_trigger", name, upload=0, source=ref))

    def post(self, envelope: Envelope) -> None:
        self.topic.append(Mail(envelope, next(self._numbers)))

    def duplicate(self, index: int) -> None:
        if self.topic:
            self.post(self.topic[index % len(self.topic)].envelope)

    def deliver(self, index: int, *, dead: bool = False) -> None:
        waiting = [mail for mail in self.topic if not mail.in_flight]
        if not waiting:
            return
        mail = waiting[index % len(waiting)]
        mail.in_flight = True
        handle = run.do if mail.envelope.stage == WEBHOOK else deliver.deliver
        handle = dead_letter.dead_letter if dead else handle
        self._start(handle(mail.envelope, self.clockwork), mail, mail.envelope.stage)

    def call(self, what: str) -> None:
        flow: effects.Flow[Any]
        if what == "redrive":
            flow = redrive.redrive(JOB, self.clockwork, 30)
        elif what == "release":
            flow = deck_review.release(JOB, self.clockwork)
        elif what in ("edit", "edit and release"):
            flow = self._edit(release=what != "edit")
        elif what == "tidy":
            flow = cleanup.tidy(self.clockwork)
        else:
            commands: dict[str, Callable[..., effects.Flow[Any]]] = {
                "cancel": cancel.cancel,
                "delete": delete.delete,
                "sweep": sweep.sweep,
            }
            flow = commands[what](*([] if what == "sweep" else [JOB]), self.clockwork)
        self._start(flow, None, what)

    def _edit(self, *, release: bool) -> effects.Flow[Any]:
        self.revised += 1
        spec = {"deck": f"edit {self.revised}", "review": not release}
        return deck_review.revise(
            JOB, self.clockwork, base=self.job.revision, spec=spec, options={}, kept_days=30
        )

    def step(self, index: int, outcome: str = "finished") -> None:
        if self.workers:
            self._step(self.workers[index % len(self.workers)], outcome)

    def crash(self, index: int) -> None:
        # What breaks off in the middle of a person's call has no message that comes again: only
        # the sweeper takes that up.
        mortal = [one for one in self.workers if self.sweeps or one.mail is not None]
        if mortal:
            self._end(mortal[index % len(mortal)], acked=False)

    def lose_answer(self) -> None:
        """The next guarded batch is written, and its repetition by the client meets it."""
        self.lost_answers = 1

    def renew(self, index: int) -> None:
        working = [
            one for one in self.workers if isinstance(one.effect, effects.Work | effects.Run)
        ]
        if working:
            worker = working[index % len(working)]
            beat: effects.Flow[bool]
            if isinstance(worker.effect, effects.Run):
                beat = run.renew(worker.effect.claimed, self.clockwork)
            else:
                assert isinstance(worker.effect, effects.Work)
                beat = deliver.renew(worker.effect.claimed, self.clockwork)
            if self.run(beat) is False:
                worker.stop = True

    def pass_time(self, seconds: float) -> None:
        """Time passes, and the platform ends what runs for longer than a function may."""
        self.now += timedelta(seconds=seconds)
        self.overslept |= seconds > rules.GIVE_UP_S
        for worker in list(self.workers):
            if self.now - worker.since > timedelta(seconds=600):
                self._end(worker, acked=False)

    # --- how flows move ----------------------------------------------------------------------

    def run(self, flow: effects.Flow[Any]) -> Any:
        try:
            effect = next(flow)
            while True:
                effect = flow.send(self._perform(effect, None, "finished"))
        except StopIteration as end:
            return end.value

    def _start(self, flow: effects.Flow[Any], mail: Mail | None, name: str) -> None:
        worker = Worker(flow, None, mail, name, self.now)
        self.workers.append(worker)
        self._advance(worker, None, first=True)

    def _step(self, worker: Worker, outcome: str) -> None:
        assert worker.effect is not None
        if self.spoiled and isinstance(worker.effect, effects.Work):
            outcome, self.spoiled = self.spoiled, ""
        self._advance(worker, self._perform(worker.effect, worker, outcome))

    def _advance(self, worker: Worker, value: Any, *, first: bool = False) -> None:
        try:
            worker.effect = next(worker.flow) if first else worker.flow.send(value)
        except StopIteration as end:
            self._end(worker, acked=end.value is not effects.Reply.NACK)
        except (NotFound, WrongState):
            self._end(worker, acked=True)

    def _end(self, worker: Worker, *, acked: bool) -> None:
        self.workers.remove(worker)
        worker.flow.close()
        if worker.mail is not None:
            worker.mail.in_flight = False
            if acked:
                self.topic.remove(worker.mail)

    def _perform(self, effect: effects.Effect, worker: Worker | None, outcome: str) -> Any:
        match effect:
            case effects.Read(paths):
                return self.ledger.read(paths)
            case effects.ListUnder(collection):
                return self.ledger.list_under(collection)
            case effects.Commit(writes):
                return self._commit(writes)
            case effects.Publish(envelopes):
                for envelope in envelopes:
                    self.published += 1
                    self.post(envelope)
            case effects.Work(claimed):
                assert worker is not None
                return self._work(claimed, worker, outcome)
            case effects.Discard(source):
                self.objects.pop(source.name, None)
                self.uploads = {one for one in self.uploads if f"/{one}." not in source.name}
            case effects.Purge(job_id):
                if job_id == JOB:
                    self.objects.clear()
                    self.uploads.clear()
                self.folders.discard(job_id)
                self.ledger.purge(job_id)
            case effects.Arrived(job):
                return frozenset(self.uploads) if job.id == JOB else frozenset()
            case effects.Stalled(before):
                return self.ledger.stalled(before, self.page) if self.sweeps else ()
            case effects.Tombstones(before):
                return self.ledger.tombstones(before)
            case effects.Owned(collection, owner):
                return self.ledger.documents_of(collection, owner)
            case effects.Due(collection, before):
                return self.ledger.due(collection, before, self.page) if self.sweeps else ()
            case effects.Run(errand):
                assert worker is not None
                return self._call(errand, worker, outcome)
            case effects.Abandoned(before):
                return self.ledger.abandoned(before, self.page)
            case effects.Expired(before):
                return self.ledger.expired(before, self.page)
            case effects.Folders():
                return tuple(sorted(self.folders))
            case _:
                return None
        return None

    def _commit(self, writes: tuple[Write, ...]) -> Committed:
        before = self.job.status if f"jobs/{JOB}" in self.ledger.docs else None
        taken = [write for write in writes if self._takes_over(write)]
        done = self.ledger.commit(writes)
        if done is Committed.OK:
            self.takeovers.update(_number(write.path) for write in taken)
            for write in writes:
                if "/units/" in write.path and isinstance(write, Update):
                    self.done_commits[write.path] += write.fields.get("state") == UnitState.DONE
            gone = f"jobs/{JOB}" not in self.ledger.docs
            if not gone and self.job.status is not before and self.job.terminal:
                self.ends.append(f"{self.job.status}.e{self.job.epoch}.r{self.job.revision}")
            if self.lost_answers and any(_guarded(write) for write in writes):
                self.lost_answers = 0
                return Committed.CONFLICT
        return done

    def _takes_over(self, write: Write) -> bool:
        """Whether a claim takes a lease that ran out: its holder crashed, or was too slow."""
        told = "/units/notification" in write.path or write.path.startswith("deliveries/")
        if not isinstance(write, Update) or not told:
            return False
        there = self.ledger.docs.get(write.path)
        leased = there is not None and there[0]["state"] == UnitState.LEASED
        return leased and write.fields.get("state") == UnitState.LEASED

    def _work(self, claimed: claims.Claimed, worker: Worker, outcome: str) -> claims.Outcome:
        """The stage's own code, in one step: it reads its input, writes its object once."""
        envelope = claimed.envelope
        if worker.stop:
            return effects.Stopped()
        if outcome == "refused" and envelope.stage != rules.NOTIFICATION:
            self.refused = True
            return effects.Refused("bad-input", "This cannot be done.")
        if outcome == "faltered":
            return effects.Faltered("model-overloaded", "Later.")
        if envelope.stage == rules.NOTIFICATION:
            self.sent[f"{envelope.revision}-{envelope.part}"] += 1
            return claims.Finished()
        name = f"{envelope.stage}/{envelope.revision}/{envelope.part}"
        adopted = name in self.objects
        if adopted and not self.adopt:
            return effects.Refused("artefact-conflict", "Another object stands there.")
        if not adopted:
            self.objects[name] = claimed.token
            fed = feeds(envelope.stage, claimed.job.recipe)
            if fed is not None and envelope.part != JOIN:
                ref = ObjectRef("work", name, 1)
                self.post(Envelope(JOB, fed, envelope.part, source=ref))
        plan: dict[str, tuple[dict[str, Any], ...]] = {}
        if envelope.part == JOIN:
            specs: tuple[dict[str, Any], ...] = tuple({"n": n} for n in range(self.parts))
            following = claimed.job.recipe.after(envelope.stage)
            while following is not None and claimed.job.stages[following] == "waiting":
                plan[following] = specs
                following = feeds(following, claimed.job.recipe)
        artefacts = (Artefact(name, "x", "work", name, 1, 1),)
        review, facts = False, dict[str, Any]()
        if envelope.part == JOIN and envelope.stage == claimed.job.recipe.deck_stage:
            review = bool(claimed.stage.parts[0].get("review", self.review))
            facts = a_deck(envelope.revision).to_dict()
        return claims.Finished(artefacts, facts=facts, plan=plan, adopted=adopted, review=review)

    def _call(self, claimed: ErrandClaimed, worker: Worker, outcome: str) -> ErrandOutcome:
        """A stranger's server is called; the slow one has to be called three times."""
        if worker.stop:
            return Abandoned()
        errand = claimed.errand
        self.calls[errand.id] += 1
        slow = errand.data["webhook"] == SLOW_HOOK and self.excused[errand.id] < 2
        if slow or outcome != "finished":
            self.excused[errand.id] += 1
            later_s = 60 if self.sweeps and self.excused[errand.id] == 2 else 5
            return Postponed(later_s, "status-503", "It answered 503.")
        return Settled()

    # --- what can be seen --------------------------------------------------------------------

    @property
    def deleted(self) -> bool:
        """Whether the job is a tombstone, or not even that any more."""
        return f"jobs/{JOB}" not in self.ledger.docs or self.job.status is Status.DELETED

    @property
    def job(self) -> Job:
        (doc,) = self.ledger.read([f"jobs/{JOB}"])
        assert doc is not None
        if doc.version not in self._parsed:
            self._parsed[doc.version] = Job.from_doc(doc)
        job = self._parsed[doc.version]
        assert isinstance(job, Job)
        return job

    def units(self) -> list[Unit]:
        found: list[Unit] = []
        for doc in self.ledger.list_under(f"jobs/{JOB}/units"):
            if doc.version not in self._parsed:
                self._parsed[doc.version] = Unit.from_doc(doc)
            unit = self._parsed[doc.version]
            assert isinstance(unit, Unit)
            found.append(unit)
        return found

    def deliveries(self) -> dict[str, dict[str, Any]]:
        """The calls that are made because of JOB, by their ids."""
        found = self.ledger.list_under("deliveries")
        return {doc.id: dict(doc.data) for doc in found if doc.data["job"] == JOB}

    @property
    def calling(self) -> bool:
        """Whether calls are still to be made."""
        ends = (ErrandState.DONE, ErrandState.FAILED)
        return any(one["state"] not in ends for one in self.deliveries().values())

    def stage(self, name: str) -> dict[str, Any]:
        path = f"jobs/{JOB}/stages/{name}-{revision_of(name, self.job.revision)}"
        return self.ledger.docs[path][0]


def _guarded(write: Write) -> bool:
    return isinstance(write, Create) or getattr(write, "version", None) is not None


def _number(path: str) -> str:
    """What is counted by: a notification's revision and outcome, or a delivery's id."""
    return path.rpartition("/")[2].removeprefix("notification-")


def a_deck(revision: int) -> DeckResult:
    """What slide_generation records of a deck without slides."""
    return DeckResult(1, 0, revision, 0, 0, StoredObject(Bucket.WORK, "deck.json", 1, 1), ())
