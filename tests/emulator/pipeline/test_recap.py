"""The recipe `recap` over the running suite, which uses all functions of the pipeline."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from infra.local.client.api_client import ApiError, Client
from infra.local.client.http import request
from infra.local.suite.handle import SuiteHandle
from shared.recipes.films.deck import Deck
from tests.fixtures.media.clip_specs import CLIP_SPECS
from tests.fixtures.media.faces import SAD_TO_HAPPY_VIDEO, needs_models
from tests.fixtures.suite.frames_job import download_artifact
from tests.fixtures.suite.model_calls import count_model_calls

pytestmark = pytest.mark.suite
OPTIONS = {"consent": "true", "purpose": "research"}


def run_recap_job(
    suite: SuiteHandle, client: Client, clip: Path, folder: Path, **options: str
) -> tuple[dict[str, Any], Deck]:
    """Runs a job, which must end `done`. Returns the job and its deck."""
    job_id = suite.start_job(client, "recap", clip, options=OPTIONS | options)
    job = suite.wait_for_job(client, job_id)
    assert job["status"] == "done", job["error"]
    return job, Deck.from_dict(json.loads(download_artifact(client, job, "deck.json", folder)))


@needs_models
def test_video_becomes_a_narrated_film_of_its_moments(suite: SuiteHandle, tmp_path: Path) -> None:
    client = suite.client()
    job, deck = run_recap_job(suite, client, SAD_TO_HAPPY_VIDEO, tmp_path, every="1")
    timeline = json.loads(download_artifact(client, job, "emotions.json", tmp_path))
    layouts = [slide.layout for slide in deck.slides]
    assert (layouts[0], layouts[-2:]) == ("title", ["chart", "closing"])
    moments = [slide for slide in deck.slides if slide.layout == "picture"]
    emotions = [
        timeline["moments"][int(str(moment.picture)[7:]) - 1]["emotion"] for moment in moments
    ]
    assert (emotions[0], emotions[-1]) == ("sad", "happy")
    data = download_artifact(client, job, "film.mp4", tmp_path)
    with av.open(io.BytesIO(data), "r") as film:
        assert len(film.chapters()) == len(deck.slides)
        sound = np.concatenate(
            [frame.to_ndarray().ravel() for frame in film.decode(film.streams.audio[0])]
        )
        assert 0.02 < float(np.sqrt(np.mean(sound**2))) < 0.5
    vtt = download_artifact(client, job, "subtitles.vtt", tmp_path).decode()
    assert "what a person" in " ".join(vtt.split())
    # The same video of the same user: its text is cached.
    before = count_model_calls(suite, "gemini")
    second_job, second_deck = run_recap_job(
        suite, client, SAD_TO_HAPPY_VIDEO, tmp_path, every="1", theme="paper"
    )
    assert count_model_calls(suite, "gemini") == before
    assert [slide.notes for slide in second_deck.slides] == [slide.notes for slide in deck.slides]
    assert second_job["warnings"] == job["warnings"]


@needs_models
@pytest.mark.parametrize("fault", ["away", "wrong-schema"])
def test_film_has_plain_text_without_a_language_model(
    suite: SuiteHandle, tmp_path: Path, fault: str
) -> None:
    gemini = suite.url("gemini")
    if fault == "away":
        rule = {"match": {"path_regex": "generateContent"}, "action": {"status": 403}, "count": 99}
        request("POST", f"{gemini}/_faults", rule)
    else:
        request("POST", f"{gemini}/_responses", {"kind": fault, "count": 3})
    try:
        job, deck = run_recap_job(
            suite,
            suite.client(),
            SAD_TO_HAPPY_VIDEO,
            tmp_path,
            every="2",
            language="de",
            slides="4",
        )
    finally:
        for path in ("/_faults", "/_responses"):
            request("DELETE", gemini + path)
    assert deck.language == "en"
    assert any("text is plain" in warning for warning in job["warnings"])
    assert any("written in English" in warning for warning in job["warnings"])
    assert len(deck.slides) == 4


@pytest.mark.extended
def test_video_without_consent_becomes_a_film_of_its_scenes(
    suite: SuiteHandle, tmp_path: Path
) -> None:
    client = suite.client()
    job_id = suite.start_job(client, "recap", CLIP_SPECS["cfr30"].encode().path, options={})
    job = suite.wait_for_job(client, job_id)
    assert job["status"] == "done", job["error"]
    deck = Deck.from_dict(json.loads(download_artifact(client, job, "deck.json", tmp_path)))
    pictures = [slide.picture for slide in deck.slides if slide.layout == "picture"]
    assert pictures
    assert all(str(picture).startswith("scene:") for picture in pictures)
    assert "Faces were not scored" in deck.slides[-1].bullets
    assert any("no consent is stated" in warning for warning in job["warnings"])
    assert job["options"]["consent"] is False
    names = {artifact["name"] for artifact in job["artifacts"]}
    assert {"film.mp4", "scenes.csv"} <= names
    assert not {"emotions.json", "timeline.png"} & names


def test_purpose_without_consent_is_refused(suite: SuiteHandle) -> None:
    video = {"video": {"filename": "a.mp4", "content_type": "video/mp4", "size_bytes": 10}}
    with pytest.raises(ApiError, match="consent must be true") as refused:
        suite.client().create_job("recap", video, {"purpose": "research"})
    assert (refused.value.status, refused.value.code) == (422, "invalid-option")
