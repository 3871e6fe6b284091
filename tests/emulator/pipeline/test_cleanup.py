"""Cleanup by the sweeper: expired jobs, abandoned uploads and orphaned objects."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from infra.local.suite.handle import SuiteHandle, wait_until
from shared.flows.documents import Delete, Update, job_path
from shared.jobs.maintenance.orphans import ORPHAN_SEARCH_PATH
from shared.pipeline import FUNCTIONS, Bucket, ScheduleTrigger
from shared.runtime.services import Services
from tests.fixtures.media.clip_specs import CLIP_SPECS
from tests.fixtures.suite.frames_job import run_frames_job

pytestmark = pytest.mark.suite

LONG_AGO = datetime.now(UTC) - timedelta(days=10)
SWEEPER = next(row.name for row in FUNCTIONS.values() if isinstance(row.trigger, ScheduleTrigger))


@pytest.fixture(scope="module")
def clip() -> Path:
    """A short clip."""
    return CLIP_SPECS["cfr30"].encode().path


def read_field(services: Services, job_id: str, name: str) -> Any:
    (doc,) = services.store.read([job_path(job_id)])
    return None if doc is None else doc.data[name]


def job_prefixes(services: Services, job_id: str) -> list[str]:
    """Returns the buckets and prefixes under which the job has a folder."""
    locations = sorted({location for row in FUNCTIONS.values() for location in row.writes})
    return [
        f"{bucket}/{prefix}"
        for bucket, prefix in locations
        if services.objects.list_objects(bucket, f"{prefix}{job_id}/", limit=1)
    ]


def test_expired_job_is_removed_with_its_objects(
    suite: SuiteHandle, services: Services, clip: Path, tmp_path: Path
) -> None:
    client = suite.client()
    job, _ = run_frames_job(suite, client, clip, tmp_path)
    assert len(job_prefixes(services, job["id"])) >= 4
    services.store.commit([Update(job_path(job["id"]), {"expires_at": LONG_AGO})])
    suite.trigger_schedule(SWEEPER)
    wait_until(
        lambda: read_field(services, job["id"], "status") == "deleted", "the job to be deleted"
    )
    wait_until(lambda: not job_prefixes(services, job["id"]), "its objects to be removed")
    tombstone = {"expires_at": LONG_AGO, "purge_again_at": None}
    services.store.commit([Update(job_path(job["id"]), tombstone)])
    suite.trigger_schedule(SWEEPER)
    wait_until(
        lambda: read_field(services, job["id"], "status") is None, "its tombstone to be removed"
    )


def test_job_without_upload_fails_and_sends_an_email(
    suite: SuiteHandle, services: Services
) -> None:
    client = suite.client()
    video = {"filename": "a.mp4", "content_type": "video/mp4", "size_bytes": 1000}
    job_id = client.create_job("frames", {"video": video})["job"]["id"]
    services.store.commit([Update(job_path(job_id), {"updated_at": LONG_AGO})])
    suite.trigger_schedule(SWEEPER)
    job = suite.wait_for_job(client, job_id)
    assert job["error"]["code"] == "upload-abandoned"
    [email] = wait_until(lambda: suite.list_emails(client.user.email), "the e-mail")
    assert "uploaded" in email["text"]


def test_objects_of_a_missing_job_are_removed(suite: SuiteHandle, services: Services) -> None:
    job_id = secrets.token_hex(10)
    with services.objects.create(
        Bucket.OUTPUTS, f"jobs/{job_id}/orphan.txt", content_type="text/plain", spec="s"
    ) as out:
        out.write(b"orphan")
    services.store.commit([Delete(ORPHAN_SEARCH_PATH)])

    def sweep_and_check() -> bool:
        """Runs the sweeper, which searches one more location per run."""
        suite.trigger_schedule(SWEEPER)
        return not job_prefixes(services, job_id)

    wait_until(sweep_and_check, "the orphan to be removed", interval_s=1)
