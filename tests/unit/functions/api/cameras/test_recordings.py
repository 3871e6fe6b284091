"""Tests of the recording endpoints: validation, repeated requests, limits, deletion."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from functions.api.cameras.recordings import STOP_POLL_S, STOP_WAIT_S
from functions.api.routes import ROUTES
from shared.flows.documents import Create, Update
from shared.recipes.stored_object import Artifact
from tests.fakes.application import ALICE_HEADERS, SETTINGS, AppHarness
from tests.fakes.clock import START, ManualClock
from tests.unit.functions.api.cameras.camera_requests import URL, collections, post


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({"max_duration_s": 14_401}, 422, "invalid-request", "max_duration_s"),
        ({"max_duration_s": 0}, 422, "invalid-request", "max_duration_s"),
        ({"max_bytes": 5_000_000_001}, 422, "invalid-request", "max_bytes"),
        ({"pre_roll_s": 10.5}, 422, "invalid-request", "pre_roll_s"),
        ({"options": {"every": "1"}}, 422, "invalid-request", "options"),
        ({"recipe": "presentation"}, 422, "invalid-request", "recipe"),
        ({"recipe": "nothing"}, 422, "invalid-request", "recipe"),
        ({"recipe": "emotions"}, 422, "invalid-option", None),
        ({"recipe": "frames", "options": {"every": "0"}}, 422, "invalid-option", None),
        ({"source": {"camera": "c" * 20}}, 422, "invalid-request", "source.camera"),
    ],
)
def test_invalid_recording_is_rejected_without_writes(
    body: dict[str, Any], status: int, code: str, field: str | None
) -> None:
    harness = AppHarness(ROUTES)

    response = post(harness, "/v1/recordings", {"source": {"url": URL}, **body})

    assert (response.status_code, response.json["code"]) == (status, code)
    if field is not None:
        assert [error["field"] for error in response.json["errors"]] == [field]
    assert collections(harness) == []
    assert harness.published == []


def test_repeated_request_creates_one_recording_and_job() -> None:
    harness = AppHarness(ROUTES)
    body = {
        "source": {"url": URL}, "recipe": "emotions", "max_duration_s": 60,
        "options": {"consent": True, "purpose": "research"},
    }  # fmt: skip
    responses = [
        post(harness, "/v1/recordings", body, **{"Idempotency-Key": "k"}) for _ in range(2)
    ]

    first, repeated = (response.json for response in responses)
    assert first == repeated
    assert "Idempotency-Replayed" in responses[1].headers
    assert (first["state"], first["max_duration_s"], first["clip"]) == ("starting", 60, None)
    job = harness.request("GET", f"/v1/jobs/{first['job']}", headers=ALICE_HEADERS).json
    assert (job["status"], job["recipe"]) == ("awaiting_upload", "emotions")
    kinds = [path.split("/")[0] for path in harness.store.documents if path.count("/") == 1]
    assert (kinds.count("jobs"), kinds.count("recordings"), kinds.count("cameras")) == (1, 1, 1)
    # One task for the stream of the camera, and one for the recording.
    assert kinds.count("recorder_tasks") == 2
    assert {envelope.stage for envelope in harness.published} == {"recorder"}


class JoiningClock(ManualClock):
    """A clock. While something sleeps, the recorder changes a recording."""

    def __init__(self) -> None:
        super().__init__()
        self.changes: list[Callable[[], object]] = []

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if self.changes:
            self.changes.pop(0)()


CLIP = {
    "duration_sec": 3.5, "size_bytes": 9, "fps": 25.0, "width": 64, "height": 48, "codec": "h264",
    "audio_codec": None, "gaps": [], "path": "p", "generation": 1, "content_type": "video/mp4",
}  # fmt: skip
FAILURE = {"code": "nothing-recorded", "message": "m", "at": START}


@pytest.mark.parametrize(
    ("end", "status"),
    [
        ({"state": "done", "clip": CLIP}, 200), ({"state": "failed", "error": FAILURE}, 200),
        ({"state": "joining"}, 202),
    ],
)  # fmt: skip
def test_stop_waits_a_while_for_the_clip(end: dict[str, Any], status: int) -> None:
    clock = JoiningClock()
    harness = AppHarness(ROUTES, clock=clock)
    recording = post(harness, "/v1/recordings", {"source": {"url": URL}}).json
    path = f"recordings/{recording['id']}"
    clock.changes = [
        lambda: None,
        lambda: harness.store.commit([Update(path, {"state": "joining"})]),
        lambda: harness.store.commit([Update(path, end)]),
    ]
    clock.slept.clear()
    stopped = harness.request("POST", f"/v1/{path}/stop", headers=ALICE_HEADERS)

    assert (stopped.status_code, stopped.json["state"]) == (status, end["state"])
    assert sum(clock.slept) == (STOP_WAIT_S if status == 202 else 3 * STOP_POLL_S)
    assert (stopped.json["clip"] is not None) is ("clip" in end)
    clock.slept.clear()
    again = harness.request("POST", f"/v1/{path}/stop", headers=ALICE_HEADERS)
    assert (again.status_code, bool(clock.slept)) == (status, status == 202)


def test_recording_that_is_deleted_during_the_wait_is_not_found() -> None:
    clock = JoiningClock()
    harness = AppHarness(ROUTES, clock=clock)
    recording = post(harness, "/v1/recordings", {"source": {"url": URL}}).json
    path = f"recordings/{recording['id']}"
    clock.changes = [lambda: harness.store.commit([Update(path, {"state": "deleted"})])]

    assert harness.request("POST", f"/v1/{path}/stop", headers=ALICE_HEADERS).status_code == 404


def test_concurrent_recordings_and_cameras_are_limited() -> None:
    settings = replace(SETTINGS, max_active_recordings=1, max_cameras=1)
    harness = AppHarness(ROUTES, settings=settings, clock=ManualClock())
    recording = post(harness, "/v1/recordings", {"source": {"url": URL}}).json

    refused = post(harness, "/v1/recordings", {"source": {"url": URL}})
    stopped = harness.request(
        "POST", f"/v1/recordings/{recording['id']}/stop", headers=ALICE_HEADERS
    )
    stopped_again = harness.request(
        "POST", f"/v1/recordings/{recording['id']}/stop", headers=ALICE_HEADERS
    )
    second_camera = {"source": {"url": URL + "2"}}
    too_many = post(harness, "/v1/recordings", second_camera)
    restarted = post(harness, "/v1/recordings", {"source": {"url": URL}})

    assert (refused.status_code, refused.json["code"]) == (429, "too-many-recordings")
    assert [response.status_code for response in (stopped, stopped_again)] == [202, 202]
    assert (stopped.json["state"], stopped.json["ended_by"]) == ("stopping", "stop")
    assert (too_many.status_code, too_many.json["code"]) == (409, "too-many-cameras")
    assert restarted.status_code == 201


def test_recording_size_is_limited_by_free_storage() -> None:
    harness = AppHarness(ROUTES, settings=replace(SETTINGS, max_storage_mb=100))
    recording = post(harness, "/v1/recordings", {"source": {"url": URL}}).json
    assert recording["max_bytes"] == 100_000_000

    usage = {"stored_bytes": 99_500_000}
    harness.store.commit([Update(f"recordings/{recording['id']}", usage)])
    full = post(harness, "/v1/recordings", {"source": {"url": URL}})

    assert (full.status_code, full.json["code"]) == (403, "storage-full")
    assert (
        harness.request("GET", "/v1/usage", headers=ALICE_HEADERS).json["stored_bytes"]
        == 99_500_000
    )


def test_failed_recording_is_joined_again_by_its_owner_only() -> None:
    harness = AppHarness(ROUTES)
    recording = post(harness, "/v1/recordings", {"source": {"url": URL}}).json
    path = f"/v1/recordings/{recording['id']}/redrive"
    running = harness.request("POST", path, headers=ALICE_HEADERS)
    error = {"code": "not-joined", "message": "m", "at": recording["created_at"]}
    failed = {"state": "failed", "stored_bytes": 0, "error": error}
    harness.store.commit([Update(f"recordings/{recording['id']}", failed)])
    without_pictures = harness.request("POST", path, headers=ALICE_HEADERS)
    harness.store.commit([Update(f"recordings/{recording['id']}", {"stored_bytes": 5})])
    by_another_user = harness.request("POST", path, headers={"Authorization": "Bearer bob"})
    first = harness.request("POST", path, headers=ALICE_HEADERS)
    second = harness.request("POST", path, headers=ALICE_HEADERS)

    assert [response.status_code for response in (running, without_pictures)] == [409, 409]
    assert by_another_user.status_code == 404
    for response in (first, second):
        assert response.status_code == 202
        assert (response.json["state"], response.json["error"]) == ("joining", None)
    task = harness.store.documents[f"recorder_tasks/{recording['id']}"][0]
    assert (task["state"], task["attempt"]) == ("open", 0)


def test_deleted_recording_is_hidden_at_once() -> None:
    harness = AppHarness(ROUTES)
    recording = post(harness, "/v1/recordings", {"source": {"url": URL}, "recipe": "frames"}).json
    path = f"/v1/recordings/{recording['id']}"
    in_use = harness.request("DELETE", f"/v1/cameras/{recording['camera']}", headers=ALICE_HEADERS)

    deleted = harness.request("DELETE", path, headers=ALICE_HEADERS)

    assert (in_use.status_code, in_use.json["code"]) == (409, "camera-in-use")
    assert deleted.status_code == 204
    for method, url in (("GET", path), ("POST", f"{path}/stop"), ("DELETE", path)):
        assert harness.request(method, url, headers=ALICE_HEADERS).status_code == 404
    assert harness.request("GET", "/v1/recordings", headers=ALICE_HEADERS).json["recordings"] == []
    job = harness.request("GET", f"/v1/jobs/{recording['job']}", headers=ALICE_HEADERS).json
    assert job["status"] == "cancelled"
    camera_deleted = harness.request(
        "DELETE", f"/v1/cameras/{recording['camera']}", headers=ALICE_HEADERS
    )
    assert camera_deleted.status_code == 204
    assert not any(path.startswith("camera") for path in harness.store.documents)


def test_newest_clip_is_found_without_reading_the_other_recordings() -> None:
    harness = AppHarness(ROUTES)
    recording = post(harness, "/v1/recordings", {"source": {"url": URL}}).json["id"]
    document = harness.store.documents[f"recordings/{recording}"][0]
    clip = {
        "path": "p", "generation": 1, "content_type": "video/mp4", "size_bytes": 1,
        "duration_sec": 1.0, "fps": 1.0, "width": 2, "height": 2, "codec": "h264",
        "audio_codec": None, "gaps": [],
    }  # fmt: skip
    for n in range(500):
        created_at = document["created_at"] + timedelta(seconds=n)
        ended = {"state": "failed"} if n > 1 else {"state": "done", "clip": clip}
        fields = {**document, **ended, "created_at": created_at}
        harness.store.commit([Create(f"recordings/{n:020d}", fields)])
    harness.store.documents_read = 0

    response = harness.request("GET", "/v1/recordings/last", headers=ALICE_HEADERS)

    assert response.json["id"] == f"{1:020d}"
    assert harness.store.documents_read < 10


def test_clip_of_the_newest_recording_is_found_by_one_request() -> None:
    class Objects:
        def sign_download(self, artifact: Artifact, **_: Any) -> str:
            return f"https://storage.moodreel.test/{artifact.object}#{artifact.generation}"

    harness = AppHarness(ROUTES, objects=Objects())
    path = "/v1/recordings/last/clip"
    missing = harness.request("GET", path, headers=ALICE_HEADERS)
    assert (missing.status_code, missing.json["code"]) == (404, "not-found")
    recording = post(harness, "/v1/recordings", {"source": {"url": URL}}).json["id"]
    document = harness.store.documents[f"recordings/{recording}"][0]
    for n, state in enumerate(("done", "done", "failed")):
        clip = {
            "path": "clip", "generation": n, "content_type": "video/mp4", "size_bytes": 1,
            "duration_sec": 1.0, "fps": 1.0, "width": 2, "height": 2, "codec": "h264",
            "audio_codec": None, "gaps": [],
        } if state == "done" else None  # fmt: skip
        created_at = document["created_at"] + timedelta(seconds=n)
        fields = {**document, "state": state, "clip": clip, "created_at": created_at}
        harness.store.commit([Create(f"recordings/{n:020d}", fields)])

    found = harness.request("GET", path, headers=ALICE_HEADERS)

    assert found.status_code == 302
    assert found.headers["Location"].endswith("#1")
