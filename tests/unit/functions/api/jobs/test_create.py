"""What a job may be made of: every input that the recipe declares, and nothing that surprises."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from functions.api.routes import ROUTES
from shared.jobs.model import JobInput, new_job
from shared.pipeline import FUNCTIONS, RECIPES, Bucket
from shared.recipes.stored_object import StoredObject
from tests.fakes.application import ALICE_HEADERS, AppHarness
from tests.fixtures.jobs import NOW

VIDEO = {"filename": "clip.mp4", "content_type": "video/mp4", "size_bytes": 123}


def refused(body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """The answer to a wish that must leave nothing behind."""
    stand = AppHarness(ROUTES)
    answer = stand.request(
        "POST",
        "/v1/jobs",
        headers=ALICE_HEADERS,
        data=json.dumps(body),
        content_type="application/json",
    )
    assert stand.store.documents == {}
    return answer.status_code, answer.json


@pytest.mark.parametrize(
    ("inputs", "field", "sentence"),
    [
        ({}, "inputs.video", "The recipe frames needs the input video."),
        (
            {"video": VIDEO, "sound": VIDEO | {"content_type": "audio/mpeg"}},
            "inputs.sound",
            "The recipe frames takes video and nothing else.",
        ),
        (
            {"video": VIDEO | {"content_type": "image/png"}},
            "inputs.video.content_type",
            "The input video must be video/…, not image/png.",
        ),
        (
            {"video": VIDEO | {"size_bytes": 5_000_000_001}},
            "inputs.video.size_bytes",
            "The input video may have at most 5000 MB; this file has 5000.0 MB.",
        ),
    ],
)
def test_inputs_that_do_not_fit_are_named_with_a_sentence(
    inputs: dict[str, Any], field: str, sentence: str
) -> None:
    status, problem = refused({"recipe": "frames", "inputs": inputs})

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
def test_a_description_of_a_file_that_is_none_is_refused(field: str, value: Any) -> None:
    status, problem = refused({"recipe": "frames", "inputs": {"video": VIDEO | {field: value}}})

    assert status == 422
    assert [one["field"] for one in problem["errors"]] == [f"inputs.video.{field}"]


@pytest.mark.parametrize(
    ("options", "says"),
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
def test_options_that_cannot_be_used_are_refused(options: dict[str, Any], says: str) -> None:
    status, problem = refused({"recipe": "frames", "options": options, "inputs": {"video": VIDEO}})

    assert (status, problem["code"]) == (422, "invalid-option")
    assert says in problem["detail"]


@pytest.mark.parametrize("value", [{"a": 1}, ["1"]])
def test_an_option_is_one_value(value: Any) -> None:
    body = {"recipe": "frames", "options": {"every": value}, "inputs": {"video": VIDEO}}
    status, problem = refused(body)

    assert status == 422
    assert problem["errors"][0]["field"] == "options.every"


def test_an_unknown_recipe_is_answered_with_those_there_are() -> None:
    status, problem = refused({"recipe": "gif", "inputs": {"video": VIDEO}})

    assert status == 422
    assert problem["errors"][0]["field"] == "recipe"
    assert "frames, emotions, recap, presentation, still" in problem["detail"]


class Vanishing:
    """An upload is there when it is looked for, and gone when it is to be copied."""

    def __init__(self) -> None:
        self.looks = 0

    def stat(self, bucket: Bucket, name: str) -> StoredObject | None:
        self.looks += 1
        return StoredObject(bucket, name, 7, 5, "video/mp4", "", "") if self.looks == 1 else None

    def delete_prefix(self, *_: Any) -> int:
        return 0


def test_a_source_that_goes_meanwhile_leaves_no_job_that_nobody_can_begin() -> None:
    stand = AppHarness(ROUTES, objects=Vanishing())
    older = "j" * 20
    stand.store.commit(
        new_job(
            job_id=older,
            owner="alice",
            email="",
            recipe=RECIPES["frames"],
            title="Holiday",
            options={},
            inputs=(JobInput("video", f"jobs/{older}/video.0", "video/mp4", 5, "a.mp4"),),
            now=NOW,
            expires_at=NOW + timedelta(days=30),
        )
    )
    body = json.dumps({"recipe": "frames", "from": older})
    answer = stand.request(
        "POST", "/v1/jobs", headers=ALICE_HEADERS, data=body, content_type="application/json"
    )

    assert (answer.status_code, answer.json["code"]) == (410, "source-expired")
    listed = stand.request("GET", "/v1/jobs", headers=ALICE_HEADERS).json["jobs"]
    assert [one["id"] for one in listed] == [older]


def test_a_recipe_whose_stage_is_still_to_come_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FUNCTIONS, "stitching", replace(FUNCTIONS["stitching"], is_built=False))
    status, problem = refused({"recipe": "recap", "inputs": {"video": VIDEO}})

    assert (status, problem["code"]) == (422, "not-available-yet")


@pytest.mark.parametrize("title", ["", "  ", "a\nb", "x" * 201, 5])
def test_a_title_is_one_line_of_text(title: Any) -> None:
    body = {"recipe": "frames", "title": title, "inputs": {"video": VIDEO}}
    status, problem = refused(body)

    assert status == 422
    assert problem["errors"][0]["field"] == "title"
