"""Parts and their join over real objects: what is written once, agrees, and survives crashes."""

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
from shared.jobs.claims import UnitDone
from shared.jobs.model import Job, Stage, StageState, UnitClaim
from shared.media.images.frame import decode_image
from shared.pipeline import Bucket
from shared.recipes.emotions.options import EmotionOptions
from shared.recipes.stored_object import Artifact, StoredObject
from shared.recipes.upload_results import Upload, Uploads
from shared.runtime.interpreter import Services, SystemClock, UnitLease
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
from tests.fixtures.gcs.server import PROJECT, GcsEmulator
from tests.fixtures.media.clips import CLIP_SPECS
from tests.fixtures.media.faces import MEDIA_INFO
from tests.fixtures.stage_harness import NOW, FakeLog, StageHarness, make_job

pytestmark = pytest.mark.slow

STAGE = "emotion_scoring"


@dataclass
class Scene:
    """One job on its way: packs that are there, and what the ledger says of them."""

    bench: StageHarness
    squares: SquareDetector
    job: Job
    parts: int = 3
    ledger: MemoryJobStore = field(default_factory=MemoryJobStore)
    lost_after: int | None = None

    def pack(
        self, number: int, frames: Sequence[Sequence[ColouredSquare]], first: int
    ) -> StoredObject:
        """A pack in the work bucket; the prefix is one that wakes nobody."""
        name = f"packs/{self.job.id}/abcdefabcdef/{number:02d}.pack"
        data = make_square_pack(first, frames)
        return self.bench.put_object(Bucket.WORK, name, data, "application/zip")

    def record(self, stage: str, part_id: str, *artifacts: Artifact, **facts: Any) -> None:
        """A unit that is done."""
        unit = {
            "stage": stage, "revision": 0, "part": part_id, "state": "done", "token": "t",
            "lease_until": NOW, "not_before": NOW, "attempt": 1, "error": None,
            "artifacts": [one.to_dict() for one in artifacts], "facts": facts,
        }  # fmt: skip
        self.ledger.commit([Put(unit_path(self.job.id, stage, 0, part_id), unit)])

    def task(self, part_id: str, source: ObjectRef | None = None) -> UnitContext:
        specs = tuple({"pack": n} for n in range(self.parts))
        plan = Stage(STAGE, 0, StageState.RUNNING, self.parts, 0, specs, NOW, NOW)
        envelope = Envelope(self.job.id, STAGE, part_id, source=source)
        world = Services(
            store=self.ledger,  # handlers only read documents
            objects=self.bench.objects,
            publisher=FakeLog(),
            clock=SystemClock(),
            log=self.bench.log,
            new_token=lambda: "t",
        )
        settings = Settings(PROJECT, self.bench.buckets, "https://example.org", local=True)
        hold = UnitLease(UnitClaim(envelope, "t", 1, self.job, plan), time.monotonic() + 3600)
        return _Watched(hold, world, settings, self)

    def score(self, part_id: str, source: ObjectRef | None = None) -> UnitDone:
        """A part, recorded as done."""
        done = score_pack(self.task(part_id, source))
        self.record(STAGE, part_id, *done.artifacts, **dict(done.facts or {}))
        return done

    def join(self) -> UnitDone:
        return join_scores(self.task(JOIN))


class _Watched(UnitContext):
    """Loses its lease after so many pictures, if the scene says so."""

    def __init__(
        self, hold: UnitLease, services: Services, settings: Settings, scene: Scene
    ) -> None:
        super().__init__(hold, services, settings)
        self._hold_seen, self._scene = hold, scene

    def check(self) -> None:
        after = self._scene.lost_after
        if after is not None and self._scene.squares.call_count >= after:
            self._hold_seen.lost.set()
        super().check()


@pytest.fixture(scope="module")
def gcs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GcsEmulator]:
    made = GcsEmulator(tmp_path_factory.mktemp("gcs")).start()
    yield made
    made.close()


def uploaded(video: Upload) -> dict[str, Any]:
    """A job's facts when its video was examined."""
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
    facts = uploaded(Upload(video, "a.mp4", MEDIA_INFO))
    job = make_job("emotions", options=options.to_dict(), facts=facts)
    return Scene(StageHarness.create(gcs), squares, job)


WALK = [
    [[(20, HAPPY)], [(30, HAPPY), (200, SAD)], [(40, HAPPY), (205, SAD)]],
    [[(50, HAPPY), (210, SAD)], [], [(60, HAPPY)]],
    [[(65, HAPPY)], [(70, ANGRY)], [(75, ANGRY), (240, SAD)]],
]
"""Two people in three packs: one stays and gets angry, one leaves and comes back later."""


def _walked(scene: Scene, frames: Sequence[Any] = WALK) -> Scene:
    for number, pack in enumerate(frames):
        stored = scene.pack(number, pack, 3 * number)
        scene.record("frame_extraction", str(number), stored.to_artifact("pack", "pack"))
        scene.score(str(number))
    return scene


def _read(scene: Scene, done: UnitDone, name: str) -> bytes:
    return scene.bench.read_artifact(next(one for one in done.artifacts if one.name == name))


def test_people_keep_their_ids_over_the_borders_of_packs(scene: Scene) -> None:
    done = _walked(scene).join()
    document = json.loads(_read(scene, done, "emotions.json"))
    told = [[(one["face_id"], one["dominant"]) for one in f["faces"]] for f in document["frames"]]
    assert told == [
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
    assert [one["number"] for one in document["frames"]] == list(range(1, 10))
    assert document["frames"][4]["no_face"] is True
    assert document["purpose"] == "a test"


def test_everything_that_is_promised_lies_in_the_outputs_bucket(scene: Scene) -> None:
    done = _walked(scene).join()
    names = [one.name for one in done.artifacts]
    assert names[:4] == ["emotions.json", "emotions.csv", "emotions.vtt", "timeline.png"]
    assert {one.bucket for one in done.artifacts} == {"outputs"}
    assert done.facts is not None
    moments = done.facts["moments"]
    assert {one["emotion"] for one in moments} == {"happy", "sad", "angry"}
    assert [one["thumbnail"] for one in moments] == names[4:]
    for one in moments:
        assert _read(scene, done, one["thumbnail"]).startswith(b"\xff\xd8")
        at = one["picture"]
        read = scene.bench.objects.range_reader(Bucket.WORK, at["object"], at["generation"])
        assert decode_image(read(at["offset"], at["size_bytes"])).shape == (180, 320, 3)
    rows = list(csv.DictReader(io.StringIO(_read(scene, done, "emotions.csv").decode())))
    assert len(rows) == 13
    assert _read(scene, done, "timeline.png").startswith(b"\x89PNG")
    assert done.facts["frames_without_face"] == 1
    assert len(json.dumps(done.facts)) < 8_000


def test_a_join_that_is_repeated_finds_what_the_first_one_wrote(scene: Scene) -> None:
    first = _walked(scene).join()
    assert scene.join().artifacts == first.artifacts


def test_a_part_that_crashed_before_its_commit_is_not_scored_again(scene: Scene) -> None:
    stored = scene.pack(0, WALK[0], 0)
    scene.record("frame_extraction", "0", stored.to_artifact("pack", "pack"))
    first = scene.score("0")
    asked = scene.squares.call_count
    again = scene.score("0")
    assert again.adopted
    assert again.artifacts == first.artifacts
    assert scene.squares.call_count == asked == 3


def test_a_pack_that_announces_itself_before_it_is_recorded_is_scored(scene: Scene) -> None:
    stored = scene.pack(0, WALK[0], 0)
    done = scene.score("0", ObjectRef("work", stored.name, stored.generation))
    assert done.facts == {"pack": stored.name, "generation": stored.generation}


def test_an_object_that_is_not_the_recorded_pack_does_not_count(scene: Scene) -> None:
    stored = scene.pack(0, WALK[0], 0)
    scene.record("frame_extraction", "0", stored.to_artifact("pack", "pack"))
    done = scene.score("0", ObjectRef("work", stored.name, stored.generation - 1))
    assert done.facts == {"pack": stored.name, "generation": stored.generation}
    assert "pack.superseded" in [event for event, _ in scene.bench.log.events]


def test_a_part_whose_pack_is_not_there_waits(scene: Scene) -> None:
    with pytest.raises(PackNotFound):
        scene.score("0")
    with pytest.raises(PackNotFound):
        scene.score("0", ObjectRef("work", f"packs/{scene.job.id}/abcdefabcdef/00.pack", 5))


def test_scores_of_another_pack_than_the_recorded_one_are_not_merged(scene: Scene) -> None:
    _walked(scene)
    other = scene.bench.put_object(
        Bucket.WORK, "other.pack", make_square_pack(0, WALK[0]), "application/zip"
    )
    scene.record("frame_extraction", "1", other.to_artifact("pack", "pack"))
    with pytest.raises(PartsDisagree):
        scene.join()


def test_parts_scored_by_different_models_are_joined_with_a_warning(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    _walked(scene)
    monkeypatch.setattr(part._instance, "scorer", make_square_scorer(scene.squares, "another"))
    scene.score("2")
    done = scene.join()
    assert any("different models" in one for one in done.warnings)
    assert done.facts is not None
    assert len(done.facts["models"]) == 2


def test_who_loses_the_lease_in_the_middle_writes_nothing(scene: Scene) -> None:
    stored = scene.pack(0, WALK[0], 0)
    scene.record("frame_extraction", "0", stored.to_artifact("pack", "pack"))
    scene.lost_after = 2
    with pytest.raises(LeaseLost):
        scene.score("0")
    assert scene.squares.call_count == 2
    assert [one for one in scene.bench.list_names(Bucket.WORK) if one.startswith("scores/")] == []


def test_a_video_without_anybody_in_it_ends_well(scene: Scene) -> None:
    done = _walked(scene, [[[]] * 3] * 3).join()
    assert [one.name for one in done.artifacts] == [
        "emotions.json", "emotions.csv", "emotions.vtt", "timeline.png",
    ]  # fmt: skip
    assert done.facts is not None
    assert done.facts["no_face_share"] == 1
    rows = list(csv.DictReader(io.StringIO(_read(scene, done, "emotions.csv").decode())))
    assert [row["dominant"] for row in rows] == ["no_face"] * 9


def test_the_annotated_video_is_made_in_pieces_that_an_earlier_attempt_may_have_left(
    scene: Scene,
) -> None:
    clip = CLIP_SPECS["cfr30"].encode()
    data = clip.path.read_bytes()
    upload = scene.bench.put_object(
        Bucket.UPLOADS, f"jobs/{scene.job.id}/video.0", data, "video/mp4"
    )
    video = Upload(upload, "a.mp4", probe(io.BytesIO(data), len(data)))
    options = dict(scene.job.options) | {"annotate": True}
    scene.job = replace(scene.job, options=options, facts=uploaded(video))
    windows = [{"index": n, "k_start": 3 * n, "k_end": None, "k_limit": 99} for n in range(3)]
    scene.ledger.commit([Put(stage_path(scene.job.id, "frame_extraction", 0), {
        "stage": "frame_extraction", "revision": 0, "state": "done", "total": 3, "done": 3,
        "parts": windows, "last_progress_at": NOW, "queued_at": NOW,
    })])  # fmt: skip
    first = _walked(scene).join()
    again = scene.score("1")
    assert again.adopted
    assert [one.kind for one in again.artifacts] == ["scores", "piece"]
    assert scene.join().artifacts == first.artifacts
    with av.open(io.BytesIO(_read(scene, first, "annotated.mp4")), "r") as film:
        assert sum(1 for _ in film.decode(video=0)) == len(clip.times_s)


def test_fallback_models_are_named_in_the_warnings(scene: Scene) -> None:
    done = _walked(scene).join()
    assert any("squares was used" in one for one in done.warnings)
    assert any("painted was used" in one for one in done.warnings)
    document = json.loads(_read(scene, done, "emotions.json"))
    assert document["warnings"] == list(done.warnings)


def test_scores_without_the_mirror_image_are_other_scores_and_say_so(scene: Scene) -> None:
    document = json.loads(_read(scene, _walked(scene).join(), "emotions.json"))
    assert document["options"]["mirror"] is True
    assert document["models"][0]["classifier"]["mirror"] is True
    scene.job = replace(scene.job, options=dict(scene.job.options) | {"mirror": False})
    asked = scene.squares.call_count
    for number in range(3):
        assert not scene.score(str(number)).adopted
    assert scene.squares.call_count == 2 * asked
    document = json.loads(_read(scene, scene.join(), "emotions.json"))
    assert document["options"]["mirror"] is False
    assert document["models"][0]["classifier"]["mirror"] is False
