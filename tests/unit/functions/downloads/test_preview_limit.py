"""A preview stream counts as a watched camera."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from functions.downloads.routes import ROUTES
from shared.cameras.camera import new_camera
from shared.cameras.source import parse_source
from shared.cameras.viewers import new_viewer
from tests.fakes.application import SETTINGS, AppHarness
from tests.fakes.secret_keys import encrypt_camera


def test_preview_of_one_camera_too_many_is_refused() -> None:
    harness = AppHarness(ROUTES, settings=replace(SETTINGS, max_watched_cameras=0))
    now = datetime.now(UTC)
    source = parse_source("rtsp://cam.moodreel.test/live")
    camera_id = source.camera_id("alice")
    harness.store.commit(
        [
            *new_camera("alice", "Door", source, encrypt_camera, now),
            new_viewer("a" * 48, camera_id, "alice", now),
        ]
    )

    response = harness.request("GET", f"/v1/media/previews/{'a' * 48}")

    assert (response.status_code, response.json["code"]) == (429, "too-many-watched-cameras")
    assert response.headers["Retry-After"]
    assert not harness.published
