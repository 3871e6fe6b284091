"""Tests of the camera and recording endpoints: validation, secrecy of credentials, writes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from functions.api.routes import ROUTES
from shared.flows.documents import Update
from tests.fakes.application import ALICE_HEADERS, SETTINGS, AppHarness

CANARY = "canary-51ab"
URL = f"rtsp://guest:{CANARY}@cam.moodreel.test/stream?token={CANARY}"
BOB = {"Authorization": "Bearer bob"}
INVALID_URLS = (
    f"rtsp://guest:{CANARY}@10.1.2.3/a",
    f"rtsp://guest:{CANARY}@127.0.0.1/a",
    f"http://guest:{CANARY}@169.254.169.254/computeMetadata/v1/",
    f"http://guest:{CANARY}@[::ffff:10.0.0.1]/a",
    f"http://guest:{CANARY}@metadata.google.internal/",
    f"http://guest:{CANARY}@0x7f000001/",
    f"http://guest:{CANARY}@localhost/",
    f"rtsp://guest:{CANARY}@cam.moodreel.test:22/",
    f"file:///etc/{CANARY}",
    f"rtmp://guest:{CANARY}@cam.moodreel.test/a",
    f"rtsp://guest:{CANARY}@cam.moodreel.test/a#b",
    f"rtsp://guest:{CANARY}@cam.moodreel.test/ä",
    f"rtsp://guest:{CANARY}\r\nX: y@cam.moodreel.test/",
    f"rtsp://guest:{CANARY}@/",
    f"http://[{CANARY}",
)


def post(harness: AppHarness, path: str, body: Any, **headers: str) -> Any:
    return harness.request(
        "POST", path, headers=ALICE_HEADERS | headers, data=json.dumps(body),
        content_type="application/json",
    )  # fmt: skip


def collections(harness: AppHarness) -> list[str]:
    """The collections that have documents, except rate limits and idempotency keys."""
    return sorted(
        {path.split("/")[0] for path in harness.store.documents} - {"limits", "idempotency"}
    )


@pytest.mark.parametrize("url", INVALID_URLS)
@pytest.mark.parametrize("path", ["/v1/cameras", "/v1/recordings"])
def test_invalid_camera_url_is_rejected_and_never_repeated(path: str, url: str) -> None:
    harness = AppHarness(ROUTES)
    name = {"name": "Door"} if path == "/v1/cameras" else {}

    response = post(harness, path, {"source": {"url": url}, **name})

    assert (response.status_code, response.json["code"]) == (422, "invalid-request")
    assert [error["field"] for error in response.json["errors"]] == ["source.url"]
    assert CANARY not in response.text
    assert CANARY not in str(harness.log_events)
    assert collections(harness) == []


@pytest.mark.parametrize(
    "source",
    [
        {},
        {"url": URL, "device": 0},
        {"url": None},
        {"device": 16},
        {"device": "0"},
        {"url": URL, "password": CANARY},
        {"url": ""},
        {"url": "rtsp://cam.moodreel.test/" + "a" * 500},
        "rtsp://cam.moodreel.test/",
    ],
)
def test_invalid_source_is_rejected(source: Any) -> None:
    harness = AppHarness(ROUTES)

    response = post(harness, "/v1/cameras", {"name": "Door", "source": source})

    assert (response.status_code, response.json["code"]) == (422, "invalid-request")
    assert response.json["errors"][0]["field"].startswith("source")
    assert CANARY not in response.text
    assert collections(harness) == []


def test_local_devices_are_available_only_locally() -> None:
    response = post(AppHarness(ROUTES), "/v1/recordings", {"source": {"device": 0}})
    assert response.json["errors"][0]["field"] == "source.device"

    local = AppHarness(ROUTES, settings=replace(SETTINGS, allow_camera_devices=True))
    response = post(local, "/v1/cameras", {"name": "Desk", "source": {"device": 0}})
    assert (response.status_code, response.json["source"]["address"]) == (201, "device 0")


def test_private_address_is_accepted_if_networks_are_allowed() -> None:
    """The recorder checks at each connection that the address is in an allowed network."""
    harness = AppHarness(ROUTES, settings=replace(SETTINGS, camera_networks=("10.0.0.0/8",)))

    response = post(harness, "/v1/cameras", {"name": "Door", "source": {"url": INVALID_URLS[0]}})

    assert (response.status_code, response.json["source"]["address"]) == (201, "rtsp://10.1.2.3/a")


def test_password_is_in_one_document_and_in_no_response() -> None:
    harness = AppHarness(ROUTES)
    recording = post(
        harness, "/v1/recordings", {"source": {"url": URL}}, **{"Idempotency-Key": "k"}
    )
    camera = recording.json["camera"]
    responses = [
        recording,
        post(harness, "/v1/cameras", {"name": "Door", "source": {"url": URL}}),
        *(
            harness.request("GET", path, headers=ALICE_HEADERS)
            for path in (
                "/v1/cameras", f"/v1/cameras/{camera}", "/v1/recordings",
                f"/v1/recordings/{recording.json['id']}",
            )
        ),
    ]  # fmt: skip

    assert [response.status_code for response in responses] == [201, 201, 200, 200, 200, 200]
    assert not any(CANARY in response.text for response in responses)
    assert CANARY not in str(harness.log_events)
    paths = [path for path, (data, _) in harness.store.documents.items() if CANARY in str(data)]
    assert paths == [f"camera_secrets/{camera}"]


def test_same_address_is_same_camera_and_keeps_its_password() -> None:
    harness = AppHarness(ROUTES)
    first = post(harness, "/v1/cameras", {"name": "Door", "source": {"url": URL}}).json

    # The identity of a camera excludes the password and includes the query.
    without_credentials = URL.replace(f"guest:{CANARY}@", "")
    repeated = post(
        harness, "/v1/cameras", {"name": "Front door", "source": {"url": without_credentials}}
    ).json
    changed_url = URL.replace(CANARY, "another", 1)
    changed = post(harness, "/v1/recordings", {"source": {"url": changed_url}}).json

    assert first["id"] == repeated["id"] == changed["camera"]
    assert (repeated["name"], repeated["source"]["credentials"]) == ("Front door", True)
    secret, _ = harness.store.documents[f"camera_secrets/{first['id']}"]
    assert secret["source"]["password"] == "another"
    bobs = harness.request(
        "POST", "/v1/cameras", headers=BOB, content_type="application/json",
        data=json.dumps({"name": "Door", "source": {"url": URL}}),
    )  # fmt: skip
    assert bobs.json["id"] != first["id"]


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


def test_concurrent_recordings_and_cameras_are_limited() -> None:
    harness = AppHarness(ROUTES, settings=replace(SETTINGS, max_active_recordings=1, max_cameras=1))
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
    by_another_user = harness.request("POST", path, headers=BOB)
    first = harness.request("POST", path, headers=ALICE_HEADERS)
    second = harness.request("POST", path, headers=ALICE_HEADERS)

    assert [response.status_code for response in (running, without_pictures)] == [409, 409]
    assert by_another_user.status_code == 404
    for response in (first, second):
        assert response.status_code == 202
        assert (response.json["state"], response.json["error"]) == ("joining", None)
    task = harness.store.documents[f"recorder_tasks/{recording['id']}"].data
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
