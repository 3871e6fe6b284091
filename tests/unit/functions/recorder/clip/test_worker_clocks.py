"""Workers whose machine's clock was set between them make one clip without a gap."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from functions.recorder.capture.segments import Segment, segments_path
from functions.recorder.clip.clip import make_clip
from functions.recorder.clip.entries import PacketRun
from functions.recorder.clip.mux_plan import plan_mux
from functions.recorder.clip.splice import splice
from functions.recorder.packets import VIDEO
from shared.flows.documents import all_documents
from tests.fakes.cameras.encoded_frames import encode_h264
from tests.fixtures.media.clip_reader import is_consecutive, read_clip
from tests.fixtures.recorder import RecorderHarness
from tests.fixtures.segments import (
    STARTED_AT,
    make_packet_run,
    stop_capture,
    video_packets,
    video_track,
    write_segments,
)

FPS, DAY_S = 15, 86_400


def make_run(numbers: range, epoch: int, set_by_s: float) -> PacketRun:
    """The pictures of these numbers, of which 15 arrive a second by a clock that was set."""
    rows = [
        (VIDEO, n % FPS == 0, epoch * 777 + n * 6000, 1000 + set_by_s + n / FPS, 10, n)
        for n in numbers
    ]
    return make_packet_run((video_track("h264"),), rows, epoch)


def clip_pictures(runs: list[PacketRun]) -> tuple[list[float], list[float]]:
    """The times of the clip's pictures in pictures, and the durations of its gaps in seconds."""
    result = splice(runs)
    times = [part.time_s(n) for part in result.slices for n in range(part.start, part.end)]
    return [round(float(time * FPS), 3) for time in times], [gap.duration_s for gap in result.gaps]


@pytest.mark.parametrize("set_by_s", [DAY_S, 7200, -120, -3600, -DAY_S])
@pytest.mark.parametrize("is_reversed", [False, True])
def test_handover_after_the_clock_was_set_loses_and_adds_nothing(
    set_by_s: float, is_reversed: bool
) -> None:
    runs = [make_run(range(90), 1, 0), make_run(range(75, 150), 2, set_by_s)]
    times, gaps = clip_pictures(runs[::-1] if is_reversed else runs)
    assert (times, gaps) == ([float(n) for n in range(150)], [])


def test_clock_set_between_several_workers_loses_and_adds_nothing() -> None:
    jumps = [0, DAY_S, -DAY_S, 5 * DAY_S]
    runs = [make_run(range(60 * n, 60 * n + 75), n, jump) for n, jump in enumerate(jumps)]
    times, gaps = clip_pictures(runs)
    assert (times, gaps) == ([float(n) for n in range(255)], [])


@pytest.mark.parametrize("missing_s", [2, 300, 3000])
def test_time_without_a_worker_is_a_gap(missing_s: int) -> None:
    start = (missing_s + 2) * FPS
    _, gaps = clip_pictures([make_run(range(30), 1, 0), make_run(range(start, start + 30), 2, 0)])
    assert gaps == [pytest.approx(missing_s, abs=0.01)]


@pytest.mark.parametrize("pts_jump_s", [0, DAY_S, -DAY_S, 7200])
@pytest.mark.parametrize("arrival_jump_s", [0, DAY_S, -DAY_S])
def test_jump_that_an_earlier_version_recorded_is_removed(
    pts_jump_s: int, arrival_jump_s: int
) -> None:
    rows = [
        (VIDEO, n % FPS == 0, n * 6000 + (n >= 40) * pts_jump_s * 90_000,
         1000 + n / FPS + (n >= 40) * arrival_jump_s, 10, n)
        for n in range(90)
    ]  # fmt: skip
    plan = plan_mux(splice([make_packet_run((video_track("h264"),), rows)]), None, 1010)
    assert plan is not None
    assert (plan.duration_s, plan.fps, plan.picture_count) == (6.0, FPS, 90)


@pytest.mark.slow
@pytest.mark.parametrize("set_by_s", [DAY_S, -DAY_S])
def test_clip_of_workers_with_different_clocks_has_every_picture(
    set_by_s: float, recorder: RecorderHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "publish", lambda _envelopes: None)
    recording_id = recorder.start_recording(recorder.add_camera("rtsp://cam.example.org/live"))
    packets = list(video_packets(encode_h264(4, FPS)))
    later = [replace(item, arrived_at=item.arrived_at + set_by_s) for item in packets[2 * FPS :]]
    for epoch, stream in ((1, packets[: 3 * FPS]), (2, later)):
        write_segments(recorder, recording_id, (video_track("h264"),), iter(stream), epoch=epoch)
    stop_capture(recorder, recording_id)
    ended_at = datetime.fromtimestamp(STARTED_AT + 10 + set_by_s, UTC)
    recording = replace(recorder.read_recording(recording_id), ended_at=ended_at)
    docs = recorder.store.run_query(all_documents(segments_path(recording_id)))

    result = make_clip(
        recording, [Segment.from_doc(doc) for doc in docs], recorder.objects, check=lambda: None
    )

    assert result is not None
    _, clip = result
    assert (clip.gaps, clip.duration_sec) == ([], 4.0)
    content = read_clip(recorder.read_clip(replace(recording, clip=clip.to_dict())))
    assert is_consecutive(content.counters)
    assert len(content.counters) == 4 * FPS
    assert {round(float(b - a) * FPS, 2) for a, b in pairwise(content.times_s)} == {1.0}
