"""The limit of watched cameras: one owner cannot hold every instance of the recorder."""

from __future__ import annotations

import json
import secrets
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from functions.api.routes import ROUTES
from shared.cameras import requests, session
from shared.cameras.watched import TooManyWatchedCameras, admit_camera
from shared.flows.documents import Update, all_documents
from shared.flows.effects import ClockAndIds, Commit, Effect, Read
from tests.fakes.application import ALICE_HEADERS, SETTINGS, AppHarness
from tests.unit.functions.api.cameras.camera_requests import collections

BOB = {"Authorization": "Bearer bob"}
LIMIT = SETTINGS.max_watched_cameras
CODE = "too-many-watched-cameras"


def add_camera(harness: AppHarness, number: int, headers: Any = ALICE_HEADERS) -> str:
    """Registers a camera. Returns its id."""
    source = {"url": f"rtsp://cam{number}.moodreel.test/live"}
    body = {"name": f"Camera {number}", "source": source}
    response = post(harness, "/v1/cameras", body, headers)
    return str(response.json["id"])


def post(harness: AppHarness, path: str, body: Any, headers: Any = ALICE_HEADERS) -> Any:
    return harness.request(
        "POST", path, headers=headers, data=json.dumps(body), content_type="application/json"
    )


def preview(harness: AppHarness, camera: str, headers: Any = ALICE_HEADERS) -> Any:
    return harness.request("POST", f"/v1/cameras/{camera}/preview", headers=headers)


def record(harness: AppHarness, camera: str) -> Any:
    return post(harness, "/v1/recordings", {"source": {"camera": camera}})


@pytest.fixture
def harness() -> AppHarness:
    return AppHarness(ROUTES, settings=replace(SETTINGS, changes_per_minute=1000))


def test_twenty_previews_of_one_owner_leave_instances_to_another(harness: AppHarness) -> None:
    responses = [preview(harness, add_camera(harness, number)) for number in range(20)]
    other = preview(harness, add_camera(harness, 0, BOB), BOB)

    statuses = [response.status_code for response in responses]
    assert statuses == [201] * LIMIT + [429] * (20 - LIMIT)
    assert {response.json["code"] for response in responses[LIMIT:]} == {CODE}
    assert all(response.headers["Retry-After"] for response in responses[LIMIT:])
    assert other.status_code == 201
    tasks = harness.store.run_query(all_documents("recorder_tasks"))
    assert len(tasks) == LIMIT + 1


def test_recordings_count_as_watched_cameras(harness: AppHarness) -> None:
    cameras = [add_camera(harness, number) for number in range(LIMIT + 1)]
    responses = [
        (record if number % 2 else preview)(harness, camera)
        for number, camera in enumerate(cameras)
    ]

    assert [response.status_code for response in responses] == [201] * LIMIT + [429]
    assert responses[-1].json["code"] == CODE
    refused = record(harness, cameras[-1])
    assert (refused.status_code, refused.json["code"]) == (429, CODE)
    assert "jobs" not in collections(harness)


def test_watched_camera_takes_more_recordings_and_previews(harness: AppHarness) -> None:
    cameras = [add_camera(harness, number) for number in range(LIMIT)]
    for camera in cameras:
        assert preview(harness, camera).status_code == 201

    assert record(harness, cameras[0]).status_code == 201
    assert preview(harness, cameras[0]).status_code == 201


@pytest.mark.parametrize("end", ["released", "task ended", "deleted"])
def test_camera_that_is_no_longer_watched_makes_room(harness: AppHarness, end: str) -> None:
    first, *cameras = [add_camera(harness, number) for number in range(LIMIT + 2)]
    for camera in (first, *cameras[: LIMIT - 1]):
        assert preview(harness, camera).status_code == 201
    task = f"recorder_tasks/{harness.store.documents[f'cameras/{first}'][0]['recorder_task']}"
    if end == "released":
        harness.store.commit([Update(f"cameras/{first}", {"recorder_task": "", "state": "idle"})])
    elif end == "task ended":
        harness.store.commit([Update(task, {"state": "failed"})])
    else:
        harness.request("DELETE", f"/v1/cameras/{first}", headers=ALICE_HEADERS)

    statuses = [preview(harness, camera).status_code for camera in cameras[LIMIT - 1 :]]
    assert statuses == [201, 429]


def test_refused_preview_has_no_viewer(harness: AppHarness) -> None:
    for number in range(LIMIT + 1):
        preview(harness, add_camera(harness, number))

    assert len(harness.store.run_query(all_documents("viewers"))) == LIMIT


def test_concurrent_requests_do_not_exceed_the_limit(harness: AppHarness) -> None:
    """Each of two requests reads the list of watched cameras before the other one commits."""
    cameras = [add_camera(harness, number) for number in range(LIMIT + 1)]
    for camera in cameras[: LIMIT - 1]:
        preview(harness, camera)
    clock = ClockAndIds(lambda: datetime.now(UTC), lambda: secrets.token_hex(8))
    flows = [
        session.request_preview(camera, clock, max_watched=LIMIT) for camera in cameras[LIMIT - 1 :]
    ]
    effects: list[Effect | None] = [next(flow) for flow in flows]
    results: list[object] = []
    while len(results) < len(flows):
        for index, flow in enumerate(flows):
            if effects[index] is None:
                continue
            try:
                effects[index] = flow.send(perform(harness, effects[index]))
            except (StopIteration, TooManyWatchedCameras) as end:
                results.append(type(end))
                effects[index] = None

    assert results.count(StopIteration) == 1
    assert results.count(TooManyWatchedCameras) == 1


def perform(harness: AppHarness, effect: object) -> Any:
    match effect:
        case Read(paths):
            return harness.store.read(paths)
        case Commit(writes):
            return harness.store.commit(writes)
    return None


def test_without_the_limit_one_owner_holds_twenty_instances(
    harness: AppHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit is what the first test shows."""
    monkeypatch.setattr(requests, "admit_camera", lambda camera, _: admit_camera(camera, 1000))

    with pytest.raises(AssertionError):
        test_twenty_previews_of_one_owner_leave_instances_to_another(harness)
