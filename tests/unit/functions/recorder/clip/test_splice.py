"""Where connections are put together: by the same packets, and by time where there are none."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from fractions import Fraction

import pytest

from functions.recorder.capture.segments import IndexRow
from functions.recorder.clip.mux_plan import ENTRY, plan_mux
from functions.recorder.clip.splice import PacketRun, splice
from functions.recorder.packets import SOUND, VIDEO, Track

BASE = Fraction(1, 90_000)
FRAME = 3000
TRACK = Track("mjpeg", BASE, 640, 480)


def run(
    numbers: Iterable[int],
    *,
    late_s: float = 0.0,
    clock: int = 0,
    label: str = "",
    still: bool = False,
    track: Track = TRACK,
) -> PacketRun:
    """A connection that has the pictures of these numbers, at 30 fps. `late_s` later than they were
    shown, on a clock of its own; of a `still` scene all pictures are the same."""
    rows = [
        IndexRow(VIDEO, True, clock + n * FRAME, 100 + n / 30 + late_s, 10,
            f"{label}{'still' if still else n:>8}".encode()[:8])
        for n in numbers
    ]  # fmt: skip
    return PacketRun((track,), rows, tuple(range(len(rows))))


def shown(*runs: PacketRun) -> list[float]:
    """The times of all pictures of the clip, in frames."""
    found = splice(runs)
    times = [one.time_s(n) * 30 for one in found.pieces for n in range(one.start, one.end)]
    return [round(float(one), 3) for one in times]


def test_the_same_packets_say_where_to_change_over_whatever_the_clocks_say() -> None:
    assert shown(run(range(60)), run(range(40, 100), clock=777_777, late_s=0.3)) == [
        float(n) for n in range(100)
    ]


def test_a_still_scene_is_joined_by_the_times_of_arrival() -> None:
    first = run(range(60), still=True)
    second = run(range(40, 100), still=True, clock=5, late_s=0.004)
    assert shown(first, second) == [float(n) for n in range(100)]


def test_a_camera_that_encodes_for_every_viewer_is_joined_by_time() -> None:
    found = splice([run(range(60)), run(range(40, 100), label="b", clock=9_000)])
    times = [one.time_s(n) for one in found.pieces for n in range(one.start, one.end)]
    assert found.gaps == ()
    assert [round(float(one * 30)) for one in times] == list(range(100))


def test_what_a_crash_left_out_is_a_gap_with_its_place_and_length() -> None:
    found = splice([run(range(30)), run(range(75, 90), clock=1)])
    [gap] = found.gaps
    assert gap.start_s == pytest.approx(1.0, abs=0.001)
    assert gap.duration_s == pytest.approx(1.5, abs=0.001)


def test_a_worker_that_came_and_went_beside_another_changes_nothing() -> None:
    assert shown(run(range(100)), run(range(40, 60), clock=3)) == [float(n) for n in range(100)]


def test_the_order_in_which_runs_are_found_does_not_matter() -> None:
    runs = [run(range(60)), run(range(50, 100), clock=3), run(range(95, 130), clock=9)]
    assert shown(*runs) == shown(*reversed(runs)) == [float(n) for n in range(130)]


def test_pictures_of_another_size_are_left_out_and_counted() -> None:
    other = Track("mjpeg", BASE, 320, 240)
    found = splice([run(range(30)), run(range(30, 60), track=other)])
    assert (len(found.pieces), found.skipped_run_count) == (1, 1)


def test_nothing_recorded_is_no_clip() -> None:
    assert plan_mux(splice([]), None, None) is None
    assert plan_mux(splice([PacketRun((TRACK,), [])]), None, None) is None


def test_pictures_that_are_shown_between_others_are_decoded_before_they_are_shown() -> None:
    order = [0, 3, 1, 2, 6, 4, 5, 9, 7, 8]
    track = Track("h264", BASE, 640, 480)
    rows = [
        IndexRow(VIDEO, n == 0, n * FRAME, 100 + i / 30, 10, bytes(8)) for i, n in enumerate(order)
    ]
    plan = plan_mux(splice([PacketRun((track,), rows, tuple(range(10)))]), None, None)
    assert plan is not None
    entries = list(ENTRY.iter_unpack(plan.entries))
    assert [pts // FRAME for _, _, pts, *_ in entries] == order
    decoded = [dts for _, _, _, dts, *_ in entries]
    assert decoded == sorted(set(decoded))
    assert all(dts <= pts for _, _, pts, dts, *_ in entries)
    assert plan.duration_s == pytest.approx(10 / 30, abs=0.001)


def test_a_recording_that_ends_between_pictures_ends_with_a_whole_one() -> None:
    order = [0, 3, 1, 2, 6, 4, 5]
    track = Track("h264", BASE, 640, 480)
    rows = [
        IndexRow(VIDEO, n == 0, n * FRAME, 100 + i / 30, 10, bytes(8)) for i, n in enumerate(order)
    ]

    def kept(count: int, ends_at: float | None) -> list[int]:
        run = PacketRun((track,), rows[:count], tuple(range(count)))
        plan = plan_mux(splice([run]), None, ends_at)
        assert plan is not None
        return sorted(pts // FRAME for _, _, pts, *_ in ENTRY.iter_unpack(plan.entries))

    # What is shown between is there, though it came a moment after the end; or it never came.
    assert kept(7, 100 + 4.5 / 30) == [0, 1, 2, 3, 4, 5, 6]
    assert kept(5, None) == [0, 1, 2, 3]


def test_sound_changes_over_with_the_pictures() -> None:
    tracks = (TRACK, Track("pcm_alaw", Fraction(1, 8000), rate_hz=8000, channels=1))

    def with_sound(numbers: range, clock_s: int) -> PacketRun:
        rows = []
        for n in numbers:
            shift = round(clock_s / BASE)
            rows.append(
                IndexRow(VIDEO, True, shift + n * FRAME, 100 + n / 30, 10, f"{n:8}".encode())
            )
            pts = clock_s * 8000 + n * 8000 // 30
            rows.append(IndexRow(SOUND, True, pts, 100 + n / 30, 10, bytes(8)))
        return PacketRun(tracks, rows, tuple(range(len(rows))))

    plan = plan_mux(splice([with_sound(range(30), 0), with_sound(range(20, 60), 50)]), None, None)
    assert plan is not None
    assert plan.container == "mov"
    heard = [pts for track, _, pts, *_ in ENTRY.iter_unpack(plan.entries) if track == SOUND]
    assert len(heard) == 60
    assert max(b - a for a, b in itertools.pairwise(heard)) <= 268


def test_a_clock_that_stands_still_takes_no_longer_than_one_that_goes() -> None:
    """Four hours of it would otherwise be compared with themselves, picture by picture."""
    rows = [IndexRow(VIDEO, True, 0, 100 + n / 30, 10, bytes(8)) for n in range(100_000)]
    plan = plan_mux(splice([PacketRun((TRACK,), rows, tuple(range(len(rows))))]), None, None)
    assert plan is not None
    assert plan.picture_count == len(rows)
