"""Tests of the storage that running recordings reserve."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from functions.api.routes import ROUTES
from shared.flows.documents import Update
from tests.fakes.application import ALICE_HEADERS, SETTINGS, AppHarness

MB = 1_000_000


def make_harness() -> AppHarness:
    """The API with a storage limit of 100 MB."""
    return AppHarness(ROUTES, settings=replace(SETTINGS, max_storage_mb=100))


def start(harness: AppHarness, **fields: Any) -> Any:
    """Starts a recording of Alice."""
    body = {"source": {"url": "rtsp://cam.moodreel.test/live"}, **fields}
    return harness.request(
        "POST", "/v1/recordings", headers=ALICE_HEADERS, data=json.dumps(body),
        content_type="application/json",
    )  # fmt: skip


def test_running_recordings_reserve_their_maximum_size() -> None:
    harness = make_harness()
    first = start(harness, max_bytes=60 * MB)
    second = start(harness)
    third = start(harness)

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json["max_bytes"] == 40 * MB
    assert (third.status_code, third.json["code"]) == (403, "storage-full")


def test_ended_recording_takes_what_it_stores() -> None:
    harness = make_harness()
    recording = start(harness).json["id"]
    fields = {"state": "done", "stored_bytes": 30 * MB}
    harness.store.commit([Update(f"recordings/{recording}", fields)])

    assert start(harness).json["max_bytes"] == 70 * MB


def test_recording_for_a_job_needs_room_for_the_copy_of_its_clip() -> None:
    harness = make_harness()
    too_large = start(harness, recipe="frames", max_bytes=51 * MB)
    for_job = start(harness, recipe="frames")
    other = start(harness)

    assert (too_large.status_code, too_large.json["code"]) == (403, "storage-full")
    assert for_job.json["max_bytes"] == 50 * MB
    assert (other.status_code, other.json["code"]) == (403, "storage-full")
