"""Tests of parts with the GCS emulator: packs, adopted scores, a lost lease."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from functions.emotion_scoring.packs import PackNotFound
from shared.entrypoints.stage import UnitContext
from shared.flows.envelope import ObjectRef
from shared.pipeline import Bucket
from shared.tasks.errors import LeaseLost
from tests.unit.functions.emotion_scoring.scene import FACE_FRAMES, Scene, read_result, score_all

pytestmark = pytest.mark.slow


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


def test_part_that_loses_its_lease_writes_nothing(scene: Scene) -> None:
    stored = scene.put_pack(0, FACE_FRAMES[0], 0)
    scene.record("frame_extraction", "0", stored.to_artifact("pack", "pack"))
    scene.lose_lease_after = 2
    with pytest.raises(LeaseLost):
        scene.score("0")
    assert scene.squares.call_count == 2
    names = scene.harness.list_names(Bucket.WORK)
    assert [name for name in names if name.startswith("scores/")] == []


def test_part_reports_its_progress(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = scene.put_pack(0, FACE_FRAMES[0], 0)
    scene.record("frame_extraction", "0", stored.to_artifact("pack", "pack"))
    reported: list[float] = []
    monkeypatch.setattr(
        UnitContext, "report_progress", lambda _context, fraction: reported.append(fraction)
    )
    scene.score("0")
    assert len(reported) == len(set(reported)) == 3
    assert reported == sorted(reported)
    assert 0 < reported[0] < reported[-1] <= 1


def test_scores_without_mirror_are_separate_and_marked(scene: Scene) -> None:
    document = json.loads(read_result(scene, score_all(scene).join(), "emotions.json"))
    assert document["options"]["mirror"] is True
    assert document["models"][0]["classifier"]["mirror"] is True
    scene.job = replace(scene.job, options=dict(scene.job.options) | {"mirror": False})
    calls = scene.squares.call_count
    for number in range(3):
        assert not scene.score(str(number)).adopted
    assert scene.squares.call_count == 2 * calls
    document = json.loads(read_result(scene, scene.join(), "emotions.json"))
    assert document["options"]["mirror"] is False
    assert document["models"][0]["classifier"]["mirror"] is False
