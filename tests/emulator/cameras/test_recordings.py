"""Cameras and recordings over HTTP: previews, clips, jobs of a recording, and access."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import av
import numpy as np
import pytest

from infra.local.client.http import Response, request
from infra.local.suite.handle import SuiteHandle
from shared.media.images.frame import decode_image
from tests.fakes.cameras.encoded_frames import encode_h264, encode_mjpeg
from tests.fakes.cameras.http_camera import HttpCamera
from tests.fakes.cameras.rtsp_camera import RtspCamera
from tests.fixtures.media.counter import read_counter
from tests.fixtures.suite import firestore
from tests.fixtures.suite.cameras import read_preview_frames, wait_until_recording_ended
from tests.fixtures.suite.frames_job import download_artifact, read_frames_zip
from tests.fixtures.suite.users import call_api

pytestmark = pytest.mark.suite
FPS = 15
PASSWORD = "canary-7c1f"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def http_camera() -> Iterator[HttpCamera]:
    """A camera with Motion JPEG over HTTP. Its pictures show counters."""
    camera = HttpCamera(encode_mjpeg(60, FPS), loops=True)
    yield camera
    camera.stop()


@pytest.fixture(scope="module")
def rtsp_camera() -> Iterator[RtspCamera]:
    """A camera with H.264 over RTSP and a password. Its pictures show counters."""
    camera = RtspCamera(encode_h264(60, FPS), loops=True)
    camera.password = PASSWORD
    yield camera
    camera.stop()


def url_with_password(camera: RtspCamera) -> str:
    return camera.url.replace("rtsp://", f"rtsp://guest:{PASSWORD}@")


def get_download(
    suite: SuiteHandle, path: str, token: str | None = None, **headers: str
) -> Response:
    """Sends a request to `downloads` with this token."""
    authorization = {} if token is None else {"Authorization": f"Bearer {token}"}
    return request("GET", suite.url("downloads") + path, headers=authorization | headers)


def read_counters(clip: bytes) -> tuple[list[int], float]:
    """Returns the counters in the pictures of a clip, and its duration in seconds."""
    with av.open(io.BytesIO(clip), "r") as film:
        numbers = [
            read_counter(frame.to_ndarray(format="bgr24").astype(np.uint8))
            for frame in film.decode(film.streams.video[0])
        ]
        assert film.duration is not None
        return numbers, film.duration / 1_000_000


def test_camera_is_previewed_recorded_and_played_by_its_owner_only(
    suite: SuiteHandle, http_camera: HttpCamera, rtsp_camera: RtspCamera
) -> None:
    alice, bob = suite.client(), suite.client()
    camera = alice.call("POST", "/v1/cameras", {"name": "Door", "source": {"url": http_camera.url}})
    path = f"/v1/cameras/{camera['id']}"
    assert camera["source"] == {"kind": "mjpeg", "address": http_camera.url, "credentials": False}
    assert camera["status"]["state"] == "idle"
    preview = alice.call("POST", f"{path}/preview")
    assert (preview["viewers"], preview["viewers_most"]) == (1, 5)

    frames, times = read_preview_frames(preview["url"], 6)
    numbers = [read_counter(decode_image(frame)) for frame in frames]
    assert len(numbers) > 15
    assert numbers == sorted(set(numbers)), "a picture is repeated or out of order"
    seconds = (numbers[-1] - numbers[0]) / FPS
    # A busy machine may be late at first, but a preview is never ahead of the camera.
    assert seconds <= times[-1] - times[0] + 1.5, "the preview is faster than the camera"

    first = alice.call("POST", "/v1/recordings", {"source": {"camera": camera["id"]},
                                                "pre_roll_s": 3, "title": "Visitors"})  # fmt: skip
    second = alice.call("POST", "/v1/recordings", {"source": {"url": http_camera.url}})
    bobs = bob.call("POST", "/v1/recordings", {"source": {"url": url_with_password(rtsp_camera)}})
    started = time.monotonic()
    assert second["camera"] == camera["id"], "the same source became a second camera"
    # H.264 is decoded for viewers in a separate process.
    bobs_preview = bob.call("POST", f"/v1/cameras/{bobs['camera']}/preview")
    decoded = [
        read_counter(decode_image(frame))
        for frame in read_preview_frames(bobs_preview["url"], 6)[0]
    ]
    assert len(decoded) > 5
    assert decoded == sorted(set(decoded))
    live = alice.call("GET", path)["status"]
    assert (live["state"], live["recording"]) == ("connected", True)
    assert sorted(live["recordings"]) == sorted([first["id"], second["id"]])
    assert live["fps"] == pytest.approx(FPS, rel=0.5)
    assert (live["width"], live["height"], live["dropped_frames"]) == (192, 128, 0)
    assert live["last_error"] is None
    assert live["elapsed_s"] > 4
    assert live["size_bytes"] > 10_000
    assert http_camera.client_count == 1, "viewers and recordings do not share one connection"

    # Other users get the same 404 as for missing data.
    for client, recordings in ((bob, (first, second)), (alice, (bobs,))):
        for recording in recordings:
            for method, denied_path in (
                ("GET", f"/v1/recordings/{recording['id']}"),
                ("POST", f"/v1/recordings/{recording['id']}/stop"),
                ("DELETE", f"/v1/recordings/{recording['id']}"),
                ("GET", f"/v1/cameras/{recording['camera']}"),
                ("POST", f"/v1/cameras/{recording['camera']}/preview"),
            ):
                assert call_api(suite, method, denied_path, client.user.token).status == 404, (
                    denied_path
                )

    stopping = alice.call("POST", f"/v1/recordings/{first['id']}/stop")
    elapsed_s = time.monotonic() - started
    assert stopping["state"] in ("stopping", "joining", "done")
    alice.call("POST", f"/v1/recordings/{second['id']}/stop")
    bob.call("POST", f"/v1/recordings/{bobs['id']}/stop")
    recording = wait_until_recording_ended(alice, first["id"])
    assert recording["state"] == "done", recording["error"]
    assert (recording["title"], recording["ended_by"]) == ("Visitors", "stop")
    clip = recording["clip"]
    assert clip["codec"] == "mjpeg"
    assert clip["gaps"] == []
    token = alice.user.token
    complete = get_download(suite, clip["path"], token)
    assert (complete.status, len(complete.body)) == (200, clip["size_bytes"])
    part = get_download(suite, clip["path"], token, Range="bytes=100-199")
    assert (part.status, part.body) == (206, complete.body[100:200])
    assert get_download(suite, clip["path"], bob.user.token).status == 404
    assert get_download(suite, clip["path"]).status == 401
    link = call_api(suite, "GET", f"/v1/recordings/{first['id']}/clip", token)
    assert link.status == 302
    clip_counters, duration = read_counters(complete.body)
    assert clip_counters == list(range(clip_counters[0], clip_counters[0] + len(clip_counters))), (
        "a picture is lost or repeated"
    )
    # In Motion JPEG the time of a picture is the time of its arrival.
    assert abs(duration - len(clip_counters) / FPS) < 1
    assert abs(duration - clip["duration_sec"]) < 0.05
    assert duration > elapsed_s + 1.5, "the pre-roll of three seconds is missing"
    last = alice.call("GET", "/v1/recordings/last")
    assert last["id"] in (first["id"], second["id"])
    listed = [recording["id"] for recording in alice.call("GET", "/v1/recordings")["recordings"]]
    assert listed == [second["id"], first["id"]]

    bobs = wait_until_recording_ended(bob, bobs["id"])
    assert bobs["clip"]["codec"] == "h264"
    bobs_camera = bob.call("GET", f"/v1/cameras/{bobs['camera']}")
    assert bobs_camera["source"] == {
        "kind": "rtsp",
        "address": rtsp_camera.url,
        "credentials": True,
    }
    numbers, _ = read_counters(get_download(suite, bobs["clip"]["path"], bob.user.token).body)
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    responses = [
        bobs,
        bobs_camera,
        bob.call("GET", "/v1/recordings"),
        bob.call("GET", "/v1/cameras"),
    ]
    assert PASSWORD not in str(responses)
    for log in suite.layout.logs.iterdir():
        assert PASSWORD not in log.read_text(errors="replace"), log.name

    stored_bytes = alice.call("GET", "/v1/usage")["stored_bytes"]
    alice.call("DELETE", f"/v1/recordings/{first['id']}")
    alice.call("DELETE", f"/v1/recordings/{second['id']}")
    assert stored_bytes >= clip["size_bytes"]
    assert get_download(suite, clip["path"], token).status == 404
    assert alice.call("GET", "/v1/recordings")["recordings"] == []
    alice.call("DELETE", path)
    assert alice.call("GET", "/v1/cameras")["cameras"] == []


def test_recording_is_used_by_a_job_at_once_and_by_a_later_job(
    suite: SuiteHandle, http_camera: HttpCamera, tmp_path: Path
) -> None:
    client = suite.client()
    body = {"source": {"url": http_camera.url}, "max_duration_s": 4, "recipe": "frames"}
    created = client.call("POST", "/v1/recordings", {**body, "options": {"every": "1"}})
    assert client.call("GET", f"/v1/jobs/{created['job']}")["status"] == "awaiting_upload"

    job = suite.wait_for_job(client, created["job"])
    recording = wait_until_recording_ended(client, created["id"])

    assert job["status"] == "done", job["error"]
    assert recording["ended_by"] == "max-duration"
    assert 3.8 <= recording["clip"]["duration_sec"] < 6
    numbers = [
        read_counter(decode_image(data))
        for _, data in read_frames_zip(download_artifact(client, job, "frames.zip", tmp_path))
    ]
    # The picture that ends the fourth second may be the last one, and may arrive late.
    assert 4 <= len(numbers) <= 6
    # The time of a Motion JPEG picture is the time of its arrival.
    for second, number in enumerate(numbers):
        assert abs(number - numbers[0] - FPS * second) <= FPS / 2
    job_request = {"recipe": "frames", "options": {"every": "2"}, "from": created["id"]}
    later = suite.wait_for_job(client, client.call("POST", "/v1/jobs", job_request)["job"]["id"])
    assert later["status"] == "done", later["error"]
    frames = read_frames_zip(download_artifact(client, later, "frames.zip", tmp_path))
    assert read_counter(decode_image(frames[1][1])) == numbers[2]
    # The recording of another user does not exist for this user.
    refused = call_api(suite, "POST", "/v1/jobs", suite.client().user.token, job_request)
    assert (refused.status, refused.json()["errors"][0]["field"]) == (422, "from")


def test_preview_viewers_are_limited_and_expire(
    suite: SuiteHandle, http_camera: HttpCamera
) -> None:
    client = suite.client()
    camera = client.call(
        "POST", "/v1/cameras", {"name": "Door", "source": {"url": http_camera.url}}
    )
    preview_path = f"/v1/cameras/{camera['id']}/preview"
    preview_urls = [client.call("POST", preview_path)["url"] for _ in range(5)]

    refused = call_api(suite, "POST", preview_path, client.user.token)

    assert (refused.status, refused.json()["code"]) == (429, "too-many-viewers")
    assert "Retry-After" in refused.headers
    token = preview_urls[0].rpartition("/")[2]
    frames, _ = read_preview_frames(preview_urls[0], 2)
    assert frames
    firestore.update_document(suite, f"viewers/{token}", {"expires_at": LONG_AGO})
    expired = get_download(suite, f"/v1/media/previews/{token}")
    assert (expired.status, expired.json()["code"]) == (410, "link-expired")
    unknown = get_download(suite, f"/v1/media/previews/{'0' * 48}")
    assert (unknown.status, unknown.json()["code"]) == (404, "not-found")


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
