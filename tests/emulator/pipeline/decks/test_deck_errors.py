"""Decks and edits that are refused, fail or are interrupted by a crash."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.local.client.api_client import ApiError
from infra.local.client.http import request
from infra.local.suite.handle import SuiteHandle
from tests.emulator.pipeline.decks.deck_requests import (
    edit,
    read_deck,
    start_job,
    wait_for_end,
    wait_for_review,
)

pytestmark = pytest.mark.suite


def test_invalid_deck_is_refused_with_the_location(suite: SuiteHandle, tmp_path: Path) -> None:
    client = suite.client()
    job_id = start_job(suite, client, tmp_path, stop_at="deck")
    wait_for_review(client, job_id)

    def refused_edit(change: Callable[[dict[str, Any]], None], **fields: Any) -> ApiError:
        with pytest.raises(ApiError) as error:
            edit(client, job_id, change, **fields)
        return error.value

    assert "slides[1].picture" in str(
        refused_edit(lambda deck: deck["slides"][1].update(picture="upload:picture7"))
    )
    duplicate_id = refused_edit(lambda deck: deck["slides"][1].update(id=deck["slides"][0]["id"]))
    assert (duplicate_id.status, duplicate_id.code) == (422, "invalid-request")
    assert "midnight, paper" in str(refused_edit(lambda deck: deck.update(theme="no-such")))
    assert refused_edit(lambda _: None, options={"aspect": "1:1"}).status == 422
    assert refused_edit(lambda _: None, options={"speed": 9}).code == "invalid-option"
    assert "No voice speaks ja" in str(refused_edit(lambda deck: deck.update(language="ja")))
    assert client.get_job(job_id)["revision"] == 0


def test_other_users_cannot_read_edit_or_release_a_deck(suite: SuiteHandle, tmp_path: Path) -> None:
    client, other_client = suite.client(), suite.client()
    job_id = start_job(suite, client, tmp_path, stop_at="deck")
    wait_for_review(client, job_id)
    for method, path in (
        ("GET", "deck"), ("PUT", "deck"), ("POST", "deck/release"),
        ("GET", "deck/slides/s1/picture"), ("POST", "deck/slides/s1/rewrite"),
    ):  # fmt: skip
        assert other_client.send(method, f"/v1/jobs/{job_id}/{path}", {}).status == 404
    assert client.get_job(job_id)["status"] == "awaiting_review"


@pytest.mark.extended
def test_edit_restarts_a_failed_job(suite: SuiteHandle, tmp_path: Path) -> None:
    client, tts = suite.client(), suite.url("tts")
    with pytest.raises(ApiError, match="There is no voice en-XX-Nobody; voices are en-") as unknown:
        start_job(suite, client, tmp_path, voice="en-XX-Nobody")
    assert unknown.value.code == "invalid-option"
    refusal = {"match": {"path_regex": "synthesize"}, "action": {"status": 400}, "count": 1000}
    request("POST", f"{tts}/_faults", refusal)
    try:
        job_id = start_job(suite, client, tmp_path)
        job = wait_for_end(suite, client, job_id, status="failed")
    finally:
        request("DELETE", f"{tts}/_faults")
    assert job["error"]["code"] == "voice-refused"
    edit(client, job_id, lambda _: None, options={"voice": None}, release=True)
    job = wait_for_end(suite, client, job_id)
    assert (job["epoch"], job["revision"], job["error"]) == (1, 1, None)


@pytest.mark.extended
def test_failed_rewrite_can_be_repeated(suite: SuiteHandle, tmp_path: Path) -> None:
    client, gemini = suite.client(), suite.url("gemini")
    job_id = start_job(suite, client, tmp_path, stop_at="deck")
    wait_for_review(client, job_id)
    path = f"/v1/jobs/{job_id}/deck/slides/s2/rewrite"
    instruction = {"instruction": "Say that sand is fine."}
    request("POST", f"{gemini}/_responses", {"kind": "wrong-schema", "count": 3})
    try:
        client.call("POST", path, {"revision": 0, **instruction})
        job = wait_for_end(suite, client, job_id, status="failed")
    finally:
        request("DELETE", f"{gemini}/_responses")
    assert (job["error"]["code"], job["revision"]) == ("deck-unusable", 1)
    deck = read_deck(client, job_id)
    assert (deck["revision"], deck["current"]) == (0, False)
    client.call("POST", path, {"revision": deck["revision"], **instruction})
    wait_for_review(client, job_id, revision=2)
    assert "sand" in json.dumps(read_deck(client, job_id)["slides"][1]).lower()
    # The same request again is the same edit. Another speed is a conflicting edit.
    stale = read_deck(client, job_id)
    edit(client, job_id, lambda _: None, options={"speed": 1.2})
    wait_for_review(client, job_id, revision=3)
    slides = [{k: v for k, v in slide.items() if k != "picture_url"} for slide in stale["slides"]]
    deck_fields = {
        name: stale[name] for name in ("title", "language", "theme", "aspect", "resolution")
    }
    body = {"revision": 2, "deck": {**deck_fields, "slides": slides}, "options": {"speed": 1.2}}
    client.call("PUT", f"/v1/jobs/{job_id}/deck", body)
    with pytest.raises(ApiError) as conflict:
        client.call("PUT", f"/v1/jobs/{job_id}/deck", body | {"options": {"speed": 1.5}})
    assert conflict.value.code == "deck-changed"
    assert (client.get_job(job_id)["revision"], client.get_job(job_id)["options"]["speed"]) == (
        3,
        1.2,
    )


@pytest.mark.parametrize(
    "point",
    # The first one waits until a lease expires. By default, only the other two run.
    [pytest.param("after_work", marks=pytest.mark.sweep), "after_commit", "after_publish"],
)
@pytest.mark.extended
def test_crash_while_rendering_an_edit_keeps_edit_and_review(
    suite: SuiteHandle, tmp_path: Path, point: str
) -> None:
    client = suite.client()
    job_id = start_job(suite, client, tmp_path, stop_at="deck")
    wait_for_review(client, job_id)
    crash_file = suite.crash_once(point, "slide_generation", job_id)
    edit(client, job_id, lambda deck: deck.update(theme="ember"))
    wait_for_review(client, job_id, revision=1)
    assert not crash_file.exists()
    assert read_deck(client, job_id)["theme"] == "ember"
    client.call("POST", f"/v1/jobs/{job_id}/deck/release")
    wait_for_end(suite, client, job_id)
