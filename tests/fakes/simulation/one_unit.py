"""A job of which one unit is delivered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from shared.flows.documents import Update, shard_path
from shared.flows.effects import Flow, Reply
from shared.flows.envelope import Envelope
from shared.jobs.creation import new_job
from shared.jobs.model import JobInput, Status
from shared.jobs.stage import Unit
from shared.jobs.units.deliver import deliver
from shared.jobs.units.outcomes import UnitDone
from shared.pipeline import RECIPES
from shared.runtime.interpreter import Interpreter
from shared.runtime.leases import UnitLease
from tests.fakes.clock import ManualClock
from tests.fakes.job_store import MemoryJobStore
from tests.fakes.services import FixedServices

JOB = "j" * 20
START = datetime(2026, 1, 1, tzinfo=UTC)
MESSAGE = Envelope(JOB, "upload_trigger", "video", upload=0)


@dataclass
class OneUnit:
    """A running job of which the first part is delivered. Its handler works for `work_s` and raises
    `errors`, one per delivery. Without an error it succeeds."""

    errors: Sequence[BaseException] = ()
    work_s: float = 0
    clock: ManualClock = field(default_factory=lambda: ManualClock(START))
    store: MemoryJobStore = field(default_factory=MemoryJobStore)
    logged: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    run_count: int = 0
    random: float = 0.5

    def __post_init__(self) -> None:
        recipe = RECIPES["frames"]
        video = JobInput("video", f"jobs/{JOB}/video.0", "video/mp4", 1, "clip.mp4")
        writes = new_job(
            job_id=JOB,
            owner="alice",
            email="",
            recipe=recipe,
            title="",
            options={},
            inputs=(video,),
            now=START,
            expires_at=START + timedelta(days=30),
        )
        self.store.commit(writes)
        started = {"status": Status.RUNNING, "running_since": START}
        self.store.commit([Update(f"jobs/{JOB}", started)])
        tokens = iter(range(10_000))
        self.services = FixedServices(
            store=cast(Any, self.store),
            objects=cast(Any, None),
            publisher=self,
            clock=self.clock,
            log=lambda event, /, **fields: self.logged.append((event, fields)),
            new_token=lambda: f"t{next(tokens)}",
            random=lambda: self.random,
        )

    def publish(self, _envelopes: Iterable[Envelope]) -> None:
        """Drops the messages."""

    def handle(self, _lease: UnitLease) -> UnitDone:
        self.run_count += 1
        self.clock.sleep(self.work_s)
        if self.run_count <= len(self.errors):
            raise self.errors[self.run_count - 1]
        return UnitDone()

    def deliver(self) -> Reply:
        reply: Reply = self.run(deliver(MESSAGE, self.services.clock_and_ids))
        return reply

    def run(self, flow: Flow[Any]) -> Any:
        return Interpreter(self.services, unit_handler=self.handle).run(flow)

    @property
    def unit(self) -> Unit:
        (doc,) = self.store.read([f"jobs/{JOB}/units/upload_trigger-0-video"])
        assert doc is not None
        return Unit.from_doc(doc)

    @property
    def retries(self) -> int:
        """The retries of the stage, from its only shard."""
        shard, _ = self.store.documents[shard_path(JOB, "upload_trigger", 0, 0)]
        return int(shard["retries"])

    @property
    def stage_version(self) -> int:
        return self.store.documents[f"jobs/{JOB}/stages/upload_trigger-0"][1]

    @property
    def job(self) -> dict[str, Any]:
        return self.store.documents[f"jobs/{JOB}"][0]
