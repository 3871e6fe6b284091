"""Which parts of the video a recap shows."""

from __future__ import annotations

from fractions import Fraction

import pytest

from functions.stitching.film.timeline import RATE_HZ, Pacing, Scene, Timeline
from functions.stitching.footage.shots import (
    ClipPlan,
    Moment,
    extend,
    find_moments,
    limit_reach,
    plan_shots,
)
from shared.recipes.emotions.results import SceneFrame
from tests.fixtures.media.emotions import PACKED_FRAME, make_emotions_result
from tests.fixtures.media.recaps import make_recap_deck

S = RATE_HZ


def plan(moment: Moment, length_s: int, duration_s: int = 60) -> tuple[float, float]:
    """Returns begin and end of the shot of a moment in seconds of the video."""
    deck = make_recap_deck(1)
    lengths = [4 * S, length_s * S, 4 * S]
    (shot,) = plan_shots(deck, {1: moment}, lengths, Fraction(duration_s), ClipPlan({}))[1]
    return float(shot.begin), float(shot.begin) + shot.length / S


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ((10, 30), (18, 23)),
        ((18.5, 30), (18.5, 23.5)),
        ((10, 21), (16, 21)),
        ((19, 22), (18, 23)),
        ((19, 19), (16.5, 21.5)),
    ],
    ids=["inside", "begin", "end", "shorter", "one-frame"],
)
def test_clip_of_a_scene_stays_within_its_cuts(
    limits: tuple[float, float], expected: tuple[float, float]
) -> None:
    assert plan(Moment(20.0, limits=limits), 5) == expected


def test_clip_at_an_edge_of_the_video_stays_in_it() -> None:
    assert plan(Moment(0.0, limits=(0, 1)), 5) == (0, 5)
    assert plan(Moment(59.0, limits=(58, 59)), 5) == (55, 60)


def test_clip_is_not_longer_than_the_video() -> None:
    assert plan(Moment(0.5), 5, duration_s=2) == (0, 2)


@pytest.mark.parametrize(
    ("moment", "duration_s", "expected_s"),
    [
        (Moment(5.0), 60, 8),
        (Moment(5.0, limits=(3.0, 9.5)), 60, 6.5),
        (Moment(5.0, limits=(3.0, 5.5)), 60, 4),
        (Moment(0.5), 1, 4),
        (Moment(5.0), None, 8),
    ],
    ids=["extended", "scene", "short-scene", "short-video", "unknown-duration"],
)
def test_clip_is_extended_within_its_scene_and_video(
    moment: Moment, duration_s: int | None, expected_s: float
) -> None:
    timeline = Timeline((Scene(0, S, 2 * S, 3 * S), Scene(3 * S, 4 * S, 6 * S, 7 * S)), ())
    duration = None if duration_s is None else Fraction(duration_s)
    extended = extend({1: Pacing()}, {1: moment}, timeline, 60, duration)
    assert extended[1].min_length == expected_s * S


def test_clip_is_moved_for_quiet_only_within_its_scene() -> None:
    deck = make_recap_deck(1)
    moment = Moment(20.0, limits=(18.0, 23.25))
    duration = Fraction(60)
    (shot,) = plan_shots(deck, {1: moment}, [4 * S, 5 * S, 4 * S], duration, ClipPlan({}))[1]
    assert limit_reach(shot, S, duration) == (0, S // 4)
    (free,) = plan_shots(deck, {1: Moment(20.0)}, [4 * S, 5 * S, 4 * S], duration, ClipPlan({}))[1]
    assert limit_reach(free, S, duration) == (S, S)
    assert limit_reach(free, S, None) == (S, 0)


def test_scenes_of_earlier_versions_have_no_limits() -> None:
    scenes = (SceneFrame(5.0, PACKED_FRAME, 3.0, 9.0, 1), SceneFrame(20.0, PACKED_FRAME))
    deck = make_recap_deck(2)
    rows = [{**slide.to_dict()} for slide in deck.slides]
    rows[1]["picture"], rows[2]["picture"] = "scene:1", "scene:2"
    deck = type(deck).from_dict({**deck.to_dict(), "slides": rows})
    moments = find_moments(deck, make_emotions_result(scenes=scenes), (320, 180))
    scene = Moment(5.0, limits=(3.0, 9.0), extent=(3.0, 9.0))
    assert moments == {1: scene, 2: Moment(20.0)}
