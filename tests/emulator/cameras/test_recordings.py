"""Cameras over HTTP alone: looked at, recorded, played, handed on, and nobody else's business."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import av
import numpy as np
import pytest

from infra.local.suite.handle import SuiteHandle
from infra.local.suite.http import Response, request
from shared.media.images.frame import decode_image
from tests.fakes.cameras import HttpCamera, RtspCamera, encode_h264, encode_mjpeg
from tests.fixtures.media.clips import read_counter
from tests.fixtures.suite import firestore
from tests.fixtures.suite.cameras import read_preview_frames, wait_until_recording_ended
from tests.fixtures.suite.frames_job import download_artifact, read_frames_zip
from tests.fixtures.suite.users import call_api

pytestmark = pytest.mark.suite
FPS = 15
PASSWORD = "canary-7c1f"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def door() -> Iterator[HttpCamera]:
    """Motion JPEG over HTTP, with counters that go on for five minutes."""
    camera = HttpCamera(encode_mjpeg(60, FPS), loops=True)
    yield camera
    camera.stop()


@pytest.fixture(scope="module")
def yard() -> Iterator[RtspCamera]:
    """H.264 over RTSP, for who knows the password."""
    camera = RtspCamera(encode_h264(60, FPS), loops=True)
    camera.password = PASSWORD
    yield camera
    camera.stop()


def with_password(camera: RtspCamera) -> str:
    return camera.url.replace("rtsp://", f"rtsp://guest:{PASSWORD}@")


def get(suite: SuiteHandle, path: str, token: str | None = None, **headers: str) -> Response:
    """What `downloads` answers to who has this token."""
    known = {} if token is None else {"Authorization": f"Bearer {token}"}
    return request("GET", suite.url("downloads") + path, headers=known | headers)


def counters(clip: bytes) -> tuple[list[int], float]:
    """The counters in a clip, and how long it says that it is."""
    with av.open(io.BytesIO(clip), "r") as film:
        numbers = [
            read_counter(frame.to_ndarray(format="bgr24").astype(np.uint8))
            for frame in film.decode(film.streams.video[0])
        ]
        assert film.duration is not None
        return numbers, film.duration / 1_000_000


def test_a_camera_is_looked_at_recorded_and_played_by_its_owner_alone(
    suite: SuiteHandle, door: HttpCamera, yard: RtspCamera
) -> None:
    alice, bob = suite.client(), suite.client()
    camera = alice.call("POST", "/v1/cameras", {"name": "Door", "source": {"url": door.url}})
    path = f"/v1/cameras/{camera['id']}"
    assert camera["source"] == {"kind": "mjpeg", "address": door.url, "credentials": False}
    assert camera["status"]["state"] == "idle"
    seat = alice.call("POST", f"{path}/preview")
    assert (seat["viewers"], seat["viewers_most"]) == (1, 5)

    shown, times = read_preview_frames(seat["url"], 6)
    numbers = [read_counter(decode_image(one)) for one in shown]
    assert len(numbers) > 15
    assert numbers == sorted(set(numbers)), "no picture twice, none out of order"
    seconds = (numbers[-1] - numbers[0]) / FPS
    # A busy machine is behind for a moment, and never ahead.
    assert seconds <= times[-1] - times[0] + 1.5, "it is shown at its own pace"

    mine = alice.call("POST", "/v1/recordings", {"source": {"camera": camera["id"]},
                                                "pre_roll_s": 3, "title": "Visitors"})  # fmt: skip
    twice = alice.call("POST", "/v1/recordings", {"source": {"url": door.url}})
    theirs = bob.call("POST", "/v1/recordings", {"source": {"url": with_password(yard)}})
    began = time.monotonic()
    assert twice["camera"] == camera["id"], "the same source is the same camera"
    # H.264 is decoded for who looks at it, in a process of its own.
    looked = bob.call("POST", f"/v1/cameras/{theirs['camera']}/preview")
    decoded = [
        read_counter(decode_image(read_preview_frame))
        for read_preview_frame in read_preview_frames(looked["url"], 6)[0]
    ]
    assert len(decoded) > 5
    assert decoded == sorted(set(decoded))
    live = alice.call("GET", path)["status"]
    assert (live["state"], live["recording"]) == ("connected", True)
    assert sorted(live["recordings"]) == sorted([mine["id"], twice["id"]])
    assert live["fps"] == pytest.approx(FPS, rel=0.5)
    assert (live["width"], live["height"], live["dropped_frames"]) == (192, 128, 0)
    assert live["last_error"] is None
    assert live["elapsed_s"] > 4
    assert live["size_bytes"] > 10_000
    assert door.client_count == 1, "all that look share one connection"

    # Closed doors: the same 404 as for what is not there.
    for client, others in ((bob, (mine, twice)), (alice, (theirs,))):
        for other in others:
            for method, where in (
                ("GET", f"/v1/recordings/{other['id']}"),
                ("POST", f"/v1/recordings/{other['id']}/stop"),
                ("DELETE", f"/v1/recordings/{other['id']}"),
                ("GET", f"/v1/cameras/{other['camera']}"),
                ("POST", f"/v1/cameras/{other['camera']}/preview"),
            ):
                assert call_api(suite, method, where, client.user.token).status == 404, where

    stopped = alice.call("POST", f"/v1/recordings/{mine['id']}/stop")
    lasted = time.monotonic() - began
    assert stopped["state"] in ("stopping", "joining", "done")
    alice.call("POST", f"/v1/recordings/{twice['id']}/stop")
    bob.call("POST", f"/v1/recordings/{theirs['id']}/stop")
    done = wait_until_recording_ended(alice, mine["id"])
    assert done["state"] == "done", done["error"]
    assert (done["title"], done["ended_by"]) == ("Visitors", "stop")
    clip = done["clip"]
    assert clip["codec"] == "mjpeg"
    assert clip["gaps"] == []
    token = alice.user.token
    whole = get(suite, clip["path"], token)
    assert (whole.status, len(whole.body)) == (200, clip["size_bytes"])
    part = get(suite, clip["path"], token, Range="bytes=100-199")
    assert (part.status, part.body) == (206, whole.body[100:200])
    assert get(suite, clip["path"], bob.user.token).status == 404
    assert get(suite, clip["path"]).status == 401
    linked = call_api(suite, "GET", f"/v1/recordings/{mine['id']}/clip", token)
    assert linked.status == 302
    seen, duration = counters(whole.body)
    assert seen == list(range(seen[0], seen[0] + len(seen))), "no picture lost, none twice"
    # Motion JPEG has the times at which its pictures arrive.
    assert abs(duration - len(seen) / FPS) < 1
    assert abs(duration - clip["duration_sec"]) < 0.05
    assert duration > lasted + 1.5, "three seconds from before the start"
    last = alice.call("GET", "/v1/recordings/last")
    assert last["id"] in (mine["id"], twice["id"])
    listed = [recording["id"] for recording in alice.call("GET", "/v1/recordings")["recordings"]]
    assert listed == [twice["id"], mine["id"]]

    theirs = wait_until_recording_ended(bob, theirs["id"])
    assert theirs["clip"]["codec"] == "h264"
    their_camera = bob.call("GET", f"/v1/cameras/{theirs['camera']}")
    assert their_camera["source"] == {"kind": "rtsp", "address": yard.url, "credentials": True}
    numbers, _ = counters(get(suite, theirs["clip"]["path"], bob.user.token).body)
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    told = [theirs, their_camera, bob.call("GET", "/v1/recordings"), bob.call("GET", "/v1/cameras")]
    assert PASSWORD not in str(told)
    for log in suite.place.logs.iterdir():
        assert PASSWORD not in log.read_text(errors="replace"), log.name

    used = alice.call("GET", "/v1/usage")["stored_bytes"]
    alice.call("DELETE", f"/v1/recordings/{mine['id']}")
    alice.call("DELETE", f"/v1/recordings/{twice['id']}")
    assert used >= clip["size_bytes"]
    assert get(suite, clip["path"], token).status == 404
    assert alice.call("GET", "/v1/recordings")["recordings"] == []
    alice.call("DELETE", path)
    assert alice.call("GET", "/v1/cameras")["cameras"] == []


def test_what_was_recorded_goes_into_recipes_at_once_and_later(
    suite: SuiteHandle, door: HttpCamera, tmp_path: Path
) -> None:
    client = suite.client()
    wish = {"source": {"url": door.url}, "max_duration_s": 4, "recipe": "frames"}
    begun = client.call("POST", "/v1/recordings", {**wish, "options": {"every": "1"}})
    assert client.call("GET", f"/v1/jobs/{begun['job']}")["status"] == "awaiting_upload"

    job = suite.wait_for_job(client, begun["job"])
    told = wait_until_recording_ended(client, begun["id"])

    assert job["status"] == "done", job["error"]
    assert told["ended_by"] == "max-duration"
    assert 3.8 <= told["clip"]["duration_sec"] < 6
    numbers = [
        read_counter(decode_image(data))
        for _, data in read_frames_zip(download_artifact(client, job, "frames.zip", tmp_path))
    ]
    # The picture at which the fourth second is over may be the last one, and late.
    assert 4 <= len(numbers) <= 6
    # Motion JPEG has no times but those at which it arrives.
    for second, number in enumerate(numbers):
        assert abs(number - numbers[0] - FPS * second) <= FPS / 2
    again = {"recipe": "frames", "options": {"every": "2"}, "from": begun["id"]}
    later = suite.wait_for_job(client, client.call("POST", "/v1/jobs", again)["job"]["id"])
    assert later["status"] == "done", later["error"]
    frames = read_frames_zip(download_artifact(client, later, "frames.zip", tmp_path))
    assert read_counter(decode_image(frames[1][1])) == numbers[2]
    # Somebody else's is none.
    refused = call_api(suite, "POST", "/v1/jobs", suite.client().user.token, again)
    assert (refused.status, refused.json()["errors"][0]["field"]) == (422, "from")


def test_seats_are_limited_taken_over_and_run_out(suite: SuiteHandle, door: HttpCamera) -> None:
    client = suite.client()
    camera = client.call("POST", "/v1/cameras", {"name": "Door", "source": {"url": door.url}})
    where = f"/v1/cameras/{camera['id']}/preview"
    seats = [client.call("POST", where)["url"] for _ in range(5)]

    refused = call_api(suite, "POST", where, client.user.token)

    assert (refused.status, refused.json()["code"]) == (429, "too-many-viewers")
    assert "Retry-After" in refused.headers
    token = seats[0].rpartition("/")[2]
    shown, _ = read_preview_frames(seats[0], 2)
    assert shown
    firestore.update_document(suite, f"viewers/{token}", {"expires_at": LONG_AGO})
    over = get(suite, f"/v1/media/previews/{token}")
    assert (over.status, over.json()["code"]) == (410, "link-expired")
    nobodys = get(suite, f"/v1/media/previews/{'0' * 48}")
    assert (nobodys.status, nobodys.json()["code"]) == (404, "not-found")


def test_a_recording_that_is_deleted_while_it_runs_cancels_the_job_that_waits_for_it(
    suite: SuiteHandle, door: HttpCamera
) -> None:
    client = suite.client()
    wish = {"source": {"url": door.url}, "recipe": "frames"}
    begun = client.call("POST", "/v1/recordings", wish)
    time.sleep(2)

    client.call("DELETE", f"/v1/recordings/{begun['id']}")

    assert client.call("GET", f"/v1/jobs/{begun['job']}")["status"] == "cancelled"
    gone = call_api(suite, "GET", f"/v1/recordings/{begun['id']}", client.user.token)
    assert (gone.status, gone.json()["code"]) == (404, "not-found")


def test_a_recording_that_fails_takes_the_job_that_waits_for_it_along(suite: SuiteHandle) -> None:
    client, camera = suite.client(), HttpCamera(encode_mjpeg(1))
    camera.redirect = "http://10.0.0.1/live"
    wish = {"source": {"url": camera.url}, "recipe": "frames"}
    begun = client.call("POST", "/v1/recordings", wish)

    told = wait_until_recording_ended(client, begun["id"])
    job = suite.wait_for_job(client, begun["job"])
    camera.stop()

    assert (told["state"], told["clip"]) == ("failed", None)
    assert told["error"]["code"] == "redirect-refused"
    assert (job["status"], job["error"]["code"]) == ("failed", "redirect-refused")
    seen = client.call("GET", f"/v1/cameras/{begun['camera']}")["status"]
    assert (seen["state"], seen["recording"]) == ("failed", False)
    assert seen["last_error"]["code"] == "redirect-refused"
