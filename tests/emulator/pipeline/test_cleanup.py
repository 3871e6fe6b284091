"""The sweeper tidies the real ledger and the real buckets."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from infra.local.suite.handle import Tenant, wait_until
from shared.flows.documents import Delete, Update, job_path
from shared.jobs.maintenance.cleanup import SEARCH
from shared.pipeline import STAGES, Bucket, Schedule
from shared.runtime.interpreter import Neighbours
from tests.fixtures.media.clips import RECIPES as CLIPS
from tests.fixtures.suite.frames_job import run_frames

pytestmark = pytest.mark.suite

LONG_AGO = datetime.now(UTC) - timedelta(days=10)
SWEEPER = next(row.name for row in STAGES.values() if isinstance(row.trigger, Schedule))


@pytest.fixture(scope="module")
def clip() -> Path:
    """A short clip."""
    return CLIPS["cfr30"].make().path


def field(world: Neighbours, job_id: str, name: str) -> Any:
    (doc,) = world.store.read([job_path(job_id)])
    return None if doc is None else doc.data[name]


def objects(world: Neighbours, job_id: str) -> list[str]:
    """In which places a job has a folder."""
    places = sorted({place for row in STAGES.values() for place in row.writes})
    return [
        f"{bucket}/{prefix}"
        for bucket, prefix in places
        if job_id in world.objects.folders(bucket, prefix)
    ]


def test_a_job_whose_time_is_over_goes_with_all_its_objects(
    suite: Tenant, world: Neighbours, clip: Path, tmp_path: Path
) -> None:
    client = suite.client()
    job, _ = run_frames(suite, client, clip, tmp_path)
    assert len(objects(world, job["id"])) >= 4
    world.store.commit([Update(job_path(job["id"]), {"expires_at": LONG_AGO})])
    suite.tick(SWEEPER)
    wait_until(lambda: field(world, job["id"], "status") == "deleted", "the job to be deleted")
    wait_until(lambda: not objects(world, job["id"]), "its objects to go")
    gone = {"expires_at": LONG_AGO, "purge_again_at": None}
    world.store.commit([Update(job_path(job["id"]), gone)])
    suite.tick(SWEEPER)
    wait_until(lambda: field(world, job["id"], "status") is None, "its tombstone to go")


def test_a_job_whose_upload_never_came_is_given_up_and_told(
    suite: Tenant, world: Neighbours
) -> None:
    client = suite.client()
    described = {"filename": "a.mp4", "content_type": "video/mp4", "size_bytes": 1000}
    job_id = client.create_job("frames", {"video": described})["job"]["id"]
    world.store.commit([Update(job_path(job_id), {"updated_at": LONG_AGO})])
    suite.tick(SWEEPER)
    job = suite.finished_job(client, job_id)
    assert job["error"]["code"] == "upload-abandoned"
    [mail] = wait_until(lambda: suite.mails(client.user.email), "the mail")
    assert "uploaded" in mail["text"]


def test_objects_of_a_job_that_is_no_more_are_removed(suite: Tenant, world: Neighbours) -> None:
    job_id = secrets.token_hex(10)
    with world.objects.create(
        Bucket.OUTPUTS, f"jobs/{job_id}/left.txt", content_type="text/plain", spec="s"
    ) as out:
        out.write(b"left")
    world.store.commit([Delete(SEARCH)])

    def searched() -> bool:
        """Every sweep looks at one place more."""
        suite.tick(SWEEPER)
        return not objects(world, job_id)

    wait_until(searched, "the orphan to go", every_s=1)
