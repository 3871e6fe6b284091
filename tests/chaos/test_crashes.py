"""Power cuts in the real chain: processes end at every named point, and at no named point."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.local.suite.api_client import Client
from infra.local.suite.handle import SuiteHandle, wait_until
from shared.flows.documents import unit_path
from shared.runtime.interpreter import Services
from tests.fixtures.media.clips import CLIP_SPECS
from tests.fixtures.suite.frames_job import download_artifact, run_frames_job

pytestmark = pytest.mark.suite

POINTS = ("after_claim", "after_work", "after_commit", "after_publish")
STAGES = ("upload_trigger", "frame_extraction", "notification")


@dataclass(frozen=True)
class Undisturbed:
    """A person, and the ZIP that the same job gives when nothing happens."""

    client: Client
    clip: Path
    archive: bytes


@pytest.fixture(scope="module")
def undisturbed(suite: SuiteHandle, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    client = suite.client()
    clip = CLIP_SPECS["cfr30"].encode().path
    _, archive = run_frames_job(
        suite, client, clip, tmp_path_factory.mktemp("undisturbed"), every="0.5"
    )
    return Undisturbed(client, clip, archive)


def test_a_power_cut_at_any_named_point_of_any_stage_changes_nothing(
    suite: SuiteHandle, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    """Twelve jobs side by side, each with one order to crash; a crash may hit its neighbours."""

    def crashed(point: str, stage: str) -> tuple[str, str, bytes, int]:
        # The order stands before the upload, so the stage cannot be faster than it.
        user = suite.user()
        client = suite.client(user)
        made = client.create_job(
            "frames",
            {
                "video": {
                    "filename": "clip.mp4",
                    "content_type": "video/mp4",
                    "size_bytes": undisturbed.clip.stat().st_size,
                }
            },
            {"every": "0.5"},
        )
        job_id = str(made["job"]["id"])
        order = suite.crash_once(point, stage, job_id)
        client.upload(made["uploads"]["video"], undisturbed.clip, lambda _: None)
        job = suite.wait_for_job(client, job_id)
        assert job["status"] == "done", job["error"]
        wait_until(lambda: not order.exists(), f"the crash {order.name}")
        archive = download_artifact(client, job, "frames.zip", tmp_path)
        mails = wait_until(lambda: suite.list_emails(user.email), "the mail")
        return point, stage, archive, len(mails)

    with ThreadPoolExecutor(12) as pool:
        runs = [pool.submit(crashed, point, stage) for stage in STAGES for point in POINTS]
        ends = [run.result() for run in runs]
    for point, stage, archive, mails in ends:
        assert archive == undisturbed.archive, f"{stage} {point} gave another ZIP"
        # Between the server's acceptance and our record a crash costs one more copy.
        assert 1 <= mails <= 2, f"{stage} {point}: {mails} mails"


def test_kill_9_in_the_middle_of_extraction_still_gives_the_same_zip(
    suite: SuiteHandle, services: Services, tmp_path: Path
) -> None:
    client = suite.client()
    clip = CLIP_SPECS["long-gop"].encode().path
    options = {"every": "0.04", "format": "png"}
    _, expected = run_frames_job(suite, client, clip, tmp_path, **options)
    # A slow store gives the kill time to fall into the middle.
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
        "the extraction to begin",
        interval_s=0.02,
    )
    os.killpg(suite.pid("frame_extraction"), signal.SIGKILL)
    suite.clear_storage_faults()
    job = suite.wait_for_job(client, job_id)
    assert job["status"] == "done", job["error"]
    (doc,) = services.store.read([unit])
    assert doc is not None
    assert doc.data["attempt"] == 2, "the kill did not fall into the extraction"
    assert download_artifact(client, job, "frames.zip", tmp_path) == expected
