"""Odd and hostile files through the real chain, while one decoder crashes again and again."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra.local.suite.api_client import ApiError, Client, TransferError
from infra.local.suite.handle import TERMINAL_STATUSES, SuiteHandle, wait_until
from shared.media.images.frame import decode_image
from shared.pipeline import FUNCTIONS
from tests.corpus import invalid, valid
from tests.corpus.corpus_file import CorpusFile, ExpectedError
from tests.corpus.encoding import run_ffmpeg
from tests.corpus.outcome import Outcome, find_mismatches, frame_interval
from tests.fakes.canary import CanaryServer
from tests.fixtures.media.clips import CLIP_SPECS
from tests.fixtures.suite.frames_job import download_artifact, read_frames_zip

pytestmark = pytest.mark.suite
# What is empty does not come so far: the bucket itself refuses it.
ROWS = {
    row.name: row for row in (*valid.list_files(), *invalid.list_files()) if row.name != "nothing"
}
NAMES = (
    "../../../etc/passwd.mp4",
    "a \"quoted\" 'name'; rm -rf ~.mp4",
    "Grüße 😀 \u202eexe.mp4",
    "%0d%0aSet-Cookie: a=b.mp4",
    "<script>alert(1)</script>.mp4",
)


@dataclass
class Crashes:
    """A job whose decoder gets a SIGSEGV whenever it appears, from outside, as a bug would."""

    suite: SuiteHandle
    client: Client
    job_id: str
    met: int = 0

    def until_it_ends(self) -> dict[str, Any]:
        stopped = threading.Event()
        hunter = threading.Thread(target=self._hunt, args=(stopped,))
        hunter.start()
        try:
            return self.suite.wait_for_job(self.client, self.job_id)
        finally:
            stopped.set()
            hunter.join()

    def _hunt(self, stopped: threading.Event) -> None:
        seen: set[str] = set()
        # Often enough for a decoder that lives for a second, and not all of a core.
        while not stopped.wait(0.02):
            for process in Path("/proc").glob("[0-9]*"):
                try:
                    named = (process / "comm").read_text().strip()
                    if named == f"mr {self.job_id}"[:15] and process.name not in seen:
                        os.kill(int(process.name), signal.SIGSEGV)
                        seen.add(process.name)
                        self.met += 1
                except (OSError, ProcessLookupError):
                    continue


@dataclass
class Result:
    row: CorpusFile
    job: dict[str, Any]
    outcome: Outcome


@dataclass
class Afternoon:
    """What came of everything that ran at the same time."""

    results: dict[str, Result]
    canary_hits: list[bytes]
    crashed: dict[str, Any]
    crashes: int
    restarts: tuple[int, int]


def _start(client: Client, path: Path, filename: str, every: str) -> str:
    size = max(1, path.stat().st_size)
    video = {"filename": filename, "content_type": "video/mp4", "size_bytes": size}
    options = {"every": every, "format": "png"}
    made = client.create_job("frames", {"video": video}, options)
    client.upload(made["uploads"]["video"], path, lambda _: None)
    return str(made["job"]["id"])


def _run(suite: SuiteHandle, client: Client, row: CorpusFile, url: str, folder: Path) -> Result:
    path = folder / f"{abs(hash(row.name))}.{row.suffix}"
    path.write_bytes(row.make(url))
    job_id = _start(client, path, f"{row.name}.{row.suffix}", frame_interval(row))
    job = suite.wait_for_job(client, job_id)
    path.unlink()
    if job["status"] != "done":
        return Result(row, job, Outcome(job["error"]["code"], job["error"]["message"]))
    frames = read_frames_zip(download_artifact(client, job, "frames.zip", folder))
    media_info = json.loads(download_artifact(client, job, "media-info.json", folder))
    pictures = tuple(decode_image(data) for _, data in frames)
    told = Outcome("", "", pictures, tuple(job["warnings"]), tuple(media_info["repairs"]))
    return Result(row, job, told)


def _restarts(suite: SuiteHandle) -> int:
    names = ("upload_trigger", "frame_extraction")
    return sum(suite.services()[name]["restarts"] for name in names)


@pytest.fixture(scope="module")
def afternoon(
    suite: SuiteHandle, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Afternoon]:
    folder = tmp_path_factory.mktemp("corpus")
    everything = request.config.getoption("--sweep")
    rows = [row for row in ROWS.values() if everything or row.in_pipeline_tests]
    heavy = folder / "heavy.mp4"
    source = "testsrc2=size=1280x720:rate=30:duration=30"
    heavy.write_bytes(
        run_ffmpeg("heavy", "mp4", "-f", "lavfi", "-i", source, "-preset", "ultrafast")
    )
    client, before = suite.client(), _restarts(suite)
    with CanaryServer() as canary, ThreadPoolExecutor(4) as pool:
        crashes = Crashes(suite, client, _start(client, heavy, "heavy.mp4", "0.04"))
        crashed = pool.submit(crashes.until_it_ends)
        runs = [pool.submit(_run, suite, client, row, canary.url, folder) for row in rows]
        results = {run.result().row.name: run.result() for run in runs}
        yield Afternoon(
            results, canary.received, crashed.result(), crashes.met, (before, _restarts(suite))
        )


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if row.in_pipeline_tests else [pytest.mark.sweep])
        for name, row in ROWS.items()
    ],
)
def test_what_people_upload_comes_back_right_or_with_a_reason(
    name: str, afternoon: Afternoon
) -> None:
    result = afternoon.results[name]
    assert find_mismatches(result.row, result.outcome) == []
    if isinstance(result.row.expected, ExpectedError):
        assert result.job["error"]["stage"] == "upload_trigger"
        attempts = {stage["name"]: stage["attempts"] for stage in result.job["stages"]}
        assert attempts["upload_trigger"] == 1, "what is refused is refused at once"


def test_nobody_was_called(afternoon: Afternoon) -> None:
    assert afternoon.canary_hits == []


def test_a_decoder_that_always_crashes_fails_its_own_job_after_the_allowed_attempts(
    afternoon: Afternoon,
) -> None:
    job = afternoon.crashed
    assert job["status"] == "failed"
    assert job["error"]["code"] == "decoder-crashed"
    assert "SIGSEGV" in job["error"]["message"]
    stage = next(stage for stage in job["stages"] if stage["name"] == job["error"]["stage"])
    assert stage["attempts"] == FUNCTIONS[stage["name"]].max_attempts
    assert afternoon.crashes >= stage["attempts"]


def test_no_function_died_of_it(afternoon: Afternoon) -> None:
    before, after = afternoon.restarts
    assert after == before


@pytest.mark.parametrize("name", NAMES)
def test_a_files_name_is_data_wherever_it_appears(
    name: str, suite: SuiteHandle, tmp_path: Path
) -> None:
    user = suite.user()
    client = suite.client(user)
    job = suite.wait_for_job(
        client, _start(client, CLIP_SPECS["rotated-90"].encode().path, name, "1")
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
    (mail,) = wait_until(lambda: suite.list_emails(user.email), "the mail")
    assert "\n" not in mail["subject"].replace("\n ", "")
    assert "<script>" not in mail["html"]


@pytest.mark.parametrize("name", ["two\nlines.mp4", "nul\0.mp4", "   ", "x" * 300])
def test_a_name_that_no_line_can_hold_is_refused_before_anything_is_uploaded(
    name: str, suite: SuiteHandle, tmp_path: Path
) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"x")
    with pytest.raises(ApiError) as refused:
        _start(suite.client(), path, name, "1")
    assert refused.value.status == 422


def test_an_empty_file_is_refused_by_the_bucket(suite: SuiteHandle, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"")
    with pytest.raises(TransferError, match="EntityTooSmall"):
        _start(suite.client(), path, "a.mp4", "1")


def test_a_passport_tells_what_was_found(suite: SuiteHandle, tmp_path: Path) -> None:
    clip, client = CLIP_SPECS["cfr30"].encode().path, suite.client()
    job = suite.wait_for_job(client, _start(client, clip, "a.mp4", "2"))
    told = json.loads(download_artifact(client, job, "media-info.json", tmp_path))
    assert told["schema"] == "moodreel.media-info/1"
    assert told["file"]["size_bytes"] == clip.stat().st_size
    assert len(told["file"]["crc32c"]) == 8
    assert told["shown"] | {"first_picture_s": 0} == {
        "width": 192, "height": 128, "duration_s": 12.1, "first_picture_s": 0,
        "pictures_per_s": 30.0, "keyframe_interval_s": 2.0,
    }  # fmt: skip
    assert [(stream["kind"], stream["codec"], stream["used"]) for stream in told["streams"]] == [
        ("video", "h264", True),
        ("audio", "aac", False),
    ]
    manifest = json.loads(download_artifact(client, job, "manifest.json", tmp_path))
    assert manifest["file"]["crc32c"] == told["file"]["crc32c"]
    assert manifest["file"]["media_info"] == "media-info.json"
    assert manifest["source"]["video"] == told["video"]


def test_all_jobs_of_the_corpus_have_ended(afternoon: Afternoon) -> None:
    assert {result.job["status"] for result in afternoon.results.values()} <= set(TERMINAL_STATUSES)
