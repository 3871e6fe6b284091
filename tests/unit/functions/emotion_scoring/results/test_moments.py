"""The tracks of the faces of strong moments."""

from __future__ import annotations

from fractions import Fraction

from functions.emotion_scoring.results.moments import TRACK_REACH_S, find_tracks
from functions.emotion_scoring.results.summary import Summary
from functions.emotion_scoring.results.timeline import build_timeline
from tests.fixtures.media.faces import EMOTIONS, make_face, make_scored_frame


def test_track_follows_the_face_of_the_moment_around_it() -> None:
    frames = [
        make_scored_frame(n, make_face(4.0 * n, happy=0.6 + 0.3 * (n == 30)), make_face(500, sad=1))
        for n in range(60)
    ]
    moments = list(build_timeline(((0, frame) for frame in frames), EMOTIONS, smooth=False))
    summary = Summary(EMOTIONS, Fraction(1))
    for moment in moments:
        summary.add(moment)
    peaks = [peak for peak in summary.select_peaks() if peak.emotion == "happy"]
    ((track, others),) = find_tracks(moments, peaks)
    assert peaks[0].time == 30
    assert [point.time_s for point in track] == [
        float(n) for n in range(30 - int(TRACK_REACH_S), 31 + int(TRACK_REACH_S))
    ]
    # The face is 80 pixels wide in a picture of 640 pixels.
    assert all(abs(point.x - (4 * point.time_s + 40) / 640) < 0.001 for point in track)
    assert {(point.width, point.height) for point in track} == {(80 / 640, round(80 / 360, 4))}
    assert {point.x for point in others} == {round(540 / 640, 4)}
    assert len(others) == len(track)


def test_long_track_is_thinned_out() -> None:
    every = Fraction(1, 10)
    frames = [make_scored_frame(n, make_face(100, happy=0.9), every=every) for n in range(300)]
    moments = list(build_timeline(((0, frame) for frame in frames), EMOTIONS, smooth=False))
    summary = Summary(EMOTIONS, every)
    for moment in moments:
        summary.add(moment)
    ((track, _),) = find_tracks(moments, summary.select_peaks()[:1])
    assert 20 < len(track) <= 50
