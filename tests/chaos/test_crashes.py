"""Processes of the running suite that end at each crash point, or by SIGKILL at any time."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import infra.client  # noqa: F401 - makes moodreel importable
from infra.local.client.api_client import Client
from infra.local.suite.handle import SuiteHandle, wait_until
from moodreel.files.content_types import guess_content_type
from shared.flows.documents import unit_path
from shared.runtime.services import Services
from tests.fixtures.media.clip_specs import CLIP_SPECS
from tests.fixtures.recognition.word_errors import normalize_words
from tests.fixtures.suite.captions_job import SENTENCE, read_words, write_spoken_sentence
from tests.fixtures.suite.frames_job import download_artifact, run_frames_job

pytestmark = pytest.mark.suite

CRASHES = (
    ("after_claim", "frame_extraction"),
    ("after_publish", "frame_extraction"),
    ("after_commit", "upload_trigger"),
    ("after_work", "notification"),
)
"""Each point once, and each stage. The simulation crashes every stage at every point
(tests/unit/shared/jobs/test_fault_matrix.py)."""
POINTS = ("after_claim", "after_work", "after_commit", "after_publish")
STAGES = ("upload_trigger", "frame_extraction", "notification")
ALL_CRASHES = tuple((point, stage) for stage in STAGES for point in POINTS)


@dataclass(frozen=True)
class Reference:
    """A user, a clip, and the ZIP of a job that ran without a fault."""

    client: Client
    clip: Path
    archive: bytes


@pytest.fixture(scope="module")
def reference(suite: SuiteHandle, tmp_path_factory: pytest.TempPathFactory) -> Reference:
    client = suite.client()
    clip = CLIP_SPECS["cfr30"].encode().path
    _, archive = run_frames_job(
        suite, client, clip, tmp_path_factory.mktemp("reference"), every="0.5"
    )
    return Reference(client, clip, archive)


@pytest.mark.parametrize(
    "crashes",
    [
        pytest.param(CRASHES, id="every point"),
        pytest.param(ALL_CRASHES, id="every point of every stage", marks=pytest.mark.sweep),
    ],
)
@pytest.mark.extended
def test_crash_at_any_point_changes_no_result(
    suite: SuiteHandle,
    reference: Reference,
    tmp_path: Path,
    crashes: tuple[tuple[str, str], ...],
) -> None:
    """The jobs run side by side, with one crash each. A crash may hit other jobs as well."""

    def run_with_crash(point: str, stage: str) -> tuple[str, str, bytes, int]:
        # The crash is requested before the upload, so that the stage cannot run first.
        user = suite.user()
        client = suite.client(user)
        job = run_job_with_crash(
            suite, client, "frames", "video", reference.clip, {"every": "0.5"}, (point, stage)
        )
        archive = download_artifact(client, job, "frames.zip", tmp_path)
        emails = wait_until(lambda: suite.list_emails(user.email), "the e-mail")
        return point, stage, archive, len(emails)

    with ThreadPoolExecutor(len(crashes)) as pool:
        runs = [pool.submit(run_with_crash, point, stage) for point, stage in crashes]
        outcomes = [run.result() for run in runs]
    for point, stage, archive, email_count in outcomes:
        assert archive == reference.archive, f"{stage} {point} led to another ZIP"
        # A crash between the mail server's acceptance and the commit sends a second copy.
        assert 1 <= email_count <= 2, f"{stage} {point}: {email_count} e-mails"


def run_job_with_crash(
    suite: SuiteHandle,
    client: Client,
    recipe: str,
    name: str,
    path: Path,
    options: Mapping[str, str],
    crash: tuple[str, str],
) -> dict[str, Any]:
    """Runs a job of one input, with a crash at this point of this stage. Returns the job."""
    file = {
        "filename": path.name,
        "content_type": guess_content_type(path),
        "size_bytes": path.stat().st_size,
    }
    created = client.create_job(recipe, {name: file}, dict(options))
    job_id = str(created["job"]["id"])
    crash_file = suite.crash_once(*crash, job_id)
    client.upload(created["uploads"][name], path, lambda _: None)
    job = suite.wait_for_job(client, job_id)
    assert job["status"] == "done", job["error"]
    wait_until(lambda: not crash_file.exists(), f"the crash {crash_file.name}")
    return job


@pytest.mark.extended
def test_crash_of_speech_recognition_doubles_and_loses_no_word(
    suite: SuiteHandle, tmp_path: Path
) -> None:
    client, path = suite.client(), write_spoken_sentence(suite, tmp_path)

    def run_with_crash(point: str) -> list[str]:
        job = run_job_with_crash(
            suite, client, "captions", "media", path, {"language": "en"},
            (point, "speech_recognition"),
        )  # fmt: skip
        return read_words(client, job, tmp_path)

    with ThreadPoolExecutor(len(POINTS)) as pool:
        words = dict(zip(POINTS, pool.map(run_with_crash, POINTS), strict=True))
    assert words == dict.fromkeys(POINTS, normalize_words(SENTENCE))


def test_sigkill_during_extraction_changes_no_frame(
    suite: SuiteHandle, services: Services, tmp_path: Path
) -> None:
    client = suite.client()
    clip = CLIP_SPECS["long-gop"].encode().path
    options = {"every": "0.04", "format": "png"}
    _, expected = run_frames_job(suite, client, clip, tmp_path, **options)
    # Slow storage leaves time for the kill during the work.
    suite.add_storage_fault(
        {
            "match": {"method": "GET", "path_regex": ".*uploads.*"},
            "action": {"stall_s": 1.5},
            "count": 6,
        }
    )
    job_id = suite.start_job(client, "frames", clip, options=options)
    unit = unit_path(job_id, "frame_extraction", 0, "0")
    wait_until(
        lambda: any(doc and doc.data["state"] == "leased" for doc in services.store.read([unit])),
        "the extraction to start",
        interval_s=0.02,
    )
    os.killpg(suite.pid("frame_extraction"), signal.SIGKILL)
    suite.clear_storage_faults()
    job = suite.wait_for_job(client, job_id)
    assert job["status"] == "done", job["error"]
    (doc,) = services.store.read([unit])
    assert doc is not None
    # A busy machine may renew a lease too late, which is an attempt more.
    assert doc.data["attempt"] >= 2, "the process was not killed during the extraction"
    assert download_artifact(client, job, "frames.zip", tmp_path) == expected
