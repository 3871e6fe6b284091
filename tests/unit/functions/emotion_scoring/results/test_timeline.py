"""Tests of face ids, smoothing, summaries and chart curves over time."""

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


def _timeline(*frames: ScoredFrame, smooth: bool = False) -> list[Moment]:
    return list(build_timeline(((0, frame) for frame in frames), EMOTIONS, smooth=smooth))


def _ids(*frames: ScoredFrame) -> list[list[tuple[int, float]]]:
    return [[(r.face_id, r.face.box.x) for r in moment.readings] for moment in _timeline(*frames)]


# --- face ids ---------------------------------------------------------------------------------


def test_moving_faces_keep_their_ids_in_any_order() -> None:
    ids = _ids(
        make_scored_frame(0, make_face(100), make_face(400)),
        make_scored_frame(1, make_face(390), make_face(115)),
        make_scored_frame(2, make_face(380)),
    )
    assert ids == [[(1, 100), (2, 400)], [(1, 115), (2, 390)], [(2, 380)]]


def test_face_missing_for_a_second_keeps_its_id() -> None:
    ids_by_frame = _ids(
        *(
            make_scored_frame(k, *([make_face(100)] if k != 2 else []), every=SECOND / 2)
            for k in range(5)
        )
    )
    assert [ids for ids in ids_by_frame if ids] == [[(1, 100)]] * 4


def test_face_missing_for_long_gets_a_new_id() -> None:
    empty = [make_scored_frame(k, every=SECOND) for k in range(1, 6)]
    ids = _ids(make_scored_frame(0, make_face(100)), *empty, make_scored_frame(6, make_face(100)))
    assert ids[0] == [(1, 100)]
    assert ids[-1] == [(2, 100)]


def test_face_keeps_its_id_in_frames_ten_seconds_apart() -> None:
    frames = (make_scored_frame(k, make_face(100 + k), every=10 * SECOND) for k in range(4))
    assert [ids[0][0] for ids in _ids(*frames)] == [1, 1, 1, 1]


def test_id_of_a_missing_face_does_not_pass_to_its_neighbour() -> None:
    ids = _ids(
        make_scored_frame(0, make_face(100), make_face(400)),
        make_scored_frame(1, make_face(400)),
        make_scored_frame(2, make_face(400)),
    )
    assert ids[1:] == [[(2, 400)], [(2, 400)]]


def test_box_that_overlaps_two_faces_goes_to_the_nearer_one() -> None:
    ids = _ids(
        make_scored_frame(0, make_face(100), make_face(150)),
        make_scored_frame(1, make_face(145), make_face(102)),
    )
    assert ids[1] == [(1, 102), (2, 145)]


def test_tracker_bounds_the_number_of_missed_faces() -> None:
    tracker = Tracker()
    for k in range(60):
        boxes = [Box(2000 * k + 100 * n, 0, 50, 50) for n in range(20)]
        assert tracker.assign_ids(Fraction(k, 25), boxes) == list(range(20 * k + 1, 20 * k + 21))
    assert len(tracker._tracks) <= 20 + MAX_MISSED_FACES + 20


# --- smoothing and certainty -------------------------------------------------------------------


def test_smoothing_suppresses_a_single_outlier_frame() -> None:
    frames = [
        make_scored_frame(
            k, make_face(100, **({"angry": 0.9} if k == 10 else {"happy": 0.9})), every=SECOND / 10
        )
        for k in range(20)
    ]
    assert {moment.readings[0].dominant for moment in _timeline(*frames, smooth=True)} == {"happy"}
    assert _timeline(*frames, smooth=False)[10].readings[0].dominant == "angry"


def test_average_decays_with_the_documented_time_constant() -> None:
    smoother = Smoother()
    smoother.smooth(1, Fraction(0), (1.0, 0.0))
    (old, new) = smoother.smooth(1, Fraction(TIME_CONSTANT_S), (0.0, 1.0))
    assert old == pytest.approx(0.3679, abs=1e-4)
    assert old + new == pytest.approx(1)


def test_each_face_has_its_own_average() -> None:
    frames = [
        make_scored_frame(k, make_face(100, happy=1), make_face(400, sad=1), every=SECOND / 10)
        for k in range(5)
    ]
    last = _timeline(*frames, smooth=True)[-1]
    assert [reading.dominant for reading in last.readings] == ["happy", "sad"]
    assert all(reading.confidence == pytest.approx(1) for reading in last.readings)


def test_close_probabilities_are_uncertain() -> None:
    close, clear = _timeline(
        make_scored_frame(0, make_face(100, sad=0.45, fear=0.4)),
        make_scored_frame(1, make_face(100, sad=0.6, fear=0.4)),
    )
    assert close.readings[0].is_uncertain
    assert close.readings[0].dominant == "sad"
    assert not clear.readings[0].is_uncertain


def test_unscored_tiny_face_has_no_dominant_emotion() -> None:
    tiny = Face(Box(10, 10, 12, 15), 0.8, 3.0, "too_small", None)
    (moment,) = _timeline(make_scored_frame(0, tiny))
    (reading,) = moment.readings
    assert (reading.face_id, reading.dominant, reading.confidence) == (1, None, None)
    assert reading.is_uncertain


# --- summary -----------------------------------------------------------------------------------


def _summary(*frames: ScoredFrame, every: Fraction = SECOND) -> Summary:
    summary = Summary(EMOTIONS, every)
    for moment in _timeline(*frames):
        summary.add(moment)
    return summary


def test_shares_are_relative_to_the_time_of_scored_faces() -> None:
    summary = _summary(
        make_scored_frame(0, make_face(100, happy=1), make_face(400, sad=1)),
        make_scored_frame(1, make_face(100, happy=1)),
        make_scored_frame(2),
    ).to_dict()
    assert summary["share"]["happy"] == pytest.approx(2 / 3, abs=1e-3)
    assert summary["share"]["sad"] == pytest.approx(1 / 3, abs=1e-3)
    assert sum(summary["share"].values()) == pytest.approx(1, abs=1e-3)
    assert (summary["frames"], summary["frames_without_face"]) == (3, 1)
    assert (summary["faces"], summary["most_faces_at_once"]) == (2, 2)


def test_video_without_faces_has_zero_shares_and_no_peaks() -> None:
    summary = _summary(*(make_scored_frame(k) for k in range(5)))
    assert summary.to_dict()["no_face_share"] == 1
    assert set(summary.to_dict()["share"].values()) == {0}
    assert summary.select_peaks() == []


def test_episode_has_one_peak_at_its_strongest_frame() -> None:
    strengths = [0.6, 0.7, 0.95, 0.8, 0.7]
    (peak,) = _summary(
        *(make_scored_frame(k, make_face(100, happy=s)) for k, s in enumerate(strengths))
    ).select_peaks()
    assert (peak.emotion, peak.score) == ("happy", 0.95)
    assert [peak.begin, peak.time, peak.end] == [Fraction(0), Fraction(2), Fraction(5)]


def test_peaks_cover_every_emotion_before_a_second_of_one() -> None:
    moods = [{"happy": 0.99}, {}, {}] * 8 + [{"sad": 0.6}, {}, {}] + [{"angry": 0.6}]
    peaks = _summary(
        *(make_scored_frame(k, make_face(100, **mood)) for k, mood in enumerate(moods))
    ).select_peaks()
    assert len(peaks) == MAX_PEAKS
    assert [peak.time for peak in peaks] == sorted(peak.time for peak in peaks)
    assert {peak.emotion for peak in peaks} == {"happy", "sad", "angry"}


def test_neutral_uncertain_and_blurred_faces_are_not_peaks() -> None:
    blurred = Face(Box(400, 100, 80, 80), 0.9, 5.0, "blurred", make_probabilities(sad=1))
    peaks = _summary(
        make_scored_frame(0, make_face(100)),
        make_scored_frame(1, make_face(100, happy=0.5, sad=0.45)),
        make_scored_frame(2, blurred),
    ).select_peaks()
    assert peaks == []


def test_series_bounds_the_number_of_bins_and_faces() -> None:
    series = Series()
    frames = (
        make_scored_frame(
            k, make_face(100, happy=0.5), make_face(1000 * (k % 400), y=600 + k), every=SECOND / 25
        )
        for k in range(3 * MAX_BINS)
    )
    for moment in build_timeline(((0, frame) for frame in frames), EMOTIONS):
        series.add(moment)
    assert series.frames_per_bin == 4
    assert series.last_bin < MAX_BINS
    assert len(series._curves) <= 2 * MAX_FACES
    longest = series.select_longest(1)[0]
    assert longest.frame_count == 3 * MAX_BINS
    assert longest.mean(10) == pytest.approx(make_probabilities(happy=0.5))
