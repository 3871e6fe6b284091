"""Tests of the creation of jobs: validation of inputs and options, and vanished sources."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from functions.api.routes import ROUTES
from shared.jobs.creation import new_job
from shared.jobs.model import JobInput
from shared.pipeline import RECIPES, Bucket
from shared.recipes.stored_object import StoredObject
from tests.fakes.application import ALICE_HEADERS, AppHarness
from tests.fixtures.jobs import NOW
from tests.unit.functions.api.jobs.rejected_jobs import VIDEO, post_rejected


@pytest.mark.parametrize(
    ("inputs", "field", "sentence"),
    [
        ({}, "inputs.video", "The recipe frames needs the input video."),
        (
            {"video": VIDEO, "sound": VIDEO | {"content_type": "audio/mpeg"}},
            "inputs.sound",
            "The recipe frames has these inputs: video.",
        ),
        (
            {"video": VIDEO | {"size_bytes": 5_000_000_001}},
            "inputs.video.size_bytes",
            "The input video may have at most 5000 MB; this file has 5000.0 MB.",
        ),
    ],
)
def test_invalid_inputs_are_reported_with_field_and_message(
    inputs: dict[str, Any], field: str, sentence: str
) -> None:
    status, problem = post_rejected({"recipe": "frames", "inputs": inputs})

    assert (status, problem["code"], problem["detail"]) == (422, "invalid-request", sentence)
    assert problem["errors"] == [{"field": field, "message": sentence}]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("size_bytes", 0),
        ("size_bytes", -1),
        ("size_bytes", 1.5),
        ("size_bytes", "123"),
        ("size_bytes", True),
        ("size_bytes", 1 << 53),
        ("filename", ""),
        ("filename", "   "),
        ("filename", "a\u0000b.mp4"),
        ("filename", "x" * 256),
        ("content_type", "video"),
        ("content_type", "video/mp4; codecs=avc1"),
        ("content_type", "video/mp4\r\nX-Evil: 1"),
        ("content_type", "video/mp4\n"),
        ("content_type", "video/" + "x" * 200),
    ],
)
def test_invalid_file_metadata_is_rejected(field: str, value: Any) -> None:
    status, problem = post_rejected(
        {"recipe": "frames", "inputs": {"video": VIDEO | {field: value}}}
    )

    assert status == 422
    assert [error["field"] for error in problem["errors"]] == [f"inputs.video.{field}"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"every": "0.01"}, "shortest interval"),
        ({"every": "soon"}, "give seconds"),
        ({"fps": "1"}, "'fps' does not exist"),
        ({"start": "5", "end": "5"}, "must come after start"),
        ({"format": "gif"}, "jpeg or png"),
        ({"quality": 101}, "from 1 to 100"),
        ({"every": 10**4000}, "give seconds"),
    ],
)
def test_invalid_options_are_rejected(options: dict[str, Any], message: str) -> None:
    status, problem = post_rejected(
        {"recipe": "frames", "options": options, "inputs": {"video": VIDEO}}
    )

    assert (status, problem["code"]) == (422, "invalid-option")
    assert message in problem["detail"]


@pytest.mark.parametrize("value", [{"a": 1}, ["1"]])
def test_option_must_be_a_scalar(value: Any) -> None:
    body = {"recipe": "frames", "options": {"every": value}, "inputs": {"video": VIDEO}}
    status, problem = post_rejected(body)

    assert status == 422
    assert problem["errors"][0]["field"] == "options.every"


def test_unknown_recipe_error_lists_the_recipes() -> None:
    status, problem = post_rejected({"recipe": "gif", "inputs": {"video": VIDEO}})

    assert status == 422
    assert problem["errors"][0]["field"] == "recipe"
    assert "frames, emotions, recap, presentation, still" in problem["detail"]


class VanishingObjects:
    """An object store in which an upload exists at the first lookup and is gone at the second."""

    def __init__(self) -> None:
        self.lookups = 0

    def stat(self, bucket: Bucket, name: str) -> StoredObject | None:
        self.lookups += 1
        return StoredObject(bucket, name, 7, 5, "video/mp4", "", "") if self.lookups == 1 else None

    def delete_prefix(self, *_: Any) -> int:
        return 0


def test_source_deleted_during_creation_leaves_no_job() -> None:
    harness = AppHarness(ROUTES, objects=VanishingObjects())
    source_id = "j" * 20
    harness.store.commit(
        new_job(
            job_id=source_id,
            owner="alice",
            email="",
            recipe=RECIPES["frames"],
            title="Holiday",
            options={},
            inputs=(JobInput("video", f"jobs/{source_id}/video.0", "video/mp4", 5, "a.mp4"),),
            now=NOW,
            expires_at=NOW + timedelta(days=30),
        )
    )
    body = json.dumps({"recipe": "frames", "from": source_id})
    response = harness.request(
        "POST", "/v1/jobs", headers=ALICE_HEADERS, data=body, content_type="application/json"
    )

    assert (response.status_code, response.json["code"]) == (410, "source-expired")
    jobs = harness.request("GET", "/v1/jobs", headers=ALICE_HEADERS).json["jobs"]
    assert [job["id"] for job in jobs] == [source_id]


@pytest.mark.parametrize("title", ["", "  ", "a\nb", "x" * 201, 5])
def test_title_must_be_one_line(title: Any) -> None:
    body = {"recipe": "frames", "title": title, "inputs": {"video": VIDEO}}
    status, problem = post_rejected(body)

    assert status == 422
    assert problem["errors"][0]["field"] == "title"
