"""Tests of `GET /v1/usage`."""

from __future__ import annotations

from datetime import timedelta

from functions.api.routes import ROUTES
from shared.jobs.model import JobInput, new_job
from shared.pipeline import RECIPES
from tests.fakes.application import ALICE_HEADERS, AppHarness
from tests.fixtures.jobs import NOW


def create_jobs(harness: AppHarness, count: int, owner: str = "alice") -> list[str]:
    ids = [f"{n % 16:x}{owner[0]}{n:018d}" for n in range(count)]
    for job_id in ids:
        harness.store.commit(
            new_job(
                job_id=job_id,
                owner=owner,
                email="",
                recipe=RECIPES["frames"],
                title="",
                options={},
                inputs=(JobInput("video", f"jobs/{job_id}/video.0", "video/mp4", 1, "a.mp4"),),
                now=NOW,
                expires_at=NOW + timedelta(days=30),
            )
        )
    return ids


def test_usage_reads_as_much_for_many_jobs_as_for_few() -> None:
    reads: dict[int, int] = {}
    for count in (20, 1000):
        harness = AppHarness(ROUTES)
        create_jobs(harness, count)
        create_jobs(harness, 5, owner="bob")
        harness.store.documents_read = 0
        response = harness.request("GET", "/v1/usage", headers=ALICE_HEADERS)
        assert response.json["jobs"] == {"open": count, "done": 0, "failed": 0, "cancelled": 0}
        reads[count] = harness.store.documents_read

    assert reads[1000] <= reads[20] + 5, f"documents read by the number of jobs: {reads}"
