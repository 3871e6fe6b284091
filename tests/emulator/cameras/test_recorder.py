"""The recorder over the running suite: crashes, handovers, and several recordings at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from infra.local.client.api_client import Client
from infra.local.suite.handle import SuiteHandle, wait_until
from shared.pipeline import Bucket
from shared.runtime.services import Services
from tests.fakes.cameras.camera import FakeCamera
from tests.fakes.cameras.encoded_frames import encode_h264, encode_mjpeg, read_encoded_frames
from tests.fakes.cameras.http_camera import HttpCamera
from tests.fakes.cameras.rtsp_camera import RtspCamera
from tests.fixtures.media.clip_reader import ClipContent, is_consecutive, read_clip

pytestmark = pytest.mark.suite
FPS = 15
FACE_VIDEO = (
    Path(__file__).parents[4] / "shared/media/woman_sad_to_happy_WolfgangLanger_Pexels.mp4"
)  # fmt: skip


@pytest.fixture
def short_tasks(suite: SuiteHandle) -> Iterator[SuiteHandle]:
    """The suite with a recorder that hands over every 6 s."""
    suite.restart("recorder", {"MOODREEL_RECORDER_TASK_S": "6"})
    yield suite
    suite.restart("recorder")


@pytest.fixture
def short_segments(suite: SuiteHandle) -> Iterator[SuiteHandle]:
    """The suite with a recorder that ends a segment every 2 s."""
    suite.restart("recorder", {"MOODREEL_MAX_SEGMENT_S": "2"})
    yield suite
    suite.restart("recorder")


def start_recording(client: Client, camera: FakeCamera, **fields: Any) -> str:
    """Starts a recording and waits for its first picture. Returns its id."""
    recording = client.call("POST", "/v1/recordings", {"source": {"url": camera.url}, **fields})
    recording_id = str(recording["id"])
    wait_until(
        lambda: read_recording(client, recording_id)["state"] == "recording", "the first picture"
    )
    return recording_id


def read_recording(client: Client, recording_id: str) -> dict[str, Any]:
    recording: dict[str, Any] = client.call("GET", f"/v1/recordings/{recording_id}")
    return recording


def stop_recording(client: Client, recording_id: str) -> dict[str, Any]:
    """Stops a recording. Returns it once it is done or failed."""
    client.call("POST", f"/v1/recordings/{recording_id}/stop")
    return wait_for_end(client, recording_id)


def wait_for_end(client: Client, recording_id: str) -> dict[str, Any]:
    wait_until(
        lambda: read_recording(client, recording_id)["state"] in ("done", "failed"), "its end"
    )
    return read_recording(client, recording_id)


def read_recorded_clip(suite: SuiteHandle, services: Services, recording_id: str) -> ClipContent:
    """Returns the content of the recorded clip in the bucket."""
    (doc,) = services.store.read([f"recordings/{recording_id}"])
    assert doc is not None
    clip = doc.data["clip"]
    assert clip is not None, doc.data["error"]
    read_range = services.objects.range_reader(Bucket.OUTPUTS, clip["path"], clip["generation"])
    return read_clip(read_range(0, clip["size_bytes"]))


@pytest.fixture
def cameras() -> Iterator[list[FakeCamera]]:
    """A list for the cameras of a test, which are stopped after it."""
    cameras: list[FakeCamera] = []
    yield cameras
    for camera in cameras:
        camera.stop()


@pytest.mark.sweep
def test_clip_has_the_duration_of_the_recording(
    suite: SuiteHandle, services: Services, cameras: list[FakeCamera]
) -> None:
    cameras.append(RtspCamera(encode_h264(60, FPS)))
    client = suite.client()
    recording_id = start_recording(client, cameras[0])
    started = time.monotonic()
    while time.monotonic() < started + 20:
        live = read_recording(client, recording_id)
        time.sleep(1)
    recording = stop_recording(client, recording_id)
    clip = read_recorded_clip(suite, services, recording_id)

    assert live["fps"] == pytest.approx(FPS, rel=0.5)
    assert live["elapsed_s"] > 15
    duration_s = (
        _parse_time(recording["ended_at"]) - _parse_time(recording["started_at"])
    ).total_seconds()
    assert duration_s > 17
    assert clip.duration_s == pytest.approx(len(clip.counters) / FPS, abs=0.2)
    assert 17 <= clip.duration_s <= duration_s + 0.2
    assert is_consecutive(clip.counters)


@pytest.mark.sweep
def test_recorder_tasks_hand_over_without_gap_or_duplicate(
    short_tasks: SuiteHandle, services: Services, cameras: list[FakeCamera]
) -> None:
    cameras += [RtspCamera(encode_h264(60, FPS, b_frames=2)), HttpCamera(encode_mjpeg(60, FPS))]
    client = short_tasks.client()
    recording_ids = [start_recording(client, camera) for camera in cameras]
    time.sleep(14)
    for recording_id in recording_ids:
        recording = stop_recording(client, recording_id)
        clip = read_recorded_clip(short_tasks, services, recording_id)
        assert recording["clip"]["gaps"] == []
        assert is_consecutive(clip.counters)
        assert len(clip.counters) > 13 * FPS
    assert min(camera.client_count for camera in cameras) >= 2


def test_killed_recorder_loses_only_its_open_segment(
    short_segments: SuiteHandle, services: Services, cameras: list[FakeCamera]
) -> None:
    suite = short_segments
    cameras.append(HttpCamera(encode_mjpeg(90, FPS)))
    client = suite.client()
    recording_id = start_recording(client, cameras[0])
    time.sleep(6)
    killed_at = cameras[0].position_s
    suite.kill("recorder")
    wait_until(lambda: cameras[0].client_count == 2, "the recorder to reconnect")
    resumed_at = cameras[0].position_s
    time.sleep(3)
    recording = stop_recording(client, recording_id)
    clip = read_recorded_clip(suite, services, recording_id)

    [gap] = recording["clip"]["gaps"]
    [missing] = [(a, b) for a, b in pairwise(clip.counters) if b != a + 1]
    # At most a segment of 2 s is lost, and pictures that a busy machine has not read yet.
    assert killed_at - 6 <= missing[0] / FPS <= killed_at
    assert missing[1] / FPS <= resumed_at + 3
    # Arrival times, which a busy machine delays.
    assert gap["duration_s"] == pytest.approx((missing[1] - missing[0] - 1) / FPS, abs=3)
    print(f"killed: {resumed_at - killed_at:.1f} s until the recorder reconnected")


def test_two_users_record_three_cameras_and_see_only_their_own(
    suite: SuiteHandle, services: Services, cameras: list[FakeCamera]
) -> None:
    cameras += [
        RtspCamera(encode_h264(60, FPS)), HttpCamera(encode_mjpeg(60, FPS)),
        RtspCamera(encode_h264(60, FPS, b_frames=2)),
    ]  # fmt: skip
    alice, bob = suite.client(), suite.client()
    owners = [alice, alice, bob]
    recording_ids: list[str] = [""] * 3

    def start(n: int) -> None:
        recording_ids[n] = start_recording(owners[n], cameras[n])

    threads = [threading.Thread(target=start, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    time.sleep(4)
    for owner, recording_id in zip(owners, recording_ids, strict=True):
        assert stop_recording(owner, recording_id)["state"] == "done"
        assert is_consecutive(read_recorded_clip(suite, services, recording_id).counters)

    assert {recording["id"] for recording in alice.call("GET", "/v1/recordings")["recordings"]} == {
        *recording_ids[:2]
    }
    assert bob.send("GET", f"/v1/recordings/{recording_ids[0]}").status == 404


@pytest.mark.sweep
def test_redirect_to_a_private_address_is_refused(
    suite: SuiteHandle, cameras: list[FakeCamera]
) -> None:
    cameras += [HttpCamera(encode_mjpeg(5)), HttpCamera(encode_mjpeg(5))]
    cameras[0].redirect = cameras[1].url
    client = suite.client()
    created = client.call("POST", "/v1/recordings", {"source": {"url": cameras[0].url}})
    recording = wait_for_end(client, created["id"])

    assert (recording["state"], recording["error"]["code"]) == ("failed", "redirect-refused")
    assert cameras[1].client_count == 0


@pytest.mark.sweep
def test_handover_every_minute_loses_no_picture(
    suite: SuiteHandle, services: Services, cameras: list[FakeCamera]
) -> None:
    suite.restart("recorder", {"MOODREEL_RECORDER_TASK_S": "60"})
    cameras += [RtspCamera(encode_h264(240, FPS, b_frames=2)), HttpCamera(encode_mjpeg(240, FPS))]
    client = suite.client()
    recording_ids = [start_recording(client, camera) for camera in cameras]
    time.sleep(180)
    for recording_id in recording_ids:
        recording = stop_recording(client, recording_id)
        clip = read_recorded_clip(suite, services, recording_id)
        print(f"{len(clip.counters)} pictures, {clip.duration_s:.3f} s, {recording['clip']}")
        assert recording["clip"]["gaps"] == []
        assert is_consecutive(clip.counters)
        duration_s = (
            _parse_time(recording["ended_at"]) - _parse_time(recording["started_at"])
        ).total_seconds()
        assert clip.duration_s == pytest.approx(duration_s, abs=0.2)
    assert min(camera.client_count for camera in cameras) >= 3
    suite.restart("recorder")


@pytest.mark.sweep
def test_recorded_face_becomes_a_recap(suite: SuiteHandle, cameras: list[FakeCamera]) -> None:
    cameras.append(RtspCamera(read_encoded_frames(FACE_VIDEO), loops=True))
    client = suite.client()
    options = {"consent": True, "purpose": "research"}
    recording_id = start_recording(client, cameras[0], recipe="recap", options=options)
    time.sleep(15)
    recording = stop_recording(client, recording_id)
    job = suite.wait_for_job(client, recording["job"])

    assert job["status"] == "done", job["error"]
    assert "film.mp4" in {artifact["name"] for artifact in job["artifacts"]}
    print(
        f"clip {recording['clip']}; artifacts {[artifact['name'] for artifact in job['artifacts']]}"
    )


def _parse_time(text: str) -> datetime:
    return datetime.fromisoformat(text)
