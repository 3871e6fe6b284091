"""Sessions with fake cameras: each clip contains exactly the pictures that the camera sent."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest

from shared.cameras import session as camera_commands
from shared.runtime.interpreter import Interpreter
from shared.tasks.task import task_path
from tests.fakes.cameras.camera import running_camera
from tests.fakes.cameras.encoded_frames import encode_h264, encode_mjpeg
from tests.fakes.cameras.http_camera import HttpCamera
from tests.fakes.cameras.rtsp_camera import RtspCamera
from tests.fixtures.media.clip_reader import is_consecutive, read_clip
from tests.fixtures.recorder import RecorderHarness
from tests.unit.functions.recorder.capture.camera_kinds import CAMERAS, KINDS

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("kind", KINDS)
def test_clip_has_the_length_of_its_recording_and_every_picture(
    recorder: RecorderHarness, kind: str
) -> None:
    with running_camera(CAMERAS[kind]()) as camera:
        recording_id = recorder.start_recording(recorder.add_camera(camera))
        started = recorder.wait_until_started(recording_id).started_at
        time.sleep(3)
        recorder.stop_recording(recording_id)
        recording = recorder.wait_until_ended(recording_id)
        assert recording.clip is not None, recording.error
        clip = read_clip(recorder.read_clip(recording))

    assert started is not None
    assert recording.ended_at is not None
    requested_s = (recording.ended_at - started).total_seconds()
    assert is_consecutive(clip.counters)
    # A busy machine delays arrivals. MJPEG has no other times, and the first and the last picture
    # of every recording are chosen by them.
    late_s = 2
    is_late = kind == "mjpeg"
    assert clip.duration_s == pytest.approx(len(clip.counters) / 15, abs=0.2 + late_s * is_late)
    assert 2.8 - late_s <= clip.duration_s <= requested_s + 0.2 + late_s
    assert recording.clip["duration_sec"] == pytest.approx(clip.duration_s, abs=0.05)
    assert recording.clip["fps"] == pytest.approx(len(clip.counters) / clip.duration_s, abs=0.5)
    assert (recording.clip["width"], recording.clip["height"]) == (192, 128)
    assert recording.clip["gaps"] == []
    assert recording.ended_by == "stop"
    assert clip.has_sound == (kind == "h264-and-sound")
    assert recording.clip["path"].endswith(".mov" if clip.has_sound else ".mp4")
    assert clip.is_fast_start


@pytest.mark.parametrize(
    "kind", [pytest.param("mjpeg", marks=pytest.mark.sweep), "h264-with-b-frames"]
)
def test_handover_neither_loses_nor_repeats_pictures(recorder: RecorderHarness, kind: str) -> None:
    recorder.update_settings(recorder_task_s=3)
    with running_camera(CAMERAS[kind]()) as camera:
        camera_id = recorder.add_camera(camera)
        recording_id = recorder.start_recording(camera_id)
        recorder.wait_until_started(recording_id)
        recorder.wait_for(lambda: recorder.read_camera(camera_id)["live_epoch"] >= 3)
        recorder.stop_recording(recording_id)
        recording = recorder.wait_until_ended(recording_id)
        clip = read_clip(recorder.read_clip(recording))

    assert recording.clip is not None
    assert recording.clip["gaps"] == []
    assert is_consecutive(clip.counters)
    steps = [float(b - a) for a, b in pairwise(clip.times_s)]
    assert max(steps) < 0.15
    assert camera.client_count >= 3


def test_camera_deleted_and_added_again_has_one_connection(recorder: RecorderHarness) -> None:
    with running_camera(HttpCamera(encode_mjpeg(60))) as camera:
        camera_id = recorder.add_camera(camera)
        recorder.watch_preview(camera_id)
        recorder.wait_for(lambda: recorder.read_camera(camera_id)["state"] == "connected")
        Interpreter(recorder.services).run(camera_commands.delete_camera(camera_id))
        assert recorder.add_camera(camera) == camera_id
        recording_id = recorder.start_recording(camera_id)
        recorder.wait_until_started(recording_id)
        recorder.wait_for(lambda: camera.connection_count == 1)
        time.sleep(1)
        assert camera.connection_count == 1


def test_password_is_stored_encrypted(recorder: RecorderHarness) -> None:
    secret = "canary-5f2d"
    for camera in (HttpCamera(encode_mjpeg(20)), RtspCamera(encode_h264(20))):
        with running_camera(camera):
            camera.password = secret
            camera_id = recorder.add_camera(camera, secret)
            recording_id = recorder.start_recording(camera_id)
            recorder.wait_until_started(recording_id)
            camera.stop()
            recorder.wait_for(lambda: recorder.read_camera(camera_id)["error"])  # noqa: B023
            recorder.stop_recording(recording_id)
            recorder.wait_until_ended(recording_id)
    assert secret not in str(recorder.store.documents)
    assert secret not in str(recorder.log_events)


@pytest.mark.sweep
def test_two_recordings_share_one_connection(recorder: RecorderHarness) -> None:
    with running_camera(HttpCamera(encode_mjpeg(60))) as camera:
        camera_id = recorder.add_camera(camera)
        first = recorder.start_recording(camera_id)
        recorder.wait_until_started(first)
        second = recorder.start_recording(camera_id)
        recorder.wait_until_started(second)
        time.sleep(1)
        recorder.stop_recording(first)
        first_recording = recorder.wait_until_ended(first)
        time.sleep(1)
        recorder.stop_recording(second)
        second_recording = recorder.wait_until_ended(second)

    assert camera.client_count == 1
    first_clip = read_clip(recorder.read_clip(first_recording))
    second_clip = read_clip(recorder.read_clip(second_recording))
    assert is_consecutive(first_clip.counters)
    assert is_consecutive(second_clip.counters)
    assert second_clip.counters[0] > first_clip.counters[0]


@pytest.mark.sweep
def test_pre_roll_of_a_watched_camera_is_in_the_clip(
    recorder: RecorderHarness,
) -> None:
    with running_camera(RtspCamera(encode_h264(60))) as camera:
        camera_id = recorder.add_camera(camera)
        recorder.watch_preview(camera_id)
        recorder.wait_for(lambda: recorder.read_camera(camera_id)["state"] == "connected")
        time.sleep(3)
        requested_at_s = camera.position_s
        recording_id = recorder.start_recording(camera_id, pre_roll_s=2)
        recorder.wait_until_started(recording_id)
        time.sleep(1)
        recorder.stop_recording(recording_id)
        recording = recorder.wait_until_ended(recording_id)
        clip = read_clip(recorder.read_clip(recording))

    assert is_consecutive(clip.counters)
    assert clip.counters[0] / 15 == pytest.approx(requested_at_s - 2, abs=0.25)


def test_recording_stops_at_its_limits(recorder: RecorderHarness) -> None:
    camera = HttpCamera(encode_mjpeg(60), boundary="--frame", has_first_delimiter=False)
    with running_camera(camera):
        camera_id = recorder.add_camera(camera)
        short = recorder.start_recording(camera_id, max_duration_s=2)
        small = recorder.start_recording(camera_id, max_bytes=20_000)
        by_time, by_size = recorder.wait_until_ended(short), recorder.wait_until_ended(small)

    assert (by_time.ended_by, by_size.ended_by) == ("max-duration", "max-bytes")
    # Clips of MJPEG, which no browser plays, are copied at once when they are short.
    for recording in (by_time, by_size):
        assert recording.data["browser_copy"]["state"] == "waiting"
        assert task_path("clip_copy", recording.id) in recorder.store.documents
    assert {message.job_id for message in recorder.other_messages} == {short, small}
    # The recording ends with the first picture that arrives after two seconds, on a busy machine
    # later.
    assert 1.9 <= read_clip(recorder.read_clip(by_time)).duration_s < 10


@pytest.mark.sweep
def test_session_without_requests_releases_the_camera(recorder: RecorderHarness) -> None:
    with running_camera(HttpCamera(encode_mjpeg(60))) as camera:
        camera_id = recorder.add_camera(camera)
        recording_id = recorder.start_recording(camera_id)
        recorder.wait_until_started(recording_id)
        recorder.stop_recording(recording_id)
        recorder.wait_until_ended(recording_id)
        recorder.wait_for(lambda: recorder.read_camera(camera_id)["state"] == "idle")
        assert recorder.read_camera(camera_id)["recorder_task"] == ""
        next_id = recorder.start_recording(camera_id)
        recorder.wait_until_started(next_id)

    assert camera.client_count == 2
