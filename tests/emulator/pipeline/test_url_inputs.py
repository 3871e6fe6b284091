"""Inputs from URLs over the running suite."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.local.suite.handle import SuiteHandle, wait_until
from tests.fakes.file_server import Reply, running_file_server
from tests.fixtures.media.tone_words import regular_words, render_words, write_media
from tests.fixtures.suite.frames_job import download_artifact, read_frames_zip

pytestmark = pytest.mark.suite


@pytest.fixture(scope="module")
def clip() -> bytes:
    return write_media(render_words(regular_words(2), 2), 16_000, "mp4", "aac", video_s=2)


def test_video_is_fetched_over_a_connection_that_breaks_off(
    suite: SuiteHandle, clip: bytes, tmp_path: Path
) -> None:
    client = suite.client()
    with running_file_server(clip, Reply(body_bytes=len(clip) // 2), Reply()) as files:
        url = f"{files.url}/canary-path/My%20clip.mp4?signature=canary-4711"
        body = {
            "recipe": "frames",
            "options": {"every": 1},
            "inputs": {"video": {"url": url, "size_bytes": len(clip)}},
        }
        created = client.call("POST", "/v1/jobs", body)
        job = suite.wait_for_job(client, created["job"]["id"])

    assert created["uploads"] == {}
    assert job["status"] == "done", job["error"]
    assert job["title"] == "My clip.mp4"
    frames = read_frames_zip(download_artifact(client, job, "frames.zip", tmp_path))
    assert len(frames) == 2
    [fetch] = job["fetches"]
    assert (fetch["state"], fetch["host"], fetch["error"]) == ("done", "127.0.0.1", None)
    assert (fetch["fetched_bytes"], fetch["total_bytes"]) == (len(clip), len(clip))
    for service in ("api", "input_fetch", "upload_trigger"):
        assert "canary" not in suite.read_log(service)


def test_file_that_is_not_there_fails_the_job(suite: SuiteHandle, clip: bytes) -> None:
    client = suite.client()
    with running_file_server(clip, Reply(status=404)) as files:
        body = {"recipe": "frames", "inputs": {"video": {"url": f"{files.url}/a.mp4"}}}
        job = suite.wait_for_job(client, client.call("POST", "/v1/jobs", body)["job"]["id"])

    assert job["status"] == "failed"
    assert job["error"]["code"] == "url-refused"
    assert "answered 404" in job["error"]["message"]
    # The fetch fails a moment after its job.
    error = wait_until(
        lambda: client.get_job(job["id"])["fetches"][0]["error"], "the fetch to fail"
    )
    assert error["code"] == "url-refused"


def test_private_addresses_are_refused_without_the_local_setting(
    suite: SuiteHandle, clip: bytes
) -> None:
    """The API of the suite accepts the URL; the function alone has the setting of the cloud."""
    client = suite.client()
    suite.restart("input_fetch", {"MOODREEL_ALLOW_PRIVATE_WEBHOOKS": "0"})
    try:
        with running_file_server(clip) as files:
            body = {"recipe": "frames", "inputs": {"video": {"url": f"{files.url}/a.mp4"}}}
            job = suite.wait_for_job(client, client.call("POST", "/v1/jobs", body)["job"]["id"])
    finally:
        suite.restart("input_fetch")

    assert job["error"]["code"] == "unfit-url"
    assert files.requests == []
