"""Connections are joined at equal packets, and by arrival times when there are none."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from fractions import Fraction

import pytest

from functions.recorder.clip.entries import PacketRun
from functions.recorder.clip.mux_plan import plan_mux
from functions.recorder.clip.splice import splice
from functions.recorder.packets import SOUND, VIDEO, Track
from tests.fixtures.segments import make_packet_run

BASE = Fraction(1, 90_000)
FRAME_TICKS = 3000
TRACK = Track("mjpeg", BASE, 640, 480)


def make_run(
    numbers: Iterable[int],
    *,
    late_s: float = 0.0,
    clock: int = 0,
    label: str = "",
    still: bool = False,
    track: Track = TRACK,
) -> PacketRun:
    """Returns a run with the pictures of these numbers, at 30 fps. They arrive `late_s` after they
    were taken; their times start at `clock` ticks. All pictures of a `still` scene are equal."""
    rows = [
        (VIDEO, True, clock + n * FRAME_TICKS, 100 + n / 30 + late_s, 10,
         hash(f"{label}{'still' if still else n}") % 2**64)
        for n in numbers
    ]  # fmt: skip
    return make_packet_run((track,), rows)


def clip_times(*runs: PacketRun) -> list[float]:
    """Returns the times of all pictures of the clip, in frames."""
    slices = splice(runs).slices
    times = [part.time_s(n) for part in slices for n in range(part.start, part.end)]
    return [round(float(time * 30), 3) for time in times]


def test_runs_change_over_at_equal_packets_whatever_their_clocks() -> None:
    assert clip_times(make_run(range(60)), make_run(range(40, 100), clock=777_777, late_s=0.3)) == [
        float(n) for n in range(100)
    ]


def test_still_scene_is_joined_by_arrival_times() -> None:
    first = make_run(range(60), still=True)
    second = make_run(range(40, 100), still=True, clock=5, late_s=0.004)
    assert clip_times(first, second) == [float(n) for n in range(100)]


def test_runs_without_equal_packets_are_joined_by_arrival_times() -> None:
    runs = [make_run(range(60)), make_run(range(40, 100), label="b", clock=9_000)]
    assert splice(runs).gaps == ()
    assert [round(time) for time in clip_times(*runs)] == list(range(100))


def test_missing_pictures_are_a_gap_with_start_and_duration() -> None:
    result = splice([make_run(range(30)), make_run(range(75, 90), clock=1)])
    [gap] = result.gaps
    assert gap.start_s == pytest.approx(1.0, abs=0.001)
    assert gap.duration_s == pytest.approx(1.5, abs=0.001)


def test_run_within_another_run_changes_nothing() -> None:
    assert clip_times(make_run(range(100)), make_run(range(40, 60), clock=3)) == [
        float(n) for n in range(100)
    ]


def test_order_of_the_runs_does_not_matter() -> None:
    runs = [
        make_run(range(60)),
        make_run(range(50, 100), clock=3),
        make_run(range(95, 130), clock=9),
    ]
    assert clip_times(*runs) == clip_times(*reversed(runs)) == [float(n) for n in range(130)]


def test_run_of_another_picture_size_is_skipped_and_counted() -> None:
    other = Track("mjpeg", BASE, 320, 240)
    result = splice([make_run(range(30)), make_run(range(30, 60), track=other)])
    assert (len(result.slices), result.skipped_run_count) == (1, 1)


def test_no_pictures_give_no_plan() -> None:
    assert plan_mux(splice([]), None, None) is None
    assert plan_mux(splice([make_packet_run((TRACK,), [])]), None, None) is None


def test_reordered_pictures_are_decoded_before_they_are_shown() -> None:
    order = [0, 3, 1, 2, 6, 4, 5, 9, 7, 8]
    track = Track("h264", BASE, 640, 480)
    rows = [(VIDEO, n == 0, n * FRAME_TICKS, 100 + i / 30, 10, 0) for i, n in enumerate(order)]
    plan = plan_mux(splice([make_packet_run((track,), rows)]), None, None)
    assert plan is not None
    entries = list(plan.tracks[VIDEO].tolist())
    assert [pts // FRAME_TICKS for _, _, pts, *_ in entries] == order
    decoded = [dts for _, _, _, dts, *_ in entries]
    assert decoded == sorted(set(decoded))
    assert all(dts <= pts for _, _, pts, dts, *_ in entries)
    assert plan.duration_s == pytest.approx(10 / 30, abs=0.001)


def test_recording_cut_within_reordered_pictures_has_no_gap_at_its_end() -> None:
    order = [0, 3, 1, 2, 6, 4, 5]
    track = Track("h264", BASE, 640, 480)
    rows = [(VIDEO, n == 0, n * FRAME_TICKS, 100 + i / 30, 10, 0) for i, n in enumerate(order)]

    def planned_pictures(count: int, ends_at: float | None) -> list[int]:
        run = make_packet_run((track,), rows[:count])
        plan = plan_mux(splice([run]), None, ends_at)
        assert plan is not None
        return sorted(pts // FRAME_TICKS for _, _, pts, *_ in plan.tracks[VIDEO].tolist())

    # Pictures that are shown earlier are kept although they arrived after the end. When they are
    # missing, the picture behind them is removed.
    assert planned_pictures(7, 100 + 4.5 / 30) == [0, 1, 2, 3, 4, 5, 6]
    assert planned_pictures(5, None) == [0, 1, 2, 3]


def test_sound_changes_over_with_the_pictures() -> None:
    tracks = (TRACK, Track("pcm_alaw", Fraction(1, 8000), rate_hz=8000, channels=1))

    def with_sound(numbers: range, clock_s: int) -> PacketRun:
        rows = []
        for n in numbers:
            shift = round(clock_s / BASE)
            rows.append((VIDEO, True, shift + n * FRAME_TICKS, 100 + n / 30, 10, n))
            pts = clock_s * 8000 + n * 8000 // 30
            size = (n + 1) * 8000 // 30 - n * 8000 // 30
            rows.append((SOUND, True, pts, 100 + n / 30, size, 0))
        return make_packet_run(tracks, rows)

    plan = plan_mux(splice([with_sound(range(30), 0), with_sound(range(20, 60), 50)]), None, None)
    assert plan is not None
    assert plan.container == "mov"
    sound_pts = [pts for track, _, pts, *_ in plan.tracks[SOUND].tolist()]
    assert len(sound_pts) == 60
    assert max(b - a for a, b in itertools.pairwise(sound_pts)) <= 268


def test_stopped_clock_does_not_slow_planning_down() -> None:
    """A search for a free time from the beginning would be quadratic in the number of pictures."""
    rows = [(VIDEO, True, 0, 100 + n / 30, 10, 0) for n in range(100_000)]
    plan = plan_mux(splice([make_packet_run((TRACK,), rows)]), None, None)
    assert plan is not None
    assert plan.picture_count == len(rows)
