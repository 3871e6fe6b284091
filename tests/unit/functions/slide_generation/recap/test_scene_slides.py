"""The slides of recaps that show scenes."""

from __future__ import annotations

import json

import pytest

from functions.slide_generation.recap.scene_slides import choose_scenes
from shared.recipes.emotions.results import MoodPoint, SceneFrame
from shared.recipes.films.deck import Deck
from shared.recipes.films.recap_options import RecapOptions
from tests.fixtures.media.emotions import PACKED_FRAME
from tests.unit.functions.slide_generation.recap.test_slides import make_recap, make_timeline

NO_FACE = (MoodPoint(0.0, None),)
OPTIONS = RecapOptions(length=60)


def make_scene(number: int, begin_s: float, end_s: float) -> SceneFrame:
    return SceneFrame((begin_s + end_s) / 2, PACKED_FRAME, begin_s, end_s, number)


SCENES = (make_scene(1, 0, 12), make_scene(2, 12, 15), make_scene(4, 20, 81))


def make_scene_recap(
    scenes: tuple[SceneFrame, ...] = SCENES, count: int = 4, *, is_scored: bool = False
) -> Deck:
    timeline = make_timeline(
        faces=0, moments=(), mood=NO_FACE, scenes=scenes, scene_count=count, is_scored=is_scored
    )
    return make_recap(timeline, options=OPTIONS)


def test_recap_without_scored_faces_speaks_of_scenes_only() -> None:
    recap = make_scene_recap()
    assert [slide.picture for slide in recap.slides] == [
        None, "scene:1", "scene:2", "scene:3", None,
    ]  # fmt: skip
    assert recap.slides[0].bullets == ("1:22 of video · 4 scenes",)
    assert recap.slides[0].notes == (
        "This film shows 3 of the 4 scenes of a video of 1 minute and 22 seconds."
    )
    assert [slide.heading for slide in recap.slides[1:4]] == [
        "Scene 1 at 0:06", "Scene 2 at 0:14", "Scene 4 at 0:50",
    ]  # fmt: skip
    assert recap.slides[1].notes == "Scene 1 begins the video and lasts 12 seconds."
    assert recap.slides[2].bullets == ("From 0:12 to 0:15",)
    closing = recap.slides[-1]
    assert closing.notes == (
        "The longest scene begins at 20 seconds and lasts 1 minute and 1 second. "
        "Faces were not scored."
    )
    assert closing.bullets == (
        "4 scenes in 1:22", "The longest: 1:01, from 0:20", "Faces were not scored",
    )  # fmt: skip
    text = json.dumps(recap.to_dict())
    for word in ("mood", "expression", "feel", "moment", "no face"):
        assert word not in text


def test_recap_of_a_video_without_faces_says_so() -> None:
    recap = make_scene_recap(is_scored=True)
    assert recap.slides[0].bullets == ("1:22 of video · no face · 4 scenes",)
    assert "No face was found in the video." in recap.slides[0].notes
    assert recap.slides[-1].bullets[-1] == "No face was found"


def test_video_without_cuts_is_shown_in_parts() -> None:
    sections = tuple(make_scene(1, 20 * n, 20 * n + 20) for n in range(4))
    recap = make_scene_recap(sections, 1)
    assert recap.slides[0].notes == (
        "This film shows 4 parts of a video of 1 minute and 22 seconds without cuts."
    )
    assert recap.slides[0].bullets == ("1:22 of video",)
    assert [slide.heading for slide in recap.slides[1:3]] == ["At 0:10", "At 0:30"]
    assert "No cuts" in recap.slides[-1].bullets
    still = make_scene_recap((make_scene(1, 0, 82),), 1)
    assert len(still.slides) == 3


def test_sections_of_a_scene_are_not_called_scenes() -> None:
    sections = (make_scene(1, 0, 10), make_scene(2, 10, 40), make_scene(2, 40, 82))
    recap = make_scene_recap(sections, 2)
    assert "This film shows the 2 scenes of a video" in recap.slides[0].notes
    assert recap.slides[3].notes == "This is scene 2 at 1 minute and 1 second."
    assert recap.slides[-1].bullets[1] == "The longest: 1:12, from 0:10"


def test_weak_expressions_leave_the_mood_and_its_closing() -> None:
    mood = (MoodPoint(0.0, {"happy": 0.3, "neutral": 0.7}),)
    timeline = make_timeline(moments=(), mood=mood, scenes=SCENES, scene_count=4)
    recap = make_recap(timeline, options=OPTIONS)
    assert timeline.reason_for_scenes == "No strong expression was found in the video"
    assert recap.slides[0].notes == (
        "This film shows 3 of the 4 scenes of a video of 1 minute and 22 seconds, and how the mood "
        "moved. No strong expression was found in the video."
    )
    assert recap.slides[-2].layout == "chart"
    assert recap.slides[-1].bullets[-1] == "A score is not a feeling"


@pytest.mark.parametrize(
    ("count", "chosen"), [(1, [5]), (2, [2, 5]), (3, [2, 4, 5]), (9, [1, 2, 3, 4, 5, 6])]
)
def test_chosen_scenes_are_long_and_spread(count: int, chosen: list[int]) -> None:
    lengths = (2, 6, 3, 2, 9, 4)
    begins = (0, 10, 20, 50, 60, 90)
    scenes = [
        make_scene(n, begin, begin + length)
        for n, (begin, length) in enumerate(zip(begins, lengths, strict=True), 1)
    ]
    assert choose_scenes(scenes, count) == chosen


def test_scenes_at_one_end_fill_the_film() -> None:
    scenes = [*(make_scene(n, n, n + 1) for n in range(5)), make_scene(6, 80, 81)]
    assert len(choose_scenes(scenes, 4)) == 4


def test_results_of_earlier_versions_are_shown() -> None:
    recap = make_scene_recap((SceneFrame(10.0, PACKED_FRAME), SceneFrame(40.0, PACKED_FRAME)), 0)
    assert [slide.heading for slide in recap.slides[1:3]] == ["At 0:10", "At 0:40"]
    assert recap.slides[0].notes == "This film looks back on a video of 1 minute and 22 seconds."
