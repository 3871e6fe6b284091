"""Tests of parts and joins with the GCS emulator: adoption, consistency checks and crashes."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import av
import pytest

from functions.emotion_scoring import part
from functions.emotion_scoring.join import join_scores
from functions.emotion_scoring.merge import PartsDisagree
from functions.emotion_scoring.packs import PackNotFound
from functions.emotion_scoring.part import score_pack
from functions.upload_trigger.probe import probe
from shared.entrypoints.stage import UnitContext
from shared.errors import LeaseLost
from shared.flows.documents import Put, stage_path, unit_path
from shared.flows.envelope import JOIN, Envelope, ObjectRef
from shared.jobs.model import Job, Stage, StageState, UnitClaim
from shared.jobs.outcomes import UnitDone
from shared.media.images.frame import decode_image
from shared.pipeline import Bucket
from shared.recipes.emotions.options import EmotionOptions
from shared.recipes.stored_object import Artifact, StoredObject
from shared.recipes.upload_results import Upload, Uploads
from shared.runtime.leases import UnitLease
from shared.runtime.services import Services, SystemClock
from shared.runtime.settings import Settings
from tests.fakes.emotion_models import (
    ANGRY,
    FRAME_INTERVAL_S,
    HAPPY,
    SAD,
    ColouredSquare,
    SquareDetector,
    make_square_pack,
    make_square_scorer,
)
from tests.fakes.job_store import MemoryJobStore
from tests.fakes.services import FixedServices
from tests.fixtures.gcs.server import PROJECT, GcsEmulator
from tests.fixtures.media.clip_specs import CLIP_SPECS
from tests.fixtures.media.faces import MEDIA_INFO
from tests.fixtures.stage_harness import NOW, FakeLog, StageHarness, make_job

pytestmark = pytest.mark.slow

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
        unit = {
            "stage": stage, "revision": 0, "part": part_id, "state": "done", "token": "t",
            "lease_until": NOW, "not_before": NOW, "attempt": 1, "error": None,
            "artifacts": [artifact.to_dict() for artifact in artifacts], "facts": facts,
        }  # fmt: skip
        self.store.commit([Put(unit_path(self.job.id, stage, 0, part_id), unit)])

    def make_context(self, part_id: str, source: ObjectRef | None = None) -> UnitContext:
        specs = tuple({"pack": n} for n in range(self.parts))
        plan = Stage(STAGE, 0, StageState.RUNNING, self.parts, 0, specs, NOW, NOW)
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
        return _LosingContext(lease, services, settings, self)

    def score(self, part_id: str, source: ObjectRef | None = None) -> UnitDone:
        """Scores a part and records it as done."""
        done = score_pack(self.make_context(part_id, source))
        self.record(STAGE, part_id, *done.artifacts, **dict(done.facts or {}))
        return done

    def join(self) -> UnitDone:
        return join_scores(self.make_context(JOIN))


class _LosingContext(UnitContext):
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


@pytest.fixture(scope="module")
def gcs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GcsEmulator]:
    emulator = GcsEmulator(tmp_path_factory.mktemp("gcs")).start()
    yield emulator
    emulator.close()


def upload_facts(video: Upload) -> dict[str, Any]:
    """Returns the facts of a job whose video is uploaded."""
    return {Uploads.STAGE: Uploads({"video": video}).to_dict()}


@pytest.fixture
def scene(gcs: GcsEmulator, monkeypatch: pytest.MonkeyPatch) -> Scene:
    squares = SquareDetector()
    monkeypatch.setattr(part._instance, "scorer", make_square_scorer(squares))
    options = EmotionOptions.parse(
        {"every": str(FRAME_INTERVAL_S), "consent": True, "purpose": "a test", "smooth": False},
        allow_medical_safety=False,
    )
    video = StoredObject(Bucket.UPLOADS, "jobs/j/video.0", 1, 1)
    facts = upload_facts(Upload(video, "a.mp4", MEDIA_INFO))
    job = make_job("emotions", options=options.to_dict(), facts=facts)
    return Scene(StageHarness.create(gcs), squares, job)


FACE_FRAMES = [
    [[(20, HAPPY)], [(30, HAPPY), (200, SAD)], [(40, HAPPY), (205, SAD)]],
    [[(50, HAPPY), (210, SAD)], [], [(60, HAPPY)]],
    [[(65, HAPPY)], [(70, ANGRY)], [(75, ANGRY), (240, SAD)]],
]
"""Two faces in three packs: one stays and becomes angry, the other leaves and returns later."""


def _score_all(scene: Scene, frames: Sequence[Any] = FACE_FRAMES) -> Scene:
    for number, pack in enumerate(frames):
        stored = scene.put_pack(number, pack, 3 * number)
        scene.record("frame_extraction", str(number), stored.to_artifact("pack", "pack"))
        scene.score(str(number))
    return scene


def _read(scene: Scene, done: UnitDone, name: str) -> bytes:
    artifact = next(artifact for artifact in done.artifacts if artifact.name == name)
    return scene.harness.read_artifact(artifact)


def test_face_ids_continue_across_packs(scene: Scene) -> None:
    done = _score_all(scene).join()
    document = json.loads(_read(scene, done, "emotions.json"))
    faces = [
        [(face["face_id"], face["dominant"]) for face in frame["faces"]]
        for frame in document["frames"]
    ]
    assert faces == [
        [(1, "happy")],
        [(1, "happy"), (2, "sad")],
        [(1, "happy"), (2, "sad")],
        [(1, "happy"), (2, "sad")],
        [],
        [(1, "happy")],
        [(1, "happy")],
        [(1, "angry")],
        [(1, "angry"), (3, "sad")],
    ]
    assert [frame["number"] for frame in document["frames"]] == list(range(1, 10))
    assert document["frames"][4]["no_face"] is True
    assert document["purpose"] == "a test"


def test_join_writes_all_results_to_the_outputs_bucket(scene: Scene) -> None:
    done = _score_all(scene).join()
    names = [artifact.name for artifact in done.artifacts]
    assert names[:4] == ["emotions.json", "emotions.csv", "emotions.vtt", "timeline.png"]
    assert {artifact.bucket for artifact in done.artifacts} == {"outputs"}
    assert done.facts is not None
    moments = done.facts["moments"]
    assert {moment["emotion"] for moment in moments} == {"happy", "sad", "angry"}
    assert [moment["thumbnail"] for moment in moments] == names[4:]
    for moment in moments:
        assert _read(scene, done, moment["thumbnail"]).startswith(b"\xff\xd8")
        frame = moment["picture"]
        read = scene.harness.objects.range_reader(Bucket.WORK, frame["object"], frame["generation"])
        assert decode_image(read(frame["offset"], frame["size_bytes"])).shape == (180, 320, 3)
    rows = list(csv.DictReader(io.StringIO(_read(scene, done, "emotions.csv").decode())))
    assert len(rows) == 13
    assert _read(scene, done, "timeline.png").startswith(b"\x89PNG")
    assert done.facts["frames_without_face"] == 1
    assert len(json.dumps(done.facts)) < 8_000


def test_repeated_join_adopts_the_results_of_the_first(scene: Scene) -> None:
    first = _score_all(scene).join()
    assert scene.join().artifacts == first.artifacts


def test_part_adopts_scores_of_an_uncommitted_attempt(scene: Scene) -> None:
    stored = scene.put_pack(0, FACE_FRAMES[0], 0)
    scene.record("frame_extraction", "0", stored.to_artifact("pack", "pack"))
    first = scene.score("0")
    calls = scene.squares.call_count
    second = scene.score("0")
    assert second.adopted
    assert second.artifacts == first.artifacts
    assert scene.squares.call_count == calls == 3


def test_announced_pack_is_scored_before_it_is_recorded(scene: Scene) -> None:
    stored = scene.put_pack(0, FACE_FRAMES[0], 0)
    done = scene.score("0", ObjectRef("work", stored.name, stored.generation))
    assert done.facts == {"pack": stored.name, "generation": stored.generation}


def test_recorded_pack_takes_precedence_over_announced_object(scene: Scene) -> None:
    stored = scene.put_pack(0, FACE_FRAMES[0], 0)
    scene.record("frame_extraction", "0", stored.to_artifact("pack", "pack"))
    done = scene.score("0", ObjectRef("work", stored.name, stored.generation - 1))
    assert done.facts == {"pack": stored.name, "generation": stored.generation}
    assert "pack.superseded" in [event for event, _ in scene.harness.log.events]


def test_missing_pack_raises_pack_not_found(scene: Scene) -> None:
    with pytest.raises(PackNotFound):
        scene.score("0")
    with pytest.raises(PackNotFound):
        scene.score("0", ObjectRef("work", f"packs/{scene.job.id}/abcdefabcdef/00.pack", 5))


def test_scores_of_an_unrecorded_pack_are_not_merged(scene: Scene) -> None:
    _score_all(scene)
    other = scene.harness.put_object(
        Bucket.WORK, "other.pack", make_square_pack(0, FACE_FRAMES[0]), "application/zip"
    )
    scene.record("frame_extraction", "1", other.to_artifact("pack", "pack"))
    with pytest.raises(PartsDisagree):
        scene.join()


def test_join_warns_if_parts_have_different_models(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    _score_all(scene)
    monkeypatch.setattr(part._instance, "scorer", make_square_scorer(scene.squares, "another"))
    scene.score("2")
    done = scene.join()
    assert any("different models" in warning for warning in done.warnings)
    assert done.facts is not None
    assert len(done.facts["models"]) == 2


def test_part_that_loses_its_lease_writes_nothing(scene: Scene) -> None:
    stored = scene.put_pack(0, FACE_FRAMES[0], 0)
    scene.record("frame_extraction", "0", stored.to_artifact("pack", "pack"))
    scene.lose_lease_after = 2
    with pytest.raises(LeaseLost):
        scene.score("0")
    assert scene.squares.call_count == 2
    names = scene.harness.list_names(Bucket.WORK)
    assert [name for name in names if name.startswith("scores/")] == []


def test_join_of_a_video_without_faces_succeeds(scene: Scene) -> None:
    done = _score_all(scene, [[[]] * 3] * 3).join()
    assert [artifact.name for artifact in done.artifacts] == [
        "emotions.json", "emotions.csv", "emotions.vtt", "timeline.png",
    ]  # fmt: skip
    assert done.facts is not None
    assert done.facts["no_face_share"] == 1
    rows = list(csv.DictReader(io.StringIO(_read(scene, done, "emotions.csv").decode())))
    assert [row["dominant"] for row in rows] == ["no_face"] * 9


def test_annotated_video_adopts_pieces_of_an_earlier_attempt(scene: Scene) -> None:
    clip = CLIP_SPECS["cfr30"].encode()
    data = clip.path.read_bytes()
    upload = scene.harness.put_object(
        Bucket.UPLOADS, f"jobs/{scene.job.id}/video.0", data, "video/mp4"
    )
    video = Upload(upload, "a.mp4", probe(io.BytesIO(data), len(data)))
    options = dict(scene.job.options) | {"annotate": True}
    scene.job = replace(scene.job, options=options, facts=upload_facts(video))
    windows = [{"index": n, "k_start": 3 * n, "k_end": None, "k_limit": 99} for n in range(3)]
    scene.store.commit([Put(stage_path(scene.job.id, "frame_extraction", 0), {
        "stage": "frame_extraction", "revision": 0, "state": "done", "total": 3, "done": 3,
        "parts": windows, "last_progress_at": NOW, "queued_at": NOW,
    })])  # fmt: skip
    first = _score_all(scene).join()
    second = scene.score("1")
    assert second.adopted
    assert [artifact.kind for artifact in second.artifacts] == ["scores", "piece"]
    assert scene.join().artifacts == first.artifacts
    with av.open(io.BytesIO(_read(scene, first, "annotated.mp4")), "r") as film:
        assert sum(1 for _ in film.decode(video=0)) == len(clip.times_s)


def test_warnings_name_fallback_models(scene: Scene) -> None:
    done = _score_all(scene).join()
    assert any("squares was used" in warning for warning in done.warnings)
    assert any("painted was used" in warning for warning in done.warnings)
    document = json.loads(_read(scene, done, "emotions.json"))
    assert document["warnings"] == list(done.warnings)


def test_scores_without_mirror_are_separate_and_marked(scene: Scene) -> None:
    document = json.loads(_read(scene, _score_all(scene).join(), "emotions.json"))
    assert document["options"]["mirror"] is True
    assert document["models"][0]["classifier"]["mirror"] is True
    scene.job = replace(scene.job, options=dict(scene.job.options) | {"mirror": False})
    calls = scene.squares.call_count
    for number in range(3):
        assert not scene.score(str(number)).adopted
    assert scene.squares.call_count == 2 * calls
    document = json.loads(_read(scene, scene.join(), "emotions.json"))
    assert document["options"]["mirror"] is False
    assert document["models"][0]["classifier"]["mirror"] is False
