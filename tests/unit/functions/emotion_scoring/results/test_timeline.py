"""Who is who over time, what counts when, and what it all comes down to."""

from __future__ import annotations

from fractions import Fraction

import pytest

from functions.emotion_scoring.faces.face import Box, Face
from functions.emotion_scoring.faces.smoothing import TIME_CONSTANT_S, Smoother
from functions.emotion_scoring.faces.tracking import MAX_MISSED_FACES, Tracker
from functions.emotion_scoring.results.series import MAX_BINS, MAX_FACES, Series
from functions.emotion_scoring.results.summary import MAX_PEAKS, Summary
from functions.emotion_scoring.results.timeline import Moment, build_timeline
from functions.emotion_scoring.scores import ScoredFrame
from tests.fixtures.media.faces import EMOTIONS, make_face, make_probabilities, make_scored_frame

SECOND = Fraction(1)


def _follow(*frames: ScoredFrame, smooth: bool = False) -> list[Moment]:
    return list(build_timeline(((0, one) for one in frames), EMOTIONS, smooth=smooth))


def _ids(*frames: ScoredFrame) -> list[list[tuple[int, float]]]:
    return [[(r.face_id, r.face.box.x) for r in moment.readings] for moment in _follow(*frames)]


# --- who is who ------------------------------------------------------------------------------


def test_two_people_who_move_keep_their_ids_whatever_their_order_in_the_frame() -> None:
    told = _ids(
        make_scored_frame(0, make_face(100), make_face(400)),
        make_scored_frame(1, make_face(390), make_face(115)),
        make_scored_frame(2, make_face(380)),
    )
    assert told == [[(1, 100), (2, 400)], [(1, 115), (2, 390)], [(2, 380)]]


def test_someone_who_hides_for_a_second_comes_back_as_the_same_person() -> None:
    told = _ids(
        *(
            make_scored_frame(k, *([make_face(100)] if k != 2 else []), every=SECOND / 2)
            for k in range(5)
        )
    )
    assert [ids for ids in told if ids] == [[(1, 100)]] * 4


def test_someone_who_was_away_for_long_is_somebody_new() -> None:
    away = [make_scored_frame(k, every=SECOND) for k in range(1, 6)]
    told = _ids(make_scored_frame(0, make_face(100)), *away, make_scored_frame(6, make_face(100)))
    assert told[0] == [(1, 100)]
    assert told[-1] == [(2, 100)]


def test_frames_ten_seconds_apart_still_follow_a_face_that_stays() -> None:
    told = _ids(*(make_scored_frame(k, make_face(100 + k), every=10 * SECOND) for k in range(4)))
    assert [ids[0][0] for ids in told] == [1, 1, 1, 1]


def test_a_person_who_leaves_does_not_lend_the_id_to_a_neighbour() -> None:
    told = _ids(
        make_scored_frame(0, make_face(100), make_face(400)),
        make_scored_frame(1, make_face(400)),
        make_scored_frame(2, make_face(400)),
    )
    assert told[1:] == [[(2, 400)], [(2, 400)]]


def test_one_box_that_overlaps_two_people_goes_to_the_nearer_one() -> None:
    told = _ids(
        make_scored_frame(0, make_face(100), make_face(150)),
        make_scored_frame(1, make_face(145), make_face(102)),
    )
    assert told[1] == [(1, 102), (2, 145)]


def test_a_crowd_that_changes_in_every_frame_is_not_remembered() -> None:
    tracker = Tracker()
    for k in range(60):
        boxes = [Box(2000 * k + 100 * n, 0, 50, 50) for n in range(20)]
        assert tracker.assign_ids(Fraction(k, 25), boxes) == list(range(20 * k + 1, 20 * k + 21))
    assert len(tracker._tracks) <= 20 + MAX_MISSED_FACES + 20


# --- what counts -----------------------------------------------------------------------------


def test_one_odd_frame_does_not_change_the_mood_when_frames_are_close() -> None:
    frames = [
        make_scored_frame(
            k, make_face(100, **({"angry": 0.9} if k == 10 else {"happy": 0.9})), every=SECOND / 10
        )
        for k in range(20)
    ]
    assert {one.readings[0].dominant for one in _follow(*frames, smooth=True)} == {"happy"}
    assert _follow(*frames, smooth=False)[10].readings[0].dominant == "angry"


def test_the_average_forgets_with_the_documented_time_constant() -> None:
    smoother = Smoother()
    smoother.smooth(1, Fraction(0), (1.0, 0.0))
    (old, new) = smoother.smooth(1, Fraction(TIME_CONSTANT_S), (0.0, 1.0))
    assert old == pytest.approx(0.3679, abs=1e-4)
    assert old + new == pytest.approx(1)


def test_faces_are_averaged_each_for_itself() -> None:
    frames = [
        make_scored_frame(k, make_face(100, happy=1), make_face(400, sad=1), every=SECOND / 10)
        for k in range(5)
    ]
    last = _follow(*frames, smooth=True)[-1]
    assert [one.dominant for one in last.readings] == ["happy", "sad"]
    assert all(one.confidence == pytest.approx(1) for one in last.readings)


def test_two_emotions_close_to_each_other_are_called_uncertain() -> None:
    close, clear = _follow(
        make_scored_frame(0, make_face(100, sad=0.45, fear=0.4)),
        make_scored_frame(1, make_face(100, sad=0.6, fear=0.4)),
    )
    assert close.readings[0].is_uncertain
    assert close.readings[0].dominant == "sad"
    assert not clear.readings[0].is_uncertain


def test_a_face_too_small_to_be_scored_is_there_without_a_verdict() -> None:
    tiny = Face(Box(10, 10, 12, 15), 0.8, 3.0, "too_small", None)
    (moment,) = _follow(make_scored_frame(0, tiny))
    (reading,) = moment.readings
    assert (reading.face_id, reading.dominant, reading.confidence) == (1, None, None)
    assert reading.is_uncertain


# --- what it comes down to -------------------------------------------------------------------


def _summary(*frames: ScoredFrame, every: Fraction = SECOND) -> Summary:
    summary = Summary(EMOTIONS, every)
    for moment in _follow(*frames):
        summary.add(moment)
    return summary


def test_shares_count_faces_time_and_frames_without_a_face_apart() -> None:
    told = _summary(
        make_scored_frame(0, make_face(100, happy=1), make_face(400, sad=1)),
        make_scored_frame(1, make_face(100, happy=1)),
        make_scored_frame(2),
    ).to_dict()
    assert told["share"]["happy"] == pytest.approx(2 / 3, abs=1e-3)
    assert told["share"]["sad"] == pytest.approx(1 / 3, abs=1e-3)
    assert sum(told["share"].values()) == pytest.approx(1, abs=1e-3)
    assert (told["frames"], told["frames_without_face"]) == (3, 1)
    assert (told["faces"], told["most_faces_at_once"]) == (2, 2)


def test_a_video_without_faces_has_shares_of_nothing_and_no_peaks() -> None:
    summary = _summary(*(make_scored_frame(k) for k in range(5)))
    assert summary.to_dict()["no_face_share"] == 1
    assert set(summary.to_dict()["share"].values()) == {0}
    assert summary.select_peaks() == []


def test_a_long_episode_has_one_peak_at_its_strongest_frame() -> None:
    strengths = [0.6, 0.7, 0.95, 0.8, 0.7]
    (peak,) = _summary(
        *(make_scored_frame(k, make_face(100, happy=s)) for k, s in enumerate(strengths))
    ).select_peaks()
    assert (peak.emotion, peak.score) == ("happy", 0.95)
    assert [peak.begin, peak.time, peak.end] == [Fraction(0), Fraction(2), Fraction(5)]


def test_every_emotion_gets_its_strongest_moment_before_one_gets_a_second() -> None:
    moods = [{"happy": 0.99}, {}, {}] * 8 + [{"sad": 0.6}, {}, {}] + [{"angry": 0.6}]
    peaks = _summary(
        *(make_scored_frame(k, make_face(100, **one)) for k, one in enumerate(moods))
    ).select_peaks()
    assert len(peaks) == MAX_PEAKS
    assert [one.time for one in peaks] == sorted(one.time for one in peaks)
    assert {one.emotion for one in peaks} == {"happy", "sad", "angry"}


def test_neutral_uncertain_and_blurred_faces_are_no_strong_moments() -> None:
    blurred = Face(Box(400, 100, 80, 80), 0.9, 5.0, "blurred", make_probabilities(sad=1))
    peaks = _summary(
        make_scored_frame(0, make_face(100)),
        make_scored_frame(1, make_face(100, happy=0.5, sad=0.45)),
        make_scored_frame(2, blurred),
    ).select_peaks()
    assert peaks == []


def test_the_chart_keeps_a_bounded_number_of_bins_and_faces() -> None:
    series = Series()
    frames = (
        make_scored_frame(
            k, make_face(100, happy=0.5), make_face(1000 * (k % 400), y=600 + k), every=SECOND / 25
        )
        for k in range(3 * MAX_BINS)
    )
    for moment in build_timeline(((0, one) for one in frames), EMOTIONS):
        series.add(moment)
    assert series.frames_per_bin == 4
    assert series.last_bin < MAX_BINS
    assert len(series._curves) <= 2 * MAX_FACES
    longest = series.select_longest(1)[0]
    assert longest.frame_count == 3 * MAX_BINS
    assert longest.mean(10) == pytest.approx(make_probabilities(happy=0.5))
