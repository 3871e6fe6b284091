"""A prompt in the request is the job's upload: it needs no second request."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from functions.api.jobs.requests import NewJob
from functions.api.routes import ROUTES
from shared.flows.effects import Reply
from shared.http.idempotency import CLAIM_TIMEOUT_S
from shared.pipeline import Bucket
from shared.recipes.films.prompt import MAX_TEXT_CHARS, Prompt
from tests.fakes.application import ALICE_HEADERS, AppHarness
from tests.fixtures.gcs.server import GcsEmulator
from tests.fixtures.prompt_uploads import PromptUploads
from tests.unit.functions.api.jobs.rejected_jobs import VIDEO

PRESENTATION = {"recipe": "presentation", "prompt": "How photosynthesis works."}


def post(uploads: PromptUploads, body: dict[str, Any], key: str = "") -> Any:
    headers = ALICE_HEADERS | ({"Idempotency-Key": key} if key else {})
    return uploads.app.request("POST", "/v1/jobs", json=body, headers=headers)


def find_errors(body: dict[str, Any]) -> dict[str, str]:
    response = AppHarness(ROUTES).request("POST", "/v1/jobs", json=body, headers=ALICE_HEADERS)
    assert response.status_code == 422, response.json
    return {error["field"]: error["message"] for error in response.json["errors"]}


@pytest.mark.parametrize(
    ("fields", "prompt"),
    [
        ({"prompt": "How photosynthesis works."}, Prompt("How photosynthesis works.")),
        ({"text": "Leaves are kitchens."}, Prompt("", "Leaves are kitchens.")),
        ({"prompt": "Für Kinder", "text": "Laub.\n\nX."}, Prompt("Für Kinder", "Laub.\n\nX.")),
    ],
)  # fmt: skip
def test_prompt_in_the_request_starts_the_job(
    gcs: GcsEmulator, fields: dict[str, str], prompt: Prompt
) -> None:
    uploads = PromptUploads.create(gcs)
    created = post(uploads, {"recipe": "presentation", **fields})

    assert created.status_code == 201
    assert created.json["uploads"] == {}
    uploads.job_id = created.json["job"]["id"]
    stored = uploads.objects.stat(Bucket.UPLOADS, f"prompts/{uploads.job_id}/prompt.0")
    assert stored is not None
    assert Prompt.from_bytes(uploads.objects.read_whole(stored)) == prompt
    assert uploads.job.inputs[0].size_bytes == stored.size_bytes
    assert uploads.deliver(uploads.event("prompt.0")) is Reply.ACK
    assert uploads.job.status == "running"


def test_optional_inputs_are_still_uploaded(gcs: GcsEmulator) -> None:
    picture = {"filename": "a.jpg", "content_type": "image/jpeg", "size_bytes": 9}
    uploads = PromptUploads.create(gcs)
    created = post(uploads, {**PRESENTATION, "inputs": {"picture1": picture}})

    assert list(created.json["uploads"]) == ["picture1"]


def test_repeated_request_writes_the_prompt_once(gcs: GcsEmulator) -> None:
    uploads = PromptUploads.create(gcs)
    first = post(uploads, PRESENTATION, key="k")
    again = post(uploads, PRESENTATION, key="k")

    assert first.json["job"]["id"] == again.json["job"]["id"]
    uploads.job_id = first.json["job"]["id"]
    assert uploads.list_names() == ["prompt.0"]


def test_interrupted_request_is_completed_by_its_repetition(
    gcs: GcsEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: Any, **__: Any) -> Any:
        raise RuntimeError("the process ended")

    uploads = PromptUploads.create(gcs)
    with monkeypatch.context() as patch:
        patch.setattr(uploads.objects, "create", crash)
        assert post(uploads, PRESENTATION, key="k").status_code == 500
    uploads.app.clock.time += timedelta(seconds=CLAIM_TIMEOUT_S + 1)  # type: ignore[attr-defined]
    created = post(uploads, PRESENTATION, key="k")

    assert created.status_code == 201
    uploads.job_id = created.json["job"]["id"]
    assert uploads.list_names() == ["prompt.0"]


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"prompt": "  "}, "prompt",
         "The prompt says nothing; write what the film shall be about."),
        ({"prompt": "a\fb"}, "prompt", "The prompt must not contain a form feed (U+000C)."),
        ({"prompt": "", "text": " ... "}, "text",
         "The prompt says nothing; write what the film shall be about."),
        ({"text": "x" * MAX_TEXT_CHARS}, "prompt", ""),
        ({"inputs": {"prompt": {"filename": "p", "size_bytes": 1}}}, "inputs.prompt",
         "The prompt is in the request and in the inputs; leave one of them out."),
        ({"prompt": 7}, "prompt", ""),
    ],
)  # fmt: skip
def test_unusable_prompt_is_refused(change: dict[str, Any], field: str, message: str) -> None:
    errors = find_errors(PRESENTATION | change)

    assert list(errors) == [field]
    assert message in errors[field]


def test_recipe_without_a_prompt_takes_none() -> None:
    errors = find_errors({"recipe": "frames", "prompt": "Frames!", "inputs": {"video": VIDEO}})

    assert errors == {"prompt": "The recipe frames has these inputs: video."}


def test_all_problems_are_reported_with_those_of_the_prompt() -> None:
    errors = find_errors({**PRESENTATION, "prompt": " ", "options": {"slides": 99}})

    assert set(errors) == {"prompt", "options.slides"}


def test_request_without_a_prompt_has_the_fingerprint_of_earlier_versions() -> None:
    body = NewJob.model_validate_json(json.dumps({"recipe": "frames", "inputs": {"video": VIDEO}}))

    assert {"prompt", "text"}.isdisjoint(body.model_dump())
