"""The sweeper tidies the real ledger and the real buckets."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from infra.local.suite.handle import SuiteHandle, wait_until
from shared.flows.documents import Delete, Update, job_path
from shared.jobs.maintenance.cleanup import ORPHAN_SEARCH_PATH
from shared.pipeline import FUNCTIONS, Bucket, ScheduleTrigger
from shared.runtime.interpreter import Services
from tests.fixtures.media.clips import CLIP_SPECS as CLIPS
from tests.fixtures.suite.frames_job import run_frames_job

pytestmark = pytest.mark.suite

LONG_AGO = datetime.now(UTC) - timedelta(days=10)
SWEEPER = next(row.name for row in FUNCTIONS.values() if isinstance(row.trigger, ScheduleTrigger))


@pytest.fixture(scope="module")
def clip() -> Path:
    """A short clip."""
    return CLIPS["cfr30"].encode().path


def field(services: Services, job_id: str, name: str) -> Any:
    (doc,) = services.store.read([job_path(job_id)])
    return None if doc is None else doc.data[name]


def objects(services: Services, job_id: str) -> list[str]:
    """In which places a job has a folder."""
    places = sorted({place for row in FUNCTIONS.values() for place in row.writes})
    return [
        f"{bucket}/{prefix}"
        for bucket, prefix in places
        if job_id in services.objects.list_prefixes(bucket, prefix)
    ]


def test_a_job_whose_time_is_over_goes_with_all_its_objects(
    suite: SuiteHandle, services: Services, clip: Path, tmp_path: Path
) -> None:
    client = suite.client()
    job, _ = run_frames_job(suite, client, clip, tmp_path)
    assert len(objects(services, job["id"])) >= 4
    services.store.commit([Update(job_path(job["id"]), {"expires_at": LONG_AGO})])
    suite.trigger_schedule(SWEEPER)
    wait_until(lambda: field(services, job["id"], "status") == "deleted", "the job to be deleted")
    wait_until(lambda: not objects(services, job["id"]), "its objects to go")
    gone = {"expires_at": LONG_AGO, "purge_again_at": None}
    services.store.commit([Update(job_path(job["id"]), gone)])
    suite.trigger_schedule(SWEEPER)
    wait_until(lambda: field(services, job["id"], "status") is None, "its tombstone to go")


def test_a_job_whose_upload_never_came_is_given_up_and_told(
    suite: SuiteHandle, services: Services
) -> None:
    client = suite.client()
    described = {"filename": "a.mp4", "content_type": "video/mp4", "size_bytes": 1000}
    job_id = client.create_job("frames", {"video": described})["job"]["id"]
    services.store.commit([Update(job_path(job_id), {"updated_at": LONG_AGO})])
    suite.trigger_schedule(SWEEPER)
    job = suite.wait_for_job(client, job_id)
    assert job["error"]["code"] == "upload-abandoned"
    [mail] = wait_until(lambda: suite.list_emails(client.user.email), "the mail")
    assert "uploaded" in mail["text"]


def test_objects_of_a_job_that_is_no_more_are_removed(
    suite: SuiteHandle, services: Services
) -> None:
    job_id = secrets.token_hex(10)
    with services.objects.create(
        Bucket.OUTPUTS, f"jobs/{job_id}/left.txt", content_type="text/plain", spec="s"
    ) as out:
        out.write(b"left")
    services.store.commit([Delete(ORPHAN_SEARCH_PATH)])

    def searched() -> bool:
        """Every sweep looks at one place more."""
        suite.trigger_schedule(SWEEPER)
        return not objects(services, job_id)

    wait_until(searched, "the orphan to go", interval_s=1)
