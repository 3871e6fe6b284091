"""Jobs of recordings: a clip that several jobs use, a deleted and a failed recording."""

from __future__ import annotations

import math
import time
from pathlib import Path

import pytest

from infra.local.suite.handle import SuiteHandle
from shared.media.images.decode import decode_image
from tests.emulator.cameras.camera_settings import FPS, LOOP_FRAMES, PASSWORD
from tests.fakes.cameras.encoded_frames import encode_mjpeg
from tests.fakes.cameras.http_camera import HttpCamera
from tests.fakes.cameras.rtsp_camera import RtspCamera
from tests.fixtures.media.counter import read_counter, unwrap_counters
from tests.fixtures.suite.cameras import wait_until_recording_ended
from tests.fixtures.suite.frames_job import download_artifact, read_frames_zip
from tests.fixtures.suite.users import call_api

pytestmark = pytest.mark.suite


def test_recording_is_used_by_a_job_at_once_and_by_a_later_job(
    suite: SuiteHandle, rtsp_camera: RtspCamera, tmp_path: Path
) -> None:
    """The pictures of an RTSP camera have times of the camera, which a busy machine does not
    change. The time of a Motion JPEG picture is that of its arrival."""
    client = suite.client()
    url = rtsp_camera.url.replace("rtsp://", f"rtsp://guest:{PASSWORD}@")
    body = {"source": {"url": url}, "max_duration_s": 4, "recipe": "frames"}
    created = client.call("POST", "/v1/recordings", {**body, "options": {"every": "1"}})
    assert client.call("GET", f"/v1/jobs/{created['job']}")["status"] == "awaiting_upload"

    job = suite.wait_for_job(client, created["job"])
    recording = wait_until_recording_ended(client, created["id"])

    assert job["status"] == "done", job["error"]
    assert recording["ended_by"] == "max-duration"
    # The last pictures of a busy recorder arrive after the end.
    assert recording["clip"]["duration_sec"] > 3
    numbers = [
        read_counter(decode_image(data))
        for _, data in read_frames_zip(download_artifact(client, job, "frames.zip", tmp_path))
    ]
    numbers = unwrap_counters(numbers, LOOP_FRAMES)
    assert len(numbers) == math.ceil(recording["clip"]["duration_sec"])
    for second, number in enumerate(numbers):
        assert abs(number - numbers[0] - FPS * second) <= 1
    job_request = {"recipe": "frames", "options": {"every": "2"}, "from": created["id"]}
    later = suite.wait_for_job(client, client.call("POST", "/v1/jobs", job_request)["job"]["id"])
    assert later["status"] == "done", later["error"]
    frames = read_frames_zip(download_artifact(client, later, "frames.zip", tmp_path))
    assert read_counter(decode_image(frames[1][1])) == numbers[2] % LOOP_FRAMES
    # The recording of another user does not exist for this user.
    refused = call_api(suite, "POST", "/v1/jobs", suite.client().user.token, job_request)
    assert (refused.status, refused.json()["errors"][0]["field"]) == (422, "from")


def test_deleting_an_active_recording_cancels_its_job(
    suite: SuiteHandle, http_camera: HttpCamera
) -> None:
    client = suite.client()
    body = {"source": {"url": http_camera.url}, "recipe": "frames"}
    created = client.call("POST", "/v1/recordings", body)
    time.sleep(2)

    client.call("DELETE", f"/v1/recordings/{created['id']}")

    assert client.call("GET", f"/v1/jobs/{created['job']}")["status"] == "cancelled"
    missing = call_api(suite, "GET", f"/v1/recordings/{created['id']}", client.user.token)
    assert (missing.status, missing.json()["code"]) == (404, "not-found")


def test_failed_recording_fails_its_job(suite: SuiteHandle) -> None:
    client, camera = suite.client(), HttpCamera(encode_mjpeg(1))
    camera.redirect = "http://10.0.0.1/live"
    body = {"source": {"url": camera.url}, "recipe": "frames"}
    created = client.call("POST", "/v1/recordings", body)

    recording = wait_until_recording_ended(client, created["id"])
    job = suite.wait_for_job(client, created["job"])
    camera.stop()

    assert (recording["state"], recording["clip"]) == ("failed", None)
    assert recording["error"]["code"] == "redirect-refused"
    assert (job["status"], job["error"]["code"]) == ("failed", "redirect-refused")
    status = client.call("GET", f"/v1/cameras/{created['camera']}")["status"]
    assert (status["state"], status["recording"]) == ("failed", False)
    assert status["last_error"]["code"] == "redirect-refused"
