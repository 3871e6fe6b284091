"""Deleted jobs, and objects that belong to no job."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from infra.local.client.api_client import ApiError
from infra.local.suite.handle import SuiteHandle, wait_until
from shared.flows.documents import all_documents, job_path
from shared.pipeline import Bucket
from shared.runtime.services import Services
from tests.fixtures.suite.frames_job import run_frames_job

pytestmark = pytest.mark.suite


def test_deleted_job_leaves_nothing_and_late_uploads_are_removed(
    suite: SuiteHandle, services: Services, clip: Path, tmp_path: Path
) -> None:
    client = suite.client()
    job, _ = run_frames_job(suite, client, clip, tmp_path)
    job_id = job["id"]
    objects = [
        (Bucket(artifact["bucket"]), artifact["object"])
        for (doc,) in [services.store.read([job_path(job_id)])]
        if doc is not None
        for artifact in doc.data["artifacts"]
    ]
    assert objects
    client.call("DELETE", f"/v1/jobs/{job_id}")
    client.call("DELETE", f"/v1/jobs/{job_id}")
    with pytest.raises(ApiError) as missing:
        client.get_job(job_id)
    assert missing.value.status == 404
    for collection in ("stages", "units", "events"):
        assert services.store.run_query(all_documents(f"jobs/{job_id}/{collection}")) == ()
    upload = f"jobs/{job_id}/video.0"
    for bucket, name in [*objects, (Bucket.UPLOADS, upload)]:
        assert services.objects.stat(bucket, name) is None
    with services.objects.create(Bucket.UPLOADS, upload, content_type="video/mp4", spec="") as out:
        out.write(clip.read_bytes())
    wait_until(partial(is_gone, services, upload), "the late upload to be removed")


def test_object_of_no_job_is_moved_to_quarantine(suite: SuiteHandle, services: Services) -> None:
    generations = {}
    for name in ("stray.mp4", f"jobs/{'x' * 20}/video.0"):
        with services.objects.create(
            Bucket.UPLOADS, name, content_type="video/mp4", spec=""
        ) as out:
            out.write(b"belongs to no job")
        generations[name] = out.stored_object.generation
    for name, generation in generations.items():
        wait_until(
            partial(services.objects.stat, Bucket.WORK, f"quarantine/uploads/{name}.{generation}"),
            f"{name} to be quarantined",
        )
        wait_until(partial(is_gone, services, name), f"{name} to be removed")


def is_gone(services: Services, upload: str) -> bool:
    return services.objects.stat(Bucket.UPLOADS, upload) is None
