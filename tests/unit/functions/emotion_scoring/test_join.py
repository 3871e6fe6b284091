"""Tests of joins with the GCS emulator: merged scores, adopted results, warnings."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import av
import pytest

from functions.emotion_scoring import join, part
from functions.emotion_scoring.merge import PartsDisagree
from functions.upload_trigger.probes.video import probe
from shared.flows.documents import Put, stage_path
from shared.media.images.decode import decode_image
from shared.pipeline import Bucket
from shared.recipes.captions.results import TranscriptResult
from shared.recipes.captions.transcript import Segment, Transcript, Word
from shared.recipes.upload_results import Upload
from tests.fakes.emotion_models import make_square_pack, make_square_scorer
from tests.fixtures.call_counts import CallCounts
from tests.fixtures.media.clip_specs import CLIP_SPECS
from tests.fixtures.stage_harness import NOW
from tests.unit.functions.emotion_scoring.scene import (
    FACE_FRAMES,
    Scene,
    read_result,
    score_all,
    upload_facts,
)

pytestmark = pytest.mark.slow


def test_face_ids_continue_across_packs(scene: Scene) -> None:
    done = score_all(scene).join()
    document = json.loads(read_result(scene, done, "emotions.json"))
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
    done = score_all(scene).join()
    names = [artifact.name for artifact in done.artifacts]
    assert names[:4] == ["emotions.json", "emotions.csv", "emotions.vtt", "timeline.png"]
    assert {artifact.bucket for artifact in done.artifacts} == {"outputs"}
    assert done.facts is not None
    moments = done.facts["moments"]
    assert {moment["emotion"] for moment in moments} == {"happy", "sad", "angry"}
    assert [moment["thumbnail"] for moment in moments] == names[4:]
    for moment in moments:
        assert read_result(scene, done, moment["thumbnail"]).startswith(b"\xff\xd8")
        frame = moment["picture"]
        read = scene.harness.objects.range_reader(Bucket.WORK, frame["object"], frame["generation"])
        assert decode_image(read(frame["offset"], frame["size_bytes"])).shape == (180, 320, 3)
    rows = list(csv.DictReader(io.StringIO(read_result(scene, done, "emotions.csv").decode())))
    assert len(rows) == 13
    assert read_result(scene, done, "timeline.png").startswith(b"\x89PNG")
    assert done.facts["frames_without_face"] == 1
    assert len(json.dumps(done.facts)) < 8_000


def test_summary_says_which_sentences_carry_the_strongest_moments(scene: Scene) -> None:
    # The frames are half a second apart; the face is angry from 3.5 s on.
    segments = tuple(
        Segment(text, begin, end, "en", (Word(text, begin, end),))
        for text, begin, end in (("Hello.", 0.0, 2.5), ("A secret!", 3.2, 4.5))
    )
    data = Transcript("en", "test", segments).to_json()
    stored = scene.harness.put_object(Bucket.OUTPUTS, "jobs/t/transcript.json", data, "text/json")
    said = TranscriptResult(stored, "en", "test", 2, 2, 9.0, 1, 0)
    facts = {**scene.job.facts, TranscriptResult.STAGE: said.to_dict()}
    scene.job = replace(scene.job, facts=facts)
    done = score_all(scene).join()
    document = json.loads(read_result(scene, done, "emotions.json"))
    moments, sentences = document["moments"], document["summary"]["sentences"]
    angry = next(n for n, row in enumerate(moments, 1) if row["emotion"] == "angry")
    assert moments[angry - 1]["sentence"]["text"] == "A secret!"
    assert angry in next(row for row in sentences if row["number"] == 2)["moments"]
    strongest = max(moments, key=lambda row: row["confidence"])
    assert sentences[0]["number"] == strongest["sentence"]["number"]
    # The document of the job has numbers and times only.
    assert done.facts is not None
    assert done.facts["moments"][angry - 1]["sentence"]["number"] == 2
    assert "secret" not in json.dumps(done.facts)


def test_second_attempt_at_a_join_repeats_no_work(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = CallCounts(monkeypatch)
    calls.watch(join, "render_timeline_chart", "render_thumbnail", "build_timeline")
    first = score_all(scene).join()
    assert calls.take() == {
        "build_timeline": 1, "render_timeline_chart": 1, "render_thumbnail": 5,
    }  # fmt: skip
    second = scene.join()
    assert calls.take() == {}
    assert second == replace(first, adopted=True)


def test_attempt_after_an_unrecorded_join_draws_nothing_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = CallCounts(monkeypatch)
    calls.watch(join, "render_timeline_chart", "render_thumbnail")
    first = score_all(scene).join()
    calls.take()
    (record,) = (
        stored
        for stored in scene.harness.objects.list_objects(Bucket.WORK, "scores/")
        if stored.name.endswith("join.json")
    )
    scene.harness.objects.delete(Bucket.WORK, record.name)
    second = scene.join()
    assert calls.take() == {}
    assert second == first


def test_scores_of_an_unrecorded_pack_are_not_merged(scene: Scene) -> None:
    score_all(scene)
    other = scene.harness.put_object(
        Bucket.WORK, "other.pack", make_square_pack(0, FACE_FRAMES[0]), "application/zip"
    )
    scene.record("frame_extraction", "1", other.to_artifact("pack", "pack"))
    with pytest.raises(PartsDisagree):
        scene.join()


def test_join_warns_if_parts_have_different_models(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    score_all(scene)
    monkeypatch.setattr(part._instance, "scorer", make_square_scorer(scene.squares, "another"))
    scene.score("2")
    done = scene.join()
    assert any("different models" in warning for warning in done.warnings)
    assert done.facts is not None
    assert len(done.facts["models"]) == 2


def test_join_of_a_video_without_faces_succeeds(scene: Scene) -> None:
    done = score_all(scene, [[[]] * 3] * 3).join()
    assert [artifact.name for artifact in done.artifacts] == [
        "emotions.json", "emotions.csv", "emotions.vtt", "timeline.png",
    ]  # fmt: skip
    assert done.facts is not None
    assert done.facts["no_face_share"] == 1
    rows = list(csv.DictReader(io.StringIO(read_result(scene, done, "emotions.csv").decode())))
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
        "stage": "frame_extraction", "revision": 0, "state": "done", "total": 3,
        "parts": windows, "parts_in_flight": 3, "shard_count": 3, "queued_at": NOW,
    })])  # fmt: skip
    first = score_all(scene).join()
    second = scene.score("1")
    assert second.adopted
    assert [artifact.kind for artifact in second.artifacts] == ["scores", "piece"]
    assert scene.join().artifacts == first.artifacts
    with av.open(io.BytesIO(read_result(scene, first, "annotated.mp4")), "r") as film:
        assert sum(1 for _ in film.decode(video=0)) == len(clip.times_s)


def test_warnings_name_fallback_models(scene: Scene) -> None:
    done = score_all(scene).join()
    assert any("squares was used" in warning for warning in done.warnings)
    assert any("painted was used" in warning for warning in done.warnings)
    document = json.loads(read_result(scene, done, "emotions.json"))
    assert document["warnings"] == list(done.warnings)
