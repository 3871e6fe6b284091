"""A job whose packs are scored and joined, for tests of the parts and of the join."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from functions.emotion_scoring.join import join_scores
from functions.emotion_scoring.part import score_pack
from shared.entrypoints.stage import UnitContext
from shared.flows.documents import Put, unit_path
from shared.flows.envelope import JOIN, Envelope, ObjectRef
from shared.jobs.creation import free_fields
from shared.jobs.model import Job
from shared.jobs.stage import Stage, StageState, UnitClaim
from shared.jobs.units.outcomes import UnitDone
from shared.pipeline import Bucket
from shared.recipes.stored_object import Artifact, StoredObject
from shared.recipes.upload_results import Upload, Uploads
from shared.runtime.leases import UnitLease
from shared.runtime.services import Services, SystemClock
from shared.runtime.settings import Settings
from tests.fakes.emotion_models import (
    ANGRY,
    HAPPY,
    SAD,
    ColouredSquare,
    SquareDetector,
    make_square_pack,
)
from tests.fakes.job_store import MemoryJobStore
from tests.fakes.services import FixedServices
from tests.fixtures.gcs.server import PROJECT
from tests.fixtures.stage_harness import NOW, FakeLog, StageHarness

STAGE = "emotion_scoring"


@dataclass
class Scene:
    """One job in progress: its packs in the object store and its units in the job store."""

    harness: StageHarness
    squares: SquareDetector
    job: Job
    parts: int = 3
    store: MemoryJobStore = field(default_factory=MemoryJobStore)
    lose_lease_after: int | None = None
    """Number of scored pictures after which the lease is lost."""

    def put_pack(
        self, number: int, frames: Sequence[Sequence[ColouredSquare]], first: int
    ) -> StoredObject:
        """Stores a pack in the work bucket, with a prefix that triggers no function."""
        name = f"packs/{self.job.id}/abcdefabcdef/{number:02d}.pack"
        data = make_square_pack(first, frames)
        return self.harness.put_object(Bucket.WORK, name, data, "application/zip")

    def record(self, stage: str, part_id: str, *artifacts: Artifact, **facts: Any) -> None:
        """Records a unit as done."""
        unit = free_fields(NOW) | {
            "stage": stage, "revision": 0, "part": part_id, "state": "done", "token": "t",
            "attempt": 1, "claimed_at": NOW,
            "artifacts": [artifact.to_dict() for artifact in artifacts], "facts": facts,
        }  # fmt: skip
        self.store.commit([Put(unit_path(self.job.id, stage, 0, part_id), unit)])

    def make_context(self, part_id: str, source: ObjectRef | None = None) -> UnitContext:
        specs = tuple({"pack": n} for n in range(self.parts))
        plan = Stage(STAGE, 0, StageState.RUNNING, self.parts, 0, specs, NOW, 2, 1)
        envelope = Envelope(self.job.id, STAGE, part_id, source=source)
        services = FixedServices(
            store=self.store,  # handlers only read documents
            objects=self.harness.objects,
            publisher=FakeLog(),
            clock=SystemClock(),
            log=self.harness.log,
            new_token=lambda: "t",
        )
        settings = Settings(PROJECT, self.harness.buckets, "https://example.org", local=True)
        lease = UnitLease(UnitClaim(envelope, "t", 1, self.job, plan), time.monotonic() + 3600)
        return LosingContext(lease, services, settings, self)

    def score(self, part_id: str, source: ObjectRef | None = None) -> UnitDone:
        """Scores a part and records it as done."""
        done = score_pack(self.make_context(part_id, source))
        self.record(STAGE, part_id, *done.artifacts, **dict(done.facts or {}))
        return done

    def join(self) -> UnitDone:
        return join_scores(self.make_context(JOIN))


class LosingContext(UnitContext):
    """Loses its lease after the scene's number of pictures."""

    def __init__(
        self, lease: UnitLease, services: Services, settings: Settings, scene: Scene
    ) -> None:
        super().__init__(lease, services, settings)
        self._unit_lease, self._scene = lease, scene

    def check(self) -> None:
        limit = self._scene.lose_lease_after
        if limit is not None and self._scene.squares.call_count >= limit:
            self._unit_lease.lost.set()
        super().check()


def upload_facts(video: Upload) -> dict[str, Any]:
    """Returns the facts of a job whose video is uploaded."""
    return {Uploads.STAGE: Uploads({"video": video}).to_dict()}


FACE_FRAMES = [
    [[(20, HAPPY)], [(30, HAPPY), (200, SAD)], [(40, HAPPY), (205, SAD)]],
    [[(50, HAPPY), (210, SAD)], [], [(60, HAPPY)]],
    [[(65, HAPPY)], [(70, ANGRY)], [(75, ANGRY), (240, SAD)]],
]
"""Two faces in three packs: one stays and becomes angry, the other leaves and returns later."""


def score_all(scene: Scene, frames: Sequence[Any] = FACE_FRAMES) -> Scene:
    for number, pack in enumerate(frames):
        stored = scene.put_pack(number, pack, 3 * number)
        scene.record("frame_extraction", str(number), stored.to_artifact("pack", "pack"))
        scene.score(str(number))
    return scene


def read_result(scene: Scene, done: UnitDone, name: str) -> bytes:
    artifact = next(artifact for artifact in done.artifacts if artifact.name == name)
    return scene.harness.read_artifact(artifact)
