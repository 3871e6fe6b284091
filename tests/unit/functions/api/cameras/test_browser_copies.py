"""The endpoints of copies of clips for browsers, and what a clip says about where it plays."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from functions.api.routes import ROUTES
from shared.cameras.browser_copy import BrowserCopy, CopyState
from shared.flows.documents import Update
from shared.flows.envelope import Envelope
from shared.pipeline import Bucket
from shared.recipes.stored_object import Artifact, StoredObject
from tests.fakes.application import ALICE_HEADERS, SETTINGS, AppHarness
from tests.unit.functions.api.cameras.camera_requests import URL, post

CLIP = {
    "duration_sec": 700.0, "size_bytes": 9, "fps": 25.0, "width": 64, "height": 48,
    "codec": "mjpeg", "audio_codec": None, "gaps": [], "path": "p", "generation": 1,
    "content_type": "video/mp4",
}  # fmt: skip
DONE = BrowserCopy(
    CopyState.DONE, 100, None, object="copies/r/x/clip.mp4", generation=5, size_bytes=7, width=64,
    height=48,
)  # fmt: skip


class Objects:
    """Cloud Storage with the copy."""

    def stat(self, bucket: Bucket, name: str) -> StoredObject:
        return StoredObject(bucket, name, DONE.generation, 7, "video/mp4")

    def sign_download(self, artifact: Artifact, **_: Any) -> str:
        return f"https://storage.moodreel.test/{artifact.object}#{artifact.generation}"


def add_recording(harness: AppHarness, **clip: Any) -> str:
    """Returns the path of a recording with a clip."""
    recording = post(harness, "/v1/recordings", {"source": {"url": URL}}).json
    path = f"recordings/{recording['id']}"
    harness.store.commit([Update(path, {"state": "done", "clip": {**CLIP, **clip}})])
    harness.published.clear()
    return path


def call(harness: AppHarness, method: str, path: str, user: str = "alice") -> Any:
    headers = ALICE_HEADERS if user == "alice" else {"Authorization": f"Bearer {user}"}
    return harness.request(method, f"/v1/{path}", headers=headers)


@pytest.mark.parametrize(
    ("clip", "container", "plays_in"),
    [
        ({}, "mp4", "no-browser"),
        ({"codec": "h264"}, "mp4", "all-browsers"),
        ({"codec": "h264", "audio_codec": "aac"}, "mp4", "all-browsers"),
        ({"codec": "hevc"}, "mp4", "some-browsers"),
        ({"codec": "h264", "audio_codec": "pcm_alaw", "content_type": "video/quicktime"}, "mov",
         "some-browsers"),
    ],
)  # fmt: skip
def test_clip_says_where_it_plays(clip: dict[str, Any], container: str, plays_in: str) -> None:
    harness = AppHarness(ROUTES)
    shown = call(harness, "GET", add_recording(harness, **clip)).json
    assert (shown["clip"]["container"], shown["clip"]["plays_in"]) == (container, plays_in)
    assert shown["browser_copy"] is None


def test_copy_is_requested_once_by_the_owner_only() -> None:
    harness = AppHarness(ROUTES)
    path = add_recording(harness)
    by_another_user = call(harness, "POST", f"{path}/browser-copy", "bob")
    link_too_early = call(harness, "GET", f"{path}/browser-copy/link")
    first, second = (call(harness, "POST", f"{path}/browser-copy") for _ in range(2))

    assert by_another_user.status_code == 404
    assert (link_too_early.status_code, link_too_early.json["code"]) == (409, "copy-not-ready")
    for response in (first, second):
        assert response.status_code == 202
        copy = response.json["browser_copy"]
        assert (copy["state"], copy["progress"], copy["size_bytes"]) == ("waiting", 0, None)
    recording_id = path.partition("/")[2]
    task = harness.store.documents[f"clip_copies/{recording_id}"][0]
    assert (task["owner"], task["state"]) == ("alice", "open")
    assert set(harness.published) == {Envelope(recording_id, "clip_copy", "task")}


def test_copy_that_is_done_has_a_link_and_is_not_made_again() -> None:
    harness = AppHarness(ROUTES, objects=Objects())
    path = add_recording(harness)
    harness.store.commit([Update(path, {"browser_copy": DONE.to_dict()})])
    repeated = call(harness, "POST", f"{path}/browser-copy")

    assert repeated.status_code == 200
    assert repeated.json["browser_copy"] == {
        "state": "done", "progress": 1, "error": None, "codec": "h264",
        "content_type": "video/mp4", "size_bytes": 7, "width": 64, "height": 48,
    }  # fmt: skip
    assert harness.published == []
    link = call(harness, "GET", f"{path}/browser-copy/link").json
    assert link["url"] == "https://storage.moodreel.test/copies/r/x/clip.mp4#5"
    assert link["filename"].endswith("-h264.mp4")


def test_copy_that_failed_shows_why_and_is_tried_again() -> None:
    harness = AppHarness(ROUTES)
    path = add_recording(harness)
    error = {"code": "storage-full", "message": "Your storage is full."}
    failed = BrowserCopy(CopyState.FAILED, 40, error)
    harness.store.commit([Update(path, {"browser_copy": failed.to_dict()})])

    assert call(harness, "GET", path).json["browser_copy"]["error"] == error
    again = call(harness, "POST", f"{path}/browser-copy").json["browser_copy"]
    assert (again["state"], again["error"]) == ("waiting", None)


def test_clip_that_browsers_play_is_not_copied() -> None:
    harness = AppHarness(ROUTES)
    path = add_recording(harness, codec="h264")
    response = call(harness, "POST", f"{path}/browser-copy")
    assert (response.status_code, response.json["code"]) == (409, "copy-not-needed")


def test_full_storage_refuses_a_copy() -> None:
    harness = AppHarness(ROUTES, settings=replace(SETTINGS, max_storage_mb=100))
    path = add_recording(harness)
    harness.store.commit([Update(path, {"stored_bytes": 100_000_000})])
    response = call(harness, "POST", f"{path}/browser-copy")
    assert (response.status_code, response.json["code"]) == (403, "storage-full")
    assert harness.published == []
