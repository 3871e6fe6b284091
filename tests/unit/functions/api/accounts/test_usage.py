"""Tests of `GET /v1/usage`."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from functions.api.costs import cost_usd
from functions.api.routes import ROUTES
from shared.flows.documents import CommitResult, Update
from shared.jobs import totals
from shared.jobs.creation import new_job
from shared.jobs.model import Job, JobInput, Status
from shared.jobs.update import update_job
from shared.pipeline import RECIPES, Bucket
from shared.recipes.results import FilmResult
from shared.recipes.stored_object import StoredObject
from shared.recipes.upload_results import SoundInfo, Upload, Uploads
from tests.fakes.application import ALICE_HEADERS, AppHarness
from tests.fixtures.jobs import FRAMES_ZIP, NOW


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


def change_job(harness: AppHarness, job_id: str, fields: dict[str, Any]) -> None:
    (doc,) = harness.store.read([f"jobs/{job_id}"])
    assert doc is not None
    assert harness.store.commit(update_job(Job.from_doc(doc), fields)) is CommitResult.OK


def read_usage(harness: AppHarness) -> dict[str, Any]:
    return dict(harness.request("GET", "/v1/usage", headers=ALICE_HEADERS).json)


def test_usage_follows_a_job_from_upload_to_deletion() -> None:
    harness = AppHarness(ROUTES)
    first, second = create_jobs(harness, 2)
    stored = StoredObject(Bucket.UPLOADS, "a.mp3", 1, 5)
    sound = Uploads({"sound": Upload(stored, "a.mp3", SoundInfo("mp3", 44_100, 2, 90.0))})
    change_job(
        harness, first, {"facts.upload_trigger": sound.to_dict(), "worked_ms.upload_trigger": 500}
    )
    assert read_usage(harness)["minutes_in"] == 1.5
    film = FilmResult(30.0, 1280, 720)
    work = replace(FRAMES_ZIP, bucket=Bucket.WORK.value, name="segments")
    result = {
        "status": Status.DONE,
        "facts.stitching": film.to_dict(),
        "artifacts": [FRAMES_ZIP.to_dict(), work.to_dict()],
        "worked_ms.stitching": 1500,
    }
    change_job(harness, first, result)
    # An edited deck replaces the film and adds working time.
    change_job(harness, first, {"status": Status.RUNNING})
    edited = {"facts.stitching": FilmResult(45.0, 1280, 720).to_dict(), "worked_ms.stitching": 2500}
    change_job(harness, first, result | edited)
    change_job(harness, second, {"status": Status.FAILED})

    usage = read_usage(harness)
    assert usage["jobs"] == {"open": 0, "done": 1, "failed": 1, "cancelled": 0}
    assert (usage["files_made"], usage["minutes_made"], usage["worked_s"]) == (1, 0.75, 3.0)
    seconds = {"upload_trigger": 0.5, "stitching": 2.5}
    assert usage["cost_usd"] == round(sum(cost_usd(*item) for item in seconds.items()), 6)

    for job_id in (first, second):
        change_job(harness, job_id, {"status": Status.DELETED, "facts": {}, "artifacts": []})
    usage = read_usage(harness)
    assert usage["jobs"] == {"open": 0, "done": 0, "failed": 0, "cancelled": 0}
    values = [usage[name] for name in ("files_made", "minutes_in", "minutes_made", "worked_s")]
    assert values == [0, 0, 0, 0]


def test_deleted_status_is_the_one_of_jobs() -> None:
    assert totals.DELETED == Status.DELETED


def test_job_with_results_of_an_older_version_can_be_deleted() -> None:
    """Their fields differ from those of today."""
    harness = AppHarness(ROUTES)
    [job_id] = create_jobs(harness, 1)
    old = {"stitching": {"seconds": 3}, "upload_trigger": {"sound": {"codec": "mp3"}}}
    harness.store.commit([Update(f"jobs/{job_id}", {"facts": old})])

    change_job(harness, job_id, {"status": Status.DELETED})

    assert read_usage(harness)["jobs"] == {"open": 0, "done": 0, "failed": 0, "cancelled": 0}
