"""Cameras and recordings over HTTP: previews, clips, and access."""

from __future__ import annotations

import io
import time
from datetime import UTC, datetime
from typing import Any

import av
import numpy as np
import pytest

from infra.local.client.http import Response, request
from infra.local.suite.handle import SuiteHandle, wait_until
from shared.cameras.viewers import viewer_path
from shared.media.images.decode import decode_image
from tests.emulator.cameras.camera_settings import FPS, LOOP_FRAMES, PASSWORD
from tests.fakes.cameras.http_camera import HttpCamera
from tests.fakes.cameras.rtsp_camera import RtspCamera
from tests.fixtures.media.counter import read_counter, unwrap_counters
from tests.fixtures.suite import firestore
from tests.fixtures.suite.cameras import read_preview_frames, wait_until_recording_ended
from tests.fixtures.suite.users import call_api

pytestmark = pytest.mark.suite
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


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
        return unwrap_counters(numbers, LOOP_FRAMES), film.duration / 1_000_000


def read_shown_counters(frames: list[bytes]) -> list[int]:
    """Returns the counters in the JPEGs of a preview."""
    counters = [read_counter(decode_image(frame)) for frame in frames]
    return unwrap_counters(counters, LOOP_FRAMES)


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

    requested_at = time.monotonic()
    frames, times = read_preview_frames(preview["url"], 20)
    numbers = read_shown_counters(frames)
    assert len(numbers) == 20
    assert numbers == sorted(set(numbers)), "a picture is repeated or out of order"
    seconds = (numbers[-1] - numbers[0]) / FPS
    # From the request on: this process may read the first picture late.
    assert seconds <= times[-1] - requested_at, "the preview is faster than the camera"

    first = alice.call("POST", "/v1/recordings", {"source": {"camera": camera["id"]},
                                                "pre_roll_s": 3, "title": "Visitors"})  # fmt: skip
    second = alice.call("POST", "/v1/recordings", {"source": {"url": http_camera.url}})
    bobs = bob.call("POST", "/v1/recordings", {"source": {"url": url_with_password(rtsp_camera)}})
    started = time.monotonic()
    assert second["camera"] == camera["id"], "the same source became a second camera"
    # H.264 is decoded for viewers in a separate process.
    stored = firestore.read_document(suite, f"camera_secrets/{bobs['camera']}")
    assert stored is not None
    assert PASSWORD not in str(stored), "a password is stored in plain text"
    bobs_preview = bob.call("POST", f"/v1/cameras/{bobs['camera']}/preview")
    decoded = read_shown_counters(read_preview_frames(bobs_preview["url"], 10)[0])
    assert len(decoded) == 10
    assert decoded == sorted(set(decoded))

    def read_live() -> dict[str, Any] | None:
        status: dict[str, Any] = alice.call("GET", path)["status"]
        is_measured = status["fps"] == pytest.approx(FPS, rel=0.5) and status["elapsed_s"] > 4
        return status if is_measured else None

    live = wait_until(read_live, "four seconds of the recording at the camera's pace")
    assert (live["state"], live["recording"]) == ("connected", True)
    assert sorted(live["recordings"]) == sorted([first["id"], second["id"]])
    assert (live["width"], live["height"], live["dropped_frames"]) == (192, 128, 0)
    assert live["last_error"] is None
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

    # The response waits for the clip.
    elapsed_s = time.monotonic() - started
    stopping = alice.call("POST", f"/v1/recordings/{first['id']}/stop")
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
    # In Motion JPEG the time of a picture is the time of its arrival, which a busy machine delays.
    assert abs(duration - len(clip_counters) / FPS) < 3
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
    frames, _ = read_preview_frames(preview_urls[0], 3)
    assert frames
    firestore.update_document(suite, viewer_path(token), {"expires_at": LONG_AGO})
    expired = get_download(suite, f"/v1/media/previews/{token}")
    assert (expired.status, expired.json()["code"]) == (410, "link-expired")
    unknown = get_download(suite, f"/v1/media/previews/{'0' * 48}")
    assert (unknown.status, unknown.json()["code"]) == (404, "not-found")
