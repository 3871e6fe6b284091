"""Unusual and malicious files through the running suite, while one decoder crashes repeatedly."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra.local.client.api_client import ApiError, Client, TransferError
from infra.local.suite.handle import TERMINAL_STATUSES, SuiteHandle, wait_until
from shared.media.images.decode import decode_image
from shared.pipeline import FUNCTIONS
from tests.corpus import invalid, valid
from tests.corpus.corpus_file import CorpusFile, ExpectedError
from tests.corpus.encoding import run_ffmpeg
from tests.corpus.outcome import Outcome, find_mismatches, frame_interval
from tests.emulator.pipeline.decoder_crasher import DecoderCrasher
from tests.fakes.canary import CanaryServer
from tests.fixtures.media.clip_specs import CLIP_SPECS
from tests.fixtures.suite.frames_job import download_artifact, read_frames_zip

pytestmark = pytest.mark.suite
# The bucket itself refuses an empty file.
ROWS = {
    row.name: row for row in (*valid.list_files(), *invalid.list_files()) if row.name != "nothing"
}
UNUSUAL_FILENAMES = (
    "../../../etc/passwd.mp4",
    "a \"quoted\" 'name'; rm -rf ~.mp4",
    "Grüße 😀 \u202eexe.mp4",
    "%0d%0aSet-Cookie: a=b.mp4",
    "<script>alert(1)</script>.mp4",
)


@dataclass
class Result:
    row: CorpusFile
    job: dict[str, Any]
    outcome: Outcome


@dataclass
class CorpusRun:
    """The results of all jobs, which ran at the same time."""

    results: dict[str, Result]
    canary_hits: list[bytes]
    crashed_job: dict[str, Any]
    crash_count: int
    restarts: tuple[int, int]


def _start_job(client: Client, path: Path, filename: str, every: str) -> str:
    size = max(1, path.stat().st_size)
    video = {"filename": filename, "content_type": "video/mp4", "size_bytes": size}
    options = {"every": every, "format": "png"}
    created = client.create_job("frames", {"video": video}, options)
    client.upload(created["uploads"]["video"], path, lambda _: None)
    return str(created["job"]["id"])


def _run_job(suite: SuiteHandle, client: Client, row: CorpusFile, url: str, folder: Path) -> Result:
    path = folder / f"{abs(hash(row.name))}.{row.suffix}"
    path.write_bytes(row.make(url))
    job_id = _start_job(client, path, f"{row.name}.{row.suffix}", frame_interval(row))
    job = suite.wait_for_job(client, job_id)
    path.unlink()
    if job["status"] != "done":
        return Result(row, job, Outcome(job["error"]["code"], job["error"]["message"]))
    frames = read_frames_zip(download_artifact(client, job, "frames.zip", folder))
    media_info = json.loads(download_artifact(client, job, "media-info.json", folder))
    pictures = tuple(decode_image(data) for _, data in frames)
    outcome = Outcome("", "", pictures, tuple(job["warnings"]), tuple(media_info["repairs"]))
    return Result(row, job, outcome)


def _restart_count(suite: SuiteHandle) -> int:
    names = ("upload_trigger", "frame_extraction")
    return sum(suite.services()[name]["restarts"] for name in names)


@pytest.fixture(scope="module")
def corpus_run(
    suite: SuiteHandle, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[CorpusRun]:
    folder = tmp_path_factory.mktemp("corpus")
    sweep = request.config.getoption("--sweep")
    rows = [row for row in ROWS.values() if sweep or row.in_pipeline_tests]
    heavy = folder / "heavy.mp4"
    source = "testsrc2=size=1280x720:rate=30:duration=30"
    heavy.write_bytes(
        run_ffmpeg("heavy", "mp4", "-f", "lavfi", "-i", source, "-preset", "ultrafast")
    )
    client, restarts_before = suite.client(), _restart_count(suite)
    with CanaryServer() as canary, ThreadPoolExecutor(4) as pool:
        crasher = DecoderCrasher(suite, client, _start_job(client, heavy, "heavy.mp4", "0.04"))
        crashed_job = pool.submit(crasher.run_until_job_ends)
        futures = [pool.submit(_run_job, suite, client, row, canary.url, folder) for row in rows]
        results = {future.result().row.name: future.result() for future in futures}
        yield CorpusRun(
            results,
            canary.received,
            crashed_job.result(),
            crasher.crash_count,
            (restarts_before, _restart_count(suite)),
        )


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if row.in_pipeline_tests else [pytest.mark.sweep])
        for name, row in ROWS.items()
    ],
)
def test_corpus_file_has_the_expected_result_or_error(name: str, corpus_run: CorpusRun) -> None:
    result = corpus_run.results[name]
    assert find_mismatches(result.row, result.outcome) == []
    if isinstance(result.row.expected, ExpectedError):
        assert result.job["error"]["stage"] == "upload_trigger"
        attempts = {stage["name"]: stage["attempts"] for stage in result.job["stages"]}
        # With a retry, the job would fail at the last attempt. A busy machine may lose a lease.
        max_attempts = FUNCTIONS["upload_trigger"].max_attempts
        assert attempts["upload_trigger"] < max_attempts, "the error was retried"


def test_no_file_causes_an_outgoing_request(corpus_run: CorpusRun) -> None:
    assert corpus_run.canary_hits == []


def test_crashing_decoder_fails_only_its_job_after_max_attempts(
    corpus_run: CorpusRun,
) -> None:
    job = corpus_run.crashed_job
    assert job["status"] == "failed"
    assert job["error"]["code"] == "decoder-crashed"
    assert "SIGSEGV" in job["error"]["message"]
    stage = next(stage for stage in job["stages"] if stage["name"] == job["error"]["stage"])
    assert stage["attempts"] == FUNCTIONS[stage["name"]].max_attempts
    assert corpus_run.crash_count >= stage["attempts"]


def test_no_function_restarts(corpus_run: CorpusRun) -> None:
    before, after = corpus_run.restarts
    assert after == before


@pytest.mark.parametrize("name", UNUSUAL_FILENAMES)
def test_unusual_file_name_is_treated_as_data(
    name: str, suite: SuiteHandle, tmp_path: Path
) -> None:
    user = suite.user()
    client = suite.client(user)
    job = suite.wait_for_job(
        client, _start_job(client, CLIP_SPECS["rotated-90"].encode().path, name, "1")
    )
    assert job["status"] == "done", job["error"]
    assert job["title"] == " ".join(name.split())
    media_info = json.loads(download_artifact(client, job, "media-info.json", tmp_path))
    manifest = json.loads(download_artifact(client, job, "manifest.json", tmp_path))
    assert media_info["file"]["filename"] == manifest["file"]["filename"] == " ".join(name.split())
    entries = [
        entry
        for entry, _ in read_frames_zip(download_artifact(client, job, "frames.zip", tmp_path))
    ]
    assert all(entry.startswith("frame_") and "/" not in entry for entry in entries)
    (email,) = wait_until(lambda: suite.list_emails(user.email), "the e-mail")
    assert "\n" not in email["subject"].replace("\n ", "")
    assert "<script>" not in email["html"]


@pytest.mark.parametrize("name", ["two\nlines.mp4", "nul\0.mp4", "   ", "x" * 300])
def test_invalid_file_name_is_refused_before_the_upload(
    name: str, suite: SuiteHandle, tmp_path: Path
) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"x")
    with pytest.raises(ApiError) as refused:
        _start_job(suite.client(), path, name, "1")
    assert refused.value.status == 422


def test_empty_file_is_refused_by_the_bucket(suite: SuiteHandle, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"")
    with pytest.raises(TransferError, match="EntityTooSmall"):
        _start_job(suite.client(), path, "a.mp4", "1")


def test_media_info_describes_the_file(suite: SuiteHandle, tmp_path: Path) -> None:
    clip, client = CLIP_SPECS["cfr30"].encode().path, suite.client()
    job = suite.wait_for_job(client, _start_job(client, clip, "a.mp4", "2"))
    media_info = json.loads(download_artifact(client, job, "media-info.json", tmp_path))
    assert media_info["schema"] == "moodreel.media-info/1"
    assert media_info["file"]["size_bytes"] == clip.stat().st_size
    assert len(media_info["file"]["crc32c"]) == 8
    assert media_info["shown"] | {"first_picture_s": 0} == {
        "width": 192, "height": 128, "duration_s": 12.1, "first_picture_s": 0,
        "pictures_per_s": 30.0, "keyframe_interval_s": 2.0,
    }  # fmt: skip
    assert [
        (stream["kind"], stream["codec"], stream["used"]) for stream in media_info["streams"]
    ] == [
        ("video", "h264", True),
        ("audio", "aac", False),
    ]
    manifest = json.loads(download_artifact(client, job, "manifest.json", tmp_path))
    assert manifest["file"]["crc32c"] == media_info["file"]["crc32c"]
    assert manifest["file"]["media_info"] == "media-info.json"
    assert manifest["source"]["video"] == media_info["video"]


def test_every_job_of_the_corpus_has_ended(corpus_run: CorpusRun) -> None:
    assert {result.job["status"] for result in corpus_run.results.values()} <= set(
        TERMINAL_STATUSES
    )
