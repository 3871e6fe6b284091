"""The recipe `captions`, and `emotions` with a transcript, over the running suite."""

from __future__ import annotations

import io
import json
from pathlib import Path

import av
import pytest

from infra.local.suite.handle import SuiteHandle
from shared.ports.speech_recognition import SAMPLE_RATE_HZ
from tests.fixtures.media.tone_words import regular_words, render_words, write_media
from tests.fixtures.suite.frames_job import download_artifact

pytestmark = pytest.mark.suite


def test_video_gets_captions_a_transcript_and_copies_with_captions(
    suite: SuiteHandle, tmp_path: Path
) -> None:
    """Tones are no speech: what the model takes them for is not checked."""
    client = suite.client()
    path = tmp_path / "talk.mp4"
    samples = render_words(regular_words(4), 3)
    path.write_bytes(write_media(samples, SAMPLE_RATE_HZ, "mp4", "aac", video_s=3, size=(192, 108)))
    options = {"language": "en", "video": "both"}
    job_id = suite.start_job(client, "captions", path, options=options)
    job = suite.wait_for_job(client, job_id)
    assert job["status"] == "done", job["error"]
    assert [artifact["name"] for artifact in job["artifacts"]] == [
        "media-info.json", "captions.vtt", "captions.srt", "transcript.txt", "transcript.json",
        "captioned.mp4", "burned.mp4",
    ]  # fmt: skip
    assert download_artifact(client, job, "captions.vtt", tmp_path).startswith(b"WEBVTT\n")
    transcript = json.loads(download_artifact(client, job, "transcript.json", tmp_path))
    assert transcript["schema"] == "moodreel.transcript/1"
    assert transcript["engine"].startswith("emulator/")
    with av.open(io.BytesIO(download_artifact(client, job, "burned.mp4", tmp_path)), "r") as film:
        assert [stream.type for stream in film.streams] == ["video", "audio"]
        assert sum(1 for _ in film.decode(video=0)) == 30


def test_language_that_the_model_does_not_know_is_refused_before_the_upload(
    suite: SuiteHandle,
) -> None:
    file = {"filename": "a.wav", "content_type": "audio/wav", "size_bytes": 100}
    body = {"recipe": "captions", "options": {"language": "xx"}, "inputs": {"media": file}}
    with pytest.raises(Exception, match="does not know xx"):
        suite.client().call("POST", "/v1/jobs", body)
