"""Sessions with cameras that are lost, unresponsive or refused."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise

import pytest

from functions.recorder.capture import camera_stream, pre_roll_buffer
from tests.fakes.cameras.camera import FakeCamera, running_camera
from tests.fakes.cameras.encoded_frames import encode_h264, encode_mjpeg
from tests.fakes.cameras.http_camera import HttpCamera
from tests.fakes.cameras.rtsp_camera import RtspCamera
from tests.fixtures.media.clip_reader import read_clip
from tests.fixtures.recorder import RecorderHarness

pytestmark = pytest.mark.slow


def test_lost_connection_leaves_a_gap_in_the_clip(
    recorder: RecorderHarness,
) -> None:
    with running_camera(HttpCamera(encode_mjpeg(60))) as camera:
        camera_id = recorder.add_camera(camera)
        recording_id = recorder.start_recording(camera_id)
        recorder.wait_until_started(recording_id)
        time.sleep(1)
        camera.stop()
        recorder.wait_for(lambda: recorder.read_camera(camera_id)["state"] == "reconnecting")
        assert recorder.read_camera(camera_id)["error"]["code"] == "camera-gone"
        assert recorder.wait_for(
            lambda: recorder.read_recording(recording_id).state == "reconnecting"
        )
        camera.start()
        recorder.wait_for(lambda: recorder.read_camera(camera_id)["state"] == "connected")
        time.sleep(1)
        recorder.stop_recording(recording_id)
        recording = recorder.wait_until_ended(recording_id)
        clip = read_clip(recorder.read_clip(recording))

    assert recording.clip is not None
    [gap] = recording.clip["gaps"]
    missing = [b - a for a, b in pairwise(clip.counters) if b != a + 1]
    assert len(missing) == 1
    # Joined by arrival times, which a busy machine delays; test_splice tests exact joints.
    assert gap["duration_s"] == pytest.approx((missing[0] - 1) / 15, abs=2)
    assert clip.duration_s == pytest.approx((clip.counters[-1] - clip.counters[0] + 1) / 15, abs=2)


@pytest.mark.sweep
def test_stalled_camera_is_reconnected(
    recorder: RecorderHarness,
) -> None:
    recorder.update_settings(source_stall_s=2)
    with running_camera(RtspCamera(encode_h264(60))) as camera:
        camera_id = recorder.add_camera(camera)
        recording_id = recorder.start_recording(camera_id)
        recorder.wait_until_started(recording_id)
        camera.stalled = True
        recorder.wait_for(lambda: recorder.read_camera(camera_id)["state"] == "reconnecting")
        assert recorder.read_camera(camera_id)["error"]["code"] == "camera-silent"
        camera.stalled = False
        recorder.wait_for(lambda: recorder.read_camera(camera_id)["state"] == "connected")
        recorder.stop_recording(recording_id)
        recording = recorder.wait_until_ended(recording_id)

    assert recording.clip is not None
    assert len(recording.clip["gaps"]) == 1


def test_unresponsive_camera_is_given_up_with_its_error(recorder: RecorderHarness) -> None:
    recorder.update_settings(source_stall_s=1, source_give_up_s=3)
    with running_camera(RtspCamera(encode_h264(5))) as camera:
        camera.silent = True
        camera_id = recorder.add_camera(camera)
        recording = recorder.wait_until_ended(recorder.start_recording(camera_id))

    assert recording.error is not None
    assert (recording.state, recording.ended_by, recording.error["code"]) == (
        "failed", "source-lost", "camera-silent",
    )  # fmt: skip
    assert recorder.read_camera(camera_id)["state"] == "failed"


@pytest.mark.sweep
def test_pictures_before_a_permanent_loss_become_a_clip(recorder: RecorderHarness) -> None:
    recorder.update_settings(source_give_up_s=2)
    with running_camera(HttpCamera(encode_mjpeg(60))) as camera:
        recording_id = recorder.start_recording(recorder.add_camera(camera))
        recorder.wait_until_started(recording_id)
        time.sleep(1)
        camera.stop()
        recording = recorder.wait_until_ended(recording_id)

    assert (recording.state, recording.ended_by) == ("done", "source-lost")
    assert recording.error is not None
    assert recording.error["code"] == "camera-gone"
    assert len(read_clip(recorder.read_clip(recording)).counters) > 10


PERMANENT_ERRORS = {
    "redirect-refused": {"redirect": "http://10.0.0.1/live"},
    "camera-locked": {"password": "secret"},
}


@pytest.mark.parametrize("code", PERMANENT_ERRORS)
@pytest.mark.parametrize(
    "create_camera", [lambda: HttpCamera(encode_mjpeg(5)), lambda: RtspCamera(encode_h264(5))]
)
def test_permanent_error_is_not_retried(
    recorder: RecorderHarness, create_camera: Callable[[], FakeCamera], code: str
) -> None:
    with running_camera(create_camera()) as camera:
        for name, value in PERMANENT_ERRORS[code].items():
            setattr(camera, name, value)
        recording = recorder.wait_until_ended(recorder.start_recording(recorder.add_camera(camera)))

    assert recording.error is not None
    assert (recording.state, recording.error["code"]) == ("failed", code)
    assert camera.client_count == 1


def test_stream_without_keyframe_is_given_up(
    recorder: RecorderHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recording's duration starts with its first picture: without one, no limit would end it."""
    monkeypatch.setattr(camera_stream, "FIRST_PICTURE_TIMEOUT_S", 1.0)
    recorder.update_settings(source_stall_s=1, source_give_up_s=1)
    with running_camera(RtspCamera(encode_h264(60, gop_s=60)[1:])) as camera:
        recording_id = recorder.start_recording(recorder.add_camera(camera))
        failed = recorder.wait_until_ended(recording_id)
    assert (failed.state, failed.ended_by) == ("failed", "source-lost")
    assert failed.error is not None
    assert failed.error["code"] == "camera-silent"


@pytest.mark.sweep
def test_redirect_within_a_session_is_not_followed(recorder: RecorderHarness) -> None:
    with running_camera(RtspCamera(encode_h264(30))) as camera:
        assert isinstance(camera, RtspCamera)
        camera.sends_redirect = True
        camera_id = recorder.add_camera(camera)
        recorder.start_recording(camera_id)
        recorder.wait_for(
            lambda: (
                (recorder.read_camera(camera_id)["error"] or {}).get("code") == "redirect-refused"
            )
        )


def test_private_address_is_refused_unless_listed(
    recorder: RecorderHarness,
) -> None:
    recorder.update_settings(camera_networks=())
    with running_camera(HttpCamera(encode_mjpeg(5))) as camera:
        recording = recorder.wait_until_ended(recorder.start_recording(recorder.add_camera(camera)))

    assert recording.error is not None
    assert recording.error["code"] == "private-address"
    assert camera.client_count == 0


def test_recording_without_a_keyframe_connects_again(
    recorder: RecorderHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A camera may send one keyframe for each connection only. Without the pre-roll a recording
    that is requested later would wait for ever."""
    monkeypatch.setattr(camera_stream, "FIRST_PICTURE_TIMEOUT_S", 1.0)
    monkeypatch.setattr(pre_roll_buffer, "MAX_BYTES", 1)
    recorder.update_settings(source_stall_s=1)
    with running_camera(RtspCamera(encode_h264(60, gop_s=60))) as camera:
        camera.starts_at_keyframe = True
        camera_id = recorder.add_camera(camera)
        recorder.watch_preview(camera_id)
        recorder.wait_for(lambda: recorder.read_camera(camera_id)["state"] == "connected")
        recording = recorder.wait_until_started(recorder.start_recording(camera_id))

    assert recording.state == "recording"
    # On a busy machine, the picture of a connection may come too late as well.
    assert camera.client_count >= 2
