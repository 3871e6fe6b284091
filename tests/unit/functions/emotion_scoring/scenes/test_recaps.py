"""Parts and joins of recaps with the GCS emulator: scenes, with and without scored faces."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pytest

from functions.emotion_scoring import part
from shared.recipes.emotions.results import EmotionsResult
from tests.fakes.emotion_models import HAPPY, SAD
from tests.fixtures.stage_harness import make_job
from tests.unit.functions.emotion_scoring.scene import FACE_FRAMES, Scene, read_result, score_all

pytestmark = pytest.mark.slow
WIDE = [(x, SAD) for x in range(0, 320, 60)]
CUT_FRAMES = [
    [[], [], []],
    # The second scene begins with a part, the third in one.
    [WIDE, WIDE, []],
    [[], [], []],
]


def make_recap_scene(scene: Scene, *, consent: bool) -> Scene:
    options = scene.job.options if consent else {"every": "1/2", "consent": False}
    return replace(scene, job=make_job("recap", options=options, facts=scene.job.facts))


def test_without_consent_no_face_is_searched(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part._instance, "scorer", None)
    recap = score_all(make_recap_scene(scene, consent=False), CUT_FRAMES)
    done = recap.join()
    assert part._instance.scorer is None, "no model is loaded"
    assert scene.squares.call_count == 0
    assert [artifact.name for artifact in done.artifacts] == ["scenes.csv"]
    assert done.facts is not None
    result = EmotionsResult.from_dict(done.facts)
    assert not result.is_scored
    assert (result.frames, result.faces, result.moments, result.mood) == (9, 0, (), ())
    assert [(row.begin_s, row.end_s, row.number) for row in result.scenes] == [
        (0.0, 1.5, 1), (1.5, 2.5, 2), (2.5, 4.0, 3),
    ]  # fmt: skip
    assert result.scene_count == 3
    rows = list(csv.DictReader(io.StringIO(read_result(recap, done, "scenes.csv").decode())))
    assert [row["begin_s"] for row in rows] == ["0.0", "1.5", "2.5"]
    assert rows[1]["frame"] == "frame_000004.png"
    assert recap.join() == replace(done, adopted=True)


def test_scored_recap_has_moments_and_scenes(scene: Scene) -> None:
    recap = score_all(make_recap_scene(scene, consent=True))
    done = recap.join()
    assert scene.squares.call_count >= 9
    assert done.facts is not None
    result = EmotionsResult.from_dict(done.facts)
    assert result.is_scored
    assert result.moments
    assert result.scene_count == 1
    assert "scenes.csv" in [artifact.name for artifact in done.artifacts]
    assert len(json.dumps(done.facts)) < 12_000


def test_emotions_have_no_scenes(scene: Scene) -> None:
    done = score_all(scene, FACE_FRAMES).join()
    assert done.facts is not None
    assert EmotionsResult.from_dict(done.facts).scenes == ()
    assert "scenes.csv" not in [artifact.name for artifact in done.artifacts]


def test_part_without_consent_does_not_adopt_scores(scene: Scene) -> None:
    stored = scene.put_pack(0, [[(20, HAPPY)]], 0)
    scene.record("frame_extraction", "0", stored.to_artifact("pack", "pack"))
    unscored, scored = (make_recap_scene(scene, consent=consent) for consent in (False, True))
    names = {row.score("0").artifacts[0].object for row in (unscored, scored, scene)}
    assert len(names) == 3
