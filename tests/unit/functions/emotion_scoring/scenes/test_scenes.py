"""Scenes: changes between frames, cuts, and the scenes that a film may show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from functions.emotion_scoring.results.timeline import Moment
from functions.emotion_scoring.scenes.collector import Candidate, Scene, SceneCollector
from functions.emotion_scoring.scenes.content import ContentMeter
from functions.emotion_scoring.scenes.selection import (
    MAX_SCENES,
    WANTED_SCENES,
    find_key_frame,
    select_scenes,
)
from functions.emotion_scoring.scores import FrameContent, ScoredFrame
from shared.media.images.frame import BgrImage
from shared.recipes.frames.pack import FrameStamp
from shared.recipes.pts import Pts

CUT, MOTION, STILL = 60.0, 8.0, 0.1
LIGHT, BLACK = 120.0, 16.0


def find_scenes(
    *contents: FrameContent | None,
    every: Fraction = Fraction(1),
    change_at_joint: float = STILL,
    locate: Callable[[Candidate], Sequence[Fraction]] = lambda row: (
        () if row.gradual else (row.end,)
    ),
) -> list[Scene]:
    """Returns the scenes of a video with a frame for each content, every `every` seconds."""
    collector = SceneCollector()
    for n, content in enumerate(contents):
        stamp = FrameStamp(n, n * every, Pts(n, every), 320, 180)
        collector.add(Moment(0, ScoredFrame(f"{n}.jpg", stamp, 0, 1, (), content), ()))
    return collector.find(
        len(contents) * every,
        lambda _before, _frame: change_at_joint,
        lambda candidates: {row: locate(row) for row in candidates},
    )


def make_scene(
    length: int, change: float = MOTION, brightness: float = LIGHT
) -> list[FrameContent]:
    """Returns the contents of a scene that begins with a cut."""
    return [FrameContent(CUT, brightness), *[FrameContent(change, brightness)] * (length - 1)]


def times(scenes: list[Scene]) -> list[tuple[int, int]]:
    return [(int(scene.begin), int(scene.end)) for scene in scenes]


def draw_noise(seed: int, mean: int = 128) -> BgrImage:
    noise = np.random.default_rng(seed).integers(-20, 20, (90, 160, 3))
    return (noise + mean).clip(0, 255).astype(np.uint8)


def test_meter_tells_cuts_from_small_changes() -> None:
    meter = ContentMeter()
    first, same, other = (
        draw_noise(1),
        draw_noise(1),
        np.full((90, 160, 3), (20, 60, 220), np.uint8),
    )
    tall = np.full((160, 90, 3), (20, 60, 220), np.uint8)
    contents = [meter.measure(image) for image in (first, same, other, tall)]
    changes = [content.change for content in contents]
    assert changes[0] is None
    assert changes[1:] == [0.0, pytest.approx(90, abs=40), 0.0], "shapes do not matter"
    assert contents[0].brightness == pytest.approx(128, abs=2)


def test_scene_begins_with_each_cut() -> None:
    scenes = find_scenes(*make_scene(4), *make_scene(2), *make_scene(5))
    assert times(scenes) == [(0, 4), (4, 6), (6, 11)]
    assert [scene.number for scene in scenes] == [1, 2, 3]


def test_scene_begins_with_the_picture_of_the_cut() -> None:
    contents = (*make_scene(4), *make_scene(3))
    scenes = find_scenes(*contents, locate=lambda row: [row.end - Fraction(2, 5)])
    assert [float(scene.begin) for scene in scenes] == [0, 3.6]
    assert scenes[0].end == scenes[1].begin
    assert scenes[1].frames[0].time == 4


def test_scene_between_two_frames_is_counted_and_not_shown() -> None:
    scenes = find_scenes(
        *make_scene(4),
        *make_scene(3),
        locate=lambda row: [row.end - Fraction(9, 10), row.end - Fraction(1, 2), row.end],
    )
    assert [float(scene.begin) for scene in scenes] == [0, 3.1, 4]
    assert [len(scene.frames) for scene in scenes] == [4, 0, 3]
    assert [scene.number for scene in select_scenes(scenes)] == [1, 3]


def test_movement_between_frames_is_no_cut() -> None:
    assert times(find_scenes(*make_scene(4), *make_scene(3), locate=lambda _: ())) == [(0, 7)]


def test_changes_that_add_up_to_a_cut_are_searched_for_a_dissolve() -> None:
    searched: list[Candidate] = []
    slow = [FrameContent(change, LIGHT) for change in (8.0, 15.0, 14.0, 8.0, 2.0)]

    def locate(row: Candidate) -> Sequence[Fraction]:
        searched.append(row)
        return [Fraction(27, 5)] if row.gradual else [row.end]

    contents = (*make_scene(3), *slow, *make_scene(3))
    assert times(find_scenes(*contents, locate=locate)) == [(0, 5), (5, 8), (8, 11)]
    # The largest sum, of two seconds at most, and each frame in one range.
    gradual = [[row.begin, row.end, row.change] for row in searched if row.gradual]
    assert gradual == [[3, 5, 29.0]]
    # Two seconds of movement are not as much as a cut.
    still = make_scene(30)
    searched.clear()
    find_scenes(FrameContent(None, LIGHT), *still[1:], locate=locate)
    assert searched == []


def test_scene_may_begin_or_continue_with_a_part() -> None:
    joint = FrameContent(None, LIGHT)
    contents = (joint, *make_scene(3)[1:], joint, *make_scene(3)[1:])
    assert times(find_scenes(*contents, change_at_joint=CUT)) == [(0, 3), (3, 6)]
    assert times(find_scenes(*contents, change_at_joint=MOTION)) == [(0, 6)]


def test_flash_is_no_scene() -> None:
    flash = [FrameContent(CUT, LIGHT)] * 2
    contents = [*make_scene(10), *flash, *make_scene(10)[1:]]
    scenes = find_scenes(*contents, every=Fraction(1, 5))
    assert [float(scene.begin) for scene in scenes] == [0, 2]


def test_scores_of_earlier_versions_have_one_scene() -> None:
    scenes = find_scenes(*[None] * 40)
    assert times(scenes) == [(0, 40)]
    assert len(select_scenes(scenes)) == 4


def test_single_frame_is_a_scene() -> None:
    scenes = find_scenes(FrameContent(None, LIGHT))
    assert times(select_scenes(scenes)) == [(0, 1)]


def test_still_video_has_one_section() -> None:
    scenes = find_scenes(*make_scene(60, STILL))
    assert times(select_scenes(scenes)) == [(0, 60)]


def test_long_take_is_divided() -> None:
    sections = select_scenes(find_scenes(*make_scene(180)))
    assert len(sections) == WANTED_SCENES
    assert {section.number for section in sections} == {1}
    assert all(before.end == after.begin for before, after in pairwise(sections))
    short = select_scenes(find_scenes(*make_scene(15)))
    assert len(short) == 1


def test_hundreds_of_cuts_leave_the_longest_scenes() -> None:
    contents = [row for n in range(300) for row in make_scene(5 if n % 10 == 0 else 1)]
    sections = select_scenes(find_scenes(*contents))
    assert len(sections) == MAX_SCENES
    assert all(section.length == 5 for section in sections)
    assert sections == sorted(sections, key=lambda section: section.begin)


def test_many_scenes_of_one_length_are_spread_over_the_video() -> None:
    sections = select_scenes(find_scenes(*(row for _ in range(200) for row in make_scene(2))))
    assert len(sections) == MAX_SCENES
    assert max(after.begin - before.begin for before, after in pairwise(sections)) <= 34
    assert sections[-1].begin > 370


def test_black_scenes_are_left_out_unless_all_are() -> None:
    black = make_scene(9, STILL, BLACK)
    assert times(select_scenes(find_scenes(*black, *make_scene(4)))) == [(9, 13)]
    assert times(select_scenes(find_scenes(*black))) == [(0, 9)]


def test_key_frame_is_in_the_middle_and_not_black() -> None:
    (scene,) = find_scenes(*make_scene(9))
    assert find_key_frame(scene).time in (4, 5)
    black_middle = [FrameContent(MOTION, BLACK if 2 < n < 8 else LIGHT) for n in range(9)]
    (faded,) = find_scenes(*black_middle)
    assert find_key_frame(faded).time == 2
