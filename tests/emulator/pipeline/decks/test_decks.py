"""Deck review: a deck is edited, rewritten and released. Only changed parts are rendered again."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import av
import pytest
from PIL import Image

from infra.local.client.api_client import ApiError, Client
from infra.local.suite.handle import SuiteHandle, wait_until
from tests.emulator.pipeline.decks.deck_requests import (
    edit,
    find_stage,
    read_deck,
    start_job,
    wait_for_end,
    wait_for_review,
)
from tests.fixtures.suite.frames_job import download_artifact
from tests.fixtures.suite.model_calls import count_model_calls

pytestmark = pytest.mark.suite


def test_deck_waits_for_review_and_becomes_a_film_on_release(
    suite: SuiteHandle, tmp_path: Path
) -> None:
    client = suite.client()
    before = count_model_calls(suite, "tts")
    job_id = start_job(suite, client, tmp_path, stop_at="deck")
    job = wait_for_review(client, job_id)
    names = {artifact["name"] for artifact in job["artifacts"]}
    assert names == {"deck.json", "slides.zip", "deck.pdf", "deck.pptx"}
    assert find_stage(job, "text_to_speech")["state"] == "waiting"
    deck = read_deck(client, job_id)
    assert (deck["revision"], deck["current"], len(deck["slides"])) == (0, True, 4)
    response = client.send("GET", deck["slides"][1]["picture_url"])
    with urlopen(response.headers["Location"]) as link, Image.open(link) as picture:  # noqa: S310 - the local suite
        assert (picture.format, picture.size) == ("PNG", (1280, 720))
    assert count_model_calls(suite, "tts") == before
    for _ in range(2):
        client.call("POST", f"/v1/jobs/{job_id}/deck/release")
    job = wait_for_end(suite, client, job_id)
    assert "film.mp4" in {artifact["name"] for artifact in job["artifacts"]}
    client.call("POST", f"/v1/jobs/{job_id}/deck/release")
    assert client.get_job(job_id)["status"] == "done"


def test_edit_renders_and_speaks_only_the_changed_slide(suite: SuiteHandle, tmp_path: Path) -> None:
    client = suite.client()
    user = client.user
    job_id = start_job(suite, client, tmp_path)
    first = _pictures(client, wait_for_end(suite, client, job_id), tmp_path)
    wait_until(lambda: suite.list_emails(user.email), "the first e-mail")
    before = count_model_calls(suite, "tts"), count_model_calls(suite, "gemini")

    def reword(deck: dict[str, Any]) -> None:
        deck["slides"][1]["heading"] = "Quartz is hard"
        deck["slides"][1]["notes"] = "Quartz scratches glass."

    edit(client, job_id, reword, release=True)
    job = wait_for_end(suite, client, job_id)
    assert (job["revision"], job["epoch"]) == (1, 0)
    assert (count_model_calls(suite, "tts"), count_model_calls(suite, "gemini")) == (
        before[0] + 1,
        before[1],
    )
    vtt = download_artifact(client, job, "subtitles.vtt", tmp_path).decode()
    assert "Quartz scratches glass." in vtt
    counts = {
        name: find_stage(job, name)["counts"] for name in ("slide_generation", "text_to_speech")
    }
    assert (counts["slide_generation"]["rendered"], counts["slide_generation"]["reused"]) == (1, 3)
    assert counts["text_to_speech"]["calls"] == 1
    scenes = find_stage(job, "stitching")["counts"]
    assert (scenes["scenes_encoded"], scenes["scenes_reused"]) == (1, 3)
    second = _pictures(client, job, tmp_path)
    unchanged = [old == new for old, new in zip(first, second, strict=True)]
    assert unchanged == [True, False, True, True]
    with av.open(io.BytesIO(download_artifact(client, job, "film.mp4", tmp_path))) as film:
        assert [chapter["metadata"]["title"] for chapter in film.chapters()][1] == "Quartz is hard"
    assert [artifact["name"] for artifact in job["artifacts"]].count("film.mp4") == 1
    wait_until(lambda: len(suite.list_emails(user.email)) == 2, "an e-mail for each film")


def _pictures(client: Client, job: Mapping[str, Any], folder: Path) -> list[bytes]:
    with zipfile.ZipFile(
        io.BytesIO(download_artifact(client, job, "slides.zip", folder))
    ) as archive:
        return [archive.read(name) for name in archive.namelist()]


@pytest.mark.extended
def test_edit_without_release_is_rendered_and_waits_for_review(
    suite: SuiteHandle, tmp_path: Path
) -> None:
    client = suite.client()
    job_id = start_job(suite, client, tmp_path)
    wait_for_end(suite, client, job_id)

    def restyle(deck: dict[str, Any]) -> None:
        deck["theme"] = "chalk"
        deck["slides"].append(
            {"id": "more", "heading": "One more", "bullets": ["A point", "Another"], "notes": "So."}
        )

    edit(client, job_id, restyle, options={"transition": "fade", "speed": 1.2})
    job = wait_for_review(client, job_id, revision=1)
    assert job["options"]["transition"] == "fade"
    deck = read_deck(client, job_id)
    assert (deck["revision"], deck["theme"], len(deck["slides"])) == (1, "chalk", 5)
    # The film of the earlier revision can still be watched.
    assert "film.mp4" in {artifact["name"] for artifact in job["artifacts"]}
    client.call("POST", f"/v1/jobs/{job_id}/deck/release")
    job = wait_for_end(suite, client, job_id)
    with av.open(io.BytesIO(download_artifact(client, job, "film.mp4", tmp_path))) as film:
        assert len(film.chapters()) == 5


@pytest.mark.extended
def test_slide_is_rewritten_by_instruction(suite: SuiteHandle, tmp_path: Path) -> None:
    client = suite.client()
    job_id = start_job(suite, client, tmp_path, stop_at="deck")
    wait_for_review(client, job_id)
    deck = read_deck(client, job_id)
    before = count_model_calls(suite, "gemini")
    slide = deck["slides"][2]["id"]
    body = {"revision": 0, "instruction": "Say that gravel is noisy."}
    client.call("POST", f"/v1/jobs/{job_id}/deck/slides/{slide}/rewrite", body)
    wait_for_review(client, job_id, revision=1)
    rewritten = read_deck(client, job_id)
    assert count_model_calls(suite, "gemini") == before + 1
    assert "gravel" in json.dumps(rewritten["slides"][2]).lower()
    slide_pairs = [(old, new) for old, new in zip(deck["slides"], rewritten["slides"], strict=True)]
    assert [old == new for old, new in slide_pairs] == [True, True, False, True]
    with pytest.raises(ApiError) as stale:
        client.call(
            "POST", f"/v1/jobs/{job_id}/deck/slides/{slide}/rewrite", body | {"instruction": "No"}
        )
    assert (stale.value.status, stale.value.code) == (409, "deck-changed")
    with pytest.raises(ApiError) as missing:
        client.call("POST", f"/v1/jobs/{job_id}/deck/slides/none/rewrite", body)
    assert missing.value.status == 404
