"""Cameras and recordings as they are asked for: what is refused, what is hidden, what is made."""

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
UNFIT = (
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


def post(stand: AppHarness, path: str, body: Any, **headers: str) -> Any:
    return stand.request(
        "POST", path, headers=ALICE_HEADERS | headers, data=json.dumps(body),
        content_type="application/json",
    )  # fmt: skip


def collections(stand: AppHarness) -> list[str]:
    """What was left behind, but for what is counted."""
    return sorted(
        {path.split("/")[0] for path in stand.store.documents} - {"limits", "idempotency"}
    )


@pytest.mark.parametrize("url", UNFIT)
@pytest.mark.parametrize("path", ["/v1/cameras", "/v1/recordings"])
def test_an_address_that_no_camera_may_have_is_refused_and_repeated_nowhere(
    path: str, url: str
) -> None:
    stand = AppHarness(ROUTES)
    name = {"name": "Door"} if path == "/v1/cameras" else {}

    answer = post(stand, path, {"source": {"url": url}, **name})

    assert (answer.status_code, answer.json["code"]) == (422, "invalid-request")
    assert [one["field"] for one in answer.json["errors"]] == ["source.url"]
    assert CANARY not in answer.text
    assert CANARY not in str(stand.log_events)
    assert collections(stand) == []


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
def test_a_source_is_one_thing_and_of_its_form(source: Any) -> None:
    stand = AppHarness(ROUTES)

    answer = post(stand, "/v1/cameras", {"name": "Door", "source": source})

    assert (answer.status_code, answer.json["code"]) == (422, "invalid-request")
    assert answer.json["errors"][0]["field"].startswith("source")
    assert CANARY not in answer.text
    assert collections(stand) == []


def test_a_camera_of_the_machine_is_no_business_of_the_clouds() -> None:
    answer = post(AppHarness(ROUTES), "/v1/recordings", {"source": {"device": 0}})
    assert answer.json["errors"][0]["field"] == "source.device"

    local = AppHarness(ROUTES, settings=replace(SETTINGS, allow_camera_devices=True))
    answer = post(local, "/v1/cameras", {"name": "Desk", "source": {"device": 0}})
    assert (answer.status_code, answer.json["source"]["address"]) == (201, "device 0")


def test_private_cameras_are_for_who_lists_their_network() -> None:
    """Whether the network is the listed one is judged at each connection, by the recorder."""
    stand = AppHarness(ROUTES, settings=replace(SETTINGS, camera_networks=("10.0.0.0/8",)))

    answer = post(stand, "/v1/cameras", {"name": "Door", "source": {"url": UNFIT[0]}})

    assert (answer.status_code, answer.json["source"]["address"]) == (201, "rtsp://10.1.2.3/a")


def test_a_password_stands_in_one_document_and_in_no_answer() -> None:
    stand = AppHarness(ROUTES)
    begun = post(stand, "/v1/recordings", {"source": {"url": URL}}, **{"Idempotency-Key": "k"})
    camera = begun.json["camera"]
    asked = [
        begun,
        post(stand, "/v1/cameras", {"name": "Door", "source": {"url": URL}}),
        *(
            stand.request("GET", path, headers=ALICE_HEADERS)
            for path in (
                "/v1/cameras", f"/v1/cameras/{camera}", "/v1/recordings",
                f"/v1/recordings/{begun.json['id']}",
            )
        ),
    ]  # fmt: skip

    assert [one.status_code for one in asked] == [201, 201, 200, 200, 200, 200]
    assert not any(CANARY in one.text for one in asked)
    assert CANARY not in str(stand.log_events)
    telling = [path for path, (data, _) in stand.store.documents.items() if CANARY in str(data)]
    assert telling == [f"camera_secrets/{camera}"]


def test_the_same_address_is_the_same_camera_and_keeps_its_password() -> None:
    stand = AppHarness(ROUTES)
    first = post(stand, "/v1/cameras", {"name": "Door", "source": {"url": URL}}).json

    # The password is part of no address; the query is, since it may say which camera.
    bare = URL.replace(f"guest:{CANARY}@", "")
    again = post(stand, "/v1/cameras", {"name": "Front door", "source": {"url": bare}}).json
    other = URL.replace(CANARY, "another", 1)
    changed = post(stand, "/v1/recordings", {"source": {"url": other}}).json

    assert first["id"] == again["id"] == changed["camera"]
    assert (again["name"], again["source"]["credentials"]) == ("Front door", True)
    secret, _ = stand.store.documents[f"camera_secrets/{first['id']}"]
    assert secret["source"]["password"] == "another"
    bobs = stand.request(
        "POST", "/v1/cameras", headers=BOB, content_type="application/json",
        data=json.dumps({"name": "Door", "source": {"url": URL}}),
    )  # fmt: skip
    assert bobs.json["id"] != first["id"]


@pytest.mark.parametrize(
    ("wish", "status", "code", "field"),
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
def test_what_cannot_be_recorded_is_refused_and_leaves_nothing(
    wish: dict[str, Any], status: int, code: str, field: str | None
) -> None:
    stand = AppHarness(ROUTES)

    answer = post(stand, "/v1/recordings", {"source": {"url": URL}, **wish})

    assert (answer.status_code, answer.json["code"]) == (status, code)
    if field is not None:
        assert [one["field"] for one in answer.json["errors"]] == [field]
    assert collections(stand) == []
    assert stand.published == []


def test_a_recording_and_its_job_are_made_once_however_often_they_are_asked_for() -> None:
    stand = AppHarness(ROUTES)
    wish = {
        "source": {"url": URL}, "recipe": "emotions", "max_duration_s": 60,
        "options": {"consent": True, "purpose": "research"},
    }  # fmt: skip
    answers = [post(stand, "/v1/recordings", wish, **{"Idempotency-Key": "k"}) for _ in range(2)]

    first, again = (one.json for one in answers)
    assert first == again
    assert "Idempotency-Replayed" in answers[1].headers
    assert (first["state"], first["max_duration_s"], first["clip"]) == ("starting", 60, None)
    job = stand.request("GET", f"/v1/jobs/{first['job']}", headers=ALICE_HEADERS).json
    assert (job["status"], job["recipe"]) == ("awaiting_upload", "emotions")
    kinds = [path.split("/")[0] for path in stand.store.documents if path.count("/") == 1]
    assert (kinds.count("jobs"), kinds.count("recordings"), kinds.count("cameras")) == (1, 1, 1)
    # One shift takes the camera, and one errand looks after the recording.
    assert kinds.count("recorder_tasks") == 2
    assert {one.stage for one in stand.published} == {"recorder"}


def test_no_more_is_recorded_at_once_than_may_be() -> None:
    stand = AppHarness(ROUTES, settings=replace(SETTINGS, max_active_recordings=1, max_cameras=1))
    begun = post(stand, "/v1/recordings", {"source": {"url": URL}}).json

    refused = post(stand, "/v1/recordings", {"source": {"url": URL}})
    stopped = stand.request("POST", f"/v1/recordings/{begun['id']}/stop", headers=ALICE_HEADERS)
    twice = stand.request("POST", f"/v1/recordings/{begun['id']}/stop", headers=ALICE_HEADERS)
    other = {"source": {"url": URL + "2"}}
    crowded = post(stand, "/v1/recordings", other)
    after = post(stand, "/v1/recordings", {"source": {"url": URL}})

    assert (refused.status_code, refused.json["code"]) == (429, "too-many-recordings")
    assert [one.status_code for one in (stopped, twice)] == [202, 202]
    assert (stopped.json["state"], stopped.json["ended_by"]) == ("stopping", "stop")
    assert (crowded.status_code, crowded.json["code"]) == (409, "too-many-cameras")
    assert after.status_code == 201


def test_a_recording_may_grow_as_far_as_there_is_room_and_counts_as_stored() -> None:
    stand = AppHarness(ROUTES, settings=replace(SETTINGS, max_storage_mb=100))
    begun = post(stand, "/v1/recordings", {"source": {"url": URL}}).json
    assert begun["max_bytes"] == 100_000_000

    held = {"stored_bytes": 99_500_000}
    stand.store.commit([Update(f"recordings/{begun['id']}", held)])
    full = post(stand, "/v1/recordings", {"source": {"url": URL}})

    assert (full.status_code, full.json["code"]) == (403, "storage-full")
    assert (
        stand.request("GET", "/v1/usage", headers=ALICE_HEADERS).json["stored_bytes"] == 99_500_000
    )


def test_what_was_deleted_is_seen_no_more_while_it_is_removed() -> None:
    stand = AppHarness(ROUTES)
    begun = post(stand, "/v1/recordings", {"source": {"url": URL}, "recipe": "frames"}).json
    path = f"/v1/recordings/{begun['id']}"
    in_use = stand.request("DELETE", f"/v1/cameras/{begun['camera']}", headers=ALICE_HEADERS)

    gone = stand.request("DELETE", path, headers=ALICE_HEADERS)

    assert (in_use.status_code, in_use.json["code"]) == (409, "camera-in-use")
    assert gone.status_code == 204
    for method, where in (("GET", path), ("POST", f"{path}/stop"), ("DELETE", path)):
        assert stand.request(method, where, headers=ALICE_HEADERS).status_code == 404
    assert stand.request("GET", "/v1/recordings", headers=ALICE_HEADERS).json["recordings"] == []
    job = stand.request("GET", f"/v1/jobs/{begun['job']}", headers=ALICE_HEADERS).json
    assert job["status"] == "cancelled"
    done = stand.request("DELETE", f"/v1/cameras/{begun['camera']}", headers=ALICE_HEADERS)
    assert done.status_code == 204
    assert not any(path.startswith("camera") for path in stand.store.documents)
