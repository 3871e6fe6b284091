"""Recordings of cameras that play: what is in the clip is what was shown, to the picture."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise

import pytest

from functions.recorder.capture import session
from shared.cameras import session as shifts
from shared.runtime.interpreter import Interpreter
from tests.fakes.cameras import (
    FakeCamera,
    HttpCamera,
    RtspCamera,
    encode_h264,
    encode_mjpeg,
    running_camera,
)
from tests.fixtures.media.clip_reader import is_consecutive, read_clip
from tests.fixtures.recorder import RecorderHarness

pytestmark = pytest.mark.slow

CAMERAS: dict[str, Callable[[], FakeCamera]] = {
    "mjpeg": lambda: HttpCamera(encode_mjpeg(60)),
    "h264": lambda: RtspCamera(encode_h264(60)),
    "h264-with-b-frames": lambda: RtspCamera(encode_h264(60, b_frames=2)),
    "h264-and-sound": lambda: RtspCamera(encode_h264(60), has_audio=True),
}


KINDS = [
    pytest.param("mjpeg"),
    pytest.param("h264", marks=pytest.mark.sweep),
    pytest.param("h264-with-b-frames", marks=pytest.mark.sweep),
    pytest.param("h264-and-sound"),
]


@pytest.mark.parametrize("kind", KINDS)
def test_a_clip_is_as_long_as_its_recording_and_misses_no_picture(
    recorder: RecorderHarness, kind: str
) -> None:
    with running_camera(CAMERAS[kind]()) as camera:
        number = recorder.start_recording(recorder.add_camera(camera))
        started = recorder.wait_until_started(number).started_at
        time.sleep(3)
        recorder.stop_recording(number)
        done = recorder.wait_until_ended(number)
        assert done.clip is not None, done.error
        seen = read_clip(recorder.read_clip(done))

    assert started is not None
    assert done.ended_at is not None
    wanted = (done.ended_at - started).total_seconds()
    assert is_consecutive(seen.counters)
    # Motion JPEG has the times at which its pictures arrive: late ones, on a busy machine.
    late_s = 2 if kind == "mjpeg" else 0
    assert seen.duration_s == pytest.approx(len(seen.counters) / 15, abs=0.2 + late_s)
    assert 2.8 <= seen.duration_s <= wanted + 0.2 + late_s
    assert done.clip["duration_sec"] == pytest.approx(seen.duration_s, abs=0.05)
    assert done.clip["fps"] == pytest.approx(len(seen.counters) / seen.duration_s, abs=0.5)
    assert (done.clip["width"], done.clip["height"], done.clip["gaps"]) == (192, 128, [])
    assert done.ended_by == "stop"
    assert seen.has_sound == (kind == "h264-and-sound")
    assert done.clip["path"].endswith(".mov" if seen.has_sound else ".mp4")
    assert seen.is_fast_start


@pytest.mark.parametrize(
    "kind", [pytest.param("mjpeg", marks=pytest.mark.sweep), "h264-with-b-frames"]
)
def test_a_handover_neither_misses_a_picture_nor_shows_one_twice(
    recorder: RecorderHarness, kind: str
) -> None:
    recorder.update_settings(recorder_task_s=3)
    with running_camera(CAMERAS[kind]()) as camera:
        place = recorder.add_camera(camera)
        number = recorder.start_recording(place)
        recorder.wait_until_started(number)
        recorder.wait_for(lambda: recorder.read_camera(place)["live_epoch"] >= 3)
        recorder.stop_recording(number)
        done = recorder.wait_until_ended(number)
        seen = read_clip(recorder.read_clip(done))

    assert done.clip is not None
    assert done.clip["gaps"] == []
    assert is_consecutive(seen.counters)
    steps = [float(b - a) for a, b in pairwise(seen.times_s)]
    assert max(steps) < 0.15
    assert camera.client_count >= 3


def test_a_camera_that_drops_and_comes_back_leaves_a_gap_that_is_named(
    recorder: RecorderHarness,
) -> None:
    with running_camera(HttpCamera(encode_mjpeg(60))) as camera:
        place = recorder.add_camera(camera)
        number = recorder.start_recording(place)
        recorder.wait_until_started(number)
        time.sleep(1)
        camera.stop()
        recorder.wait_for(lambda: recorder.read_camera(place)["state"] == "reconnecting")
        assert recorder.read_camera(place)["error"]["code"] == "camera-gone"
        assert recorder.wait_for(lambda: recorder.read_recording(number).state == "reconnecting")
        camera.start()
        recorder.wait_for(lambda: recorder.read_camera(place)["state"] == "connected")
        time.sleep(1)
        recorder.stop_recording(number)
        done = recorder.wait_until_ended(number)
        seen = read_clip(recorder.read_clip(done))

    assert done.clip is not None
    [gap] = done.clip["gaps"]
    missing = [b - a for a, b in pairwise(seen.counters) if b != a + 1]
    assert len(missing) == 1
    # By arrival, which a busy machine delays; exact joints are in test_joints.
    assert gap["duration_s"] == pytest.approx((missing[0] - 1) / 15, abs=1)
    assert seen.duration_s == pytest.approx((seen.counters[-1] - seen.counters[0] + 1) / 15, abs=1)


@pytest.mark.sweep
def test_a_camera_that_stalls_is_gone_after_a_while_and_taken_up_again(
    recorder: RecorderHarness,
) -> None:
    recorder.update_settings(source_stall_s=2)
    with running_camera(RtspCamera(encode_h264(60))) as camera:
        place = recorder.add_camera(camera)
        number = recorder.start_recording(place)
        recorder.wait_until_started(number)
        camera.stalled = True
        recorder.wait_for(lambda: recorder.read_camera(place)["state"] == "reconnecting")
        assert recorder.read_camera(place)["error"]["code"] == "camera-silent"
        camera.stalled = False
        recorder.wait_for(lambda: recorder.read_camera(place)["state"] == "connected")
        recorder.stop_recording(number)
        done = recorder.wait_until_ended(number)

    assert done.clip is not None
    assert len(done.clip["gaps"]) == 1


def test_a_camera_that_never_answers_is_given_up_with_its_reason(recorder: RecorderHarness) -> None:
    recorder.update_settings(source_stall_s=1, source_give_up_s=3)
    with running_camera(RtspCamera(encode_h264(5))) as camera:
        camera.silent = True
        place = recorder.add_camera(camera)
        done = recorder.wait_until_ended(recorder.start_recording(place))

    assert done.error is not None
    assert (done.state, done.ended_by, done.error["code"]) == (
        "failed", "source-lost", "camera-silent",
    )  # fmt: skip
    assert recorder.read_camera(place)["state"] == "failed"


@pytest.mark.sweep
def test_what_was_recorded_before_a_camera_was_lost_is_a_clip(recorder: RecorderHarness) -> None:
    recorder.update_settings(source_give_up_s=2)
    with running_camera(HttpCamera(encode_mjpeg(60))) as camera:
        number = recorder.start_recording(recorder.add_camera(camera))
        recorder.wait_until_started(number)
        time.sleep(1)
        camera.stop()
        done = recorder.wait_until_ended(number)

    assert (done.state, done.ended_by) == ("done", "source-lost")
    assert done.error is not None
    assert done.error["code"] == "camera-gone"
    assert len(read_clip(recorder.read_clip(done)).counters) > 10


REFUSALS = {
    "redirect-refused": {"redirect": "http://10.0.0.1/live"},
    "camera-locked": {"password": "secret"},
}


@pytest.mark.parametrize("code", REFUSALS)
@pytest.mark.parametrize(
    "make", [lambda: HttpCamera(encode_mjpeg(5)), lambda: RtspCamera(encode_h264(5))]
)
def test_a_camera_that_refuses_for_good_is_asked_once(
    recorder: RecorderHarness, make: Callable[[], FakeCamera], code: str
) -> None:
    with running_camera(make()) as camera:
        for name, value in REFUSALS[code].items():
            setattr(camera, name, value)
        done = recorder.wait_until_ended(recorder.start_recording(recorder.add_camera(camera)))

    assert done.error is not None
    assert (done.state, done.error["code"]) == ("failed", code)
    assert camera.client_count == 1


def test_a_camera_that_never_shows_a_whole_picture_is_given_up(
    recorder: RecorderHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recording lasts from its first picture on: without any, no limit would end it."""
    monkeypatch.setattr(session, "FIRST_PICTURE_TIMEOUT_S", 1.0)
    recorder.update_settings(source_stall_s=1, source_give_up_s=1)
    with running_camera(RtspCamera(encode_h264(60, gop_s=60)[1:])) as camera:
        number = recorder.start_recording(recorder.add_camera(camera))
        failed = recorder.wait_until_ended(number)
    assert (failed.state, failed.ended_by) == ("failed", "source-lost")
    assert failed.error is not None
    assert failed.error["code"] == "camera-silent"


def test_a_camera_that_was_taken_away_and_in_again_is_held_once(recorder: RecorderHarness) -> None:
    with running_camera(HttpCamera(encode_mjpeg(60))) as camera:
        place = recorder.add_camera(camera)
        recorder.watch_preview(place)
        recorder.wait_for(lambda: recorder.read_camera(place)["state"] == "connected")
        Interpreter(recorder.services).run(shifts.delete_camera(place))
        assert recorder.add_camera(camera) == place
        number = recorder.start_recording(place)
        recorder.wait_until_started(number)
        recorder.wait_for(lambda: camera.connection_count == 1)
        time.sleep(1)
        assert camera.connection_count == 1


@pytest.mark.sweep
def test_an_order_to_go_elsewhere_in_the_middle_is_not_followed(recorder: RecorderHarness) -> None:
    with running_camera(RtspCamera(encode_h264(30))) as camera:
        assert isinstance(camera, RtspCamera)
        camera.sends_redirect = True
        place = recorder.add_camera(camera)
        recorder.start_recording(place)
        recorder.wait_for(
            lambda: (recorder.read_camera(place)["error"] or {}).get("code") == "redirect-refused"
        )


def test_addresses_of_the_house_are_refused_unless_they_are_listed(
    recorder: RecorderHarness,
) -> None:
    recorder.update_settings(camera_networks=())
    with running_camera(HttpCamera(encode_mjpeg(5))) as camera:
        done = recorder.wait_until_ended(recorder.start_recording(recorder.add_camera(camera)))

    assert done.error is not None
    assert done.error["code"] == "private-address"
    assert camera.client_count == 0


def test_a_password_opens_a_camera_and_is_told_nowhere(recorder: RecorderHarness) -> None:
    secret = "canary-5f2d"
    for camera in (HttpCamera(encode_mjpeg(20)), RtspCamera(encode_h264(20))):
        with running_camera(camera):
            camera.password = secret
            place = recorder.add_camera(camera, secret)
            number = recorder.start_recording(place)
            recorder.wait_until_started(number)
            camera.stop()
            recorder.wait_for(lambda: recorder.read_camera(place)["error"])  # noqa: B023
            recorder.stop_recording(number)
            recorder.wait_until_ended(number)
    told = {path: doc for path, doc in recorder.store.documents.items() if "secrets" not in path}
    assert secret not in str(told)
    assert secret not in str(recorder.log_events)
    assert secret in str(recorder.store.documents)


@pytest.mark.sweep
def test_two_recordings_of_one_camera_share_its_connection(recorder: RecorderHarness) -> None:
    with running_camera(HttpCamera(encode_mjpeg(60))) as camera:
        place = recorder.add_camera(camera)
        first = recorder.start_recording(place)
        recorder.wait_until_started(first)
        second = recorder.start_recording(place)
        recorder.wait_until_started(second)
        time.sleep(1)
        recorder.stop_recording(first)
        one = recorder.wait_until_ended(first)
        time.sleep(1)
        recorder.stop_recording(second)
        two = recorder.wait_until_ended(second)

    assert camera.client_count == 1
    for done in (one, two):
        assert is_consecutive(read_clip(recorder.read_clip(done)).counters)
    assert (
        read_clip(recorder.read_clip(two)).counters[0]
        > read_clip(recorder.read_clip(one)).counters[0]
    )


@pytest.mark.sweep
def test_a_recording_begins_before_it_was_asked_for_when_somebody_was_looking(
    recorder: RecorderHarness,
) -> None:
    with running_camera(RtspCamera(encode_h264(60))) as camera:
        place = recorder.add_camera(camera)
        recorder.watch_preview(place)
        recorder.wait_for(lambda: recorder.read_camera(place)["state"] == "connected")
        time.sleep(3)
        asked = camera.position_s
        number = recorder.start_recording(place, pre_roll_s=2)
        recorder.wait_until_started(number)
        time.sleep(1)
        recorder.stop_recording(number)
        done = recorder.wait_until_ended(number)
        seen = read_clip(recorder.read_clip(done))

    assert is_consecutive(seen.counters)
    assert seen.counters[0] / 15 == pytest.approx(asked - 2, abs=0.25)


def test_a_recording_ends_by_itself_at_its_limits(recorder: RecorderHarness) -> None:
    with running_camera(HttpCamera(encode_mjpeg(60))) as camera:
        place = recorder.add_camera(camera)
        short = recorder.start_recording(place, max_duration_s=2)
        small = recorder.start_recording(place, max_bytes=20_000)
        by_time, by_size = recorder.wait_until_ended(short), recorder.wait_until_ended(small)

    assert (by_time.ended_by, by_size.ended_by) == ("max-duration", "max-bytes")
    # It ends with the first picture that arrives after two seconds.
    assert 1.9 <= read_clip(recorder.read_clip(by_time)).duration_s < 4


@pytest.mark.sweep
def test_a_session_that_nobody_wants_ends_and_lets_the_camera_go(recorder: RecorderHarness) -> None:
    with running_camera(HttpCamera(encode_mjpeg(60))) as camera:
        place = recorder.add_camera(camera)
        number = recorder.start_recording(place)
        recorder.wait_until_started(number)
        recorder.stop_recording(number)
        recorder.wait_until_ended(number)
        recorder.wait_for(lambda: recorder.read_camera(place)["state"] == "idle")
        assert recorder.read_camera(place)["recorder_task"] == ""
        again = recorder.start_recording(place)
        recorder.wait_until_started(again)

    assert camera.client_count == 2
