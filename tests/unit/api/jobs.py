"""Jobs as the ledger holds them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from shared.domain.documents import job_path
from shared.domain.job import Job, JobInput, new_job
from shared.domain.pipeline import RECIPES, Bucket
from shared.domain.stored_object import Artefact
from tests.unit.chain.memory import MemoryLedger

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
ZIP = Artefact(
    "frames.zip", "frames", Bucket.OUTPUTS.value, "jobs/x/frames.zip", 7, 1_234_567,
    "application/zip",
)  # fmt: skip


def a_job(**fields: Any) -> Job:
    """A job of the recipe `frames` as it was created, with `fields` of its document changed."""
    ledger = MemoryLedger()
    job_id = "j" * 20
    created = fields.get("created_at", NOW)
    ledger.commit(
        new_job(
            job_id=job_id,
            owner="alice",
            email="alice@moodreel.test",
            recipe=RECIPES["frames"],
            title="Holiday",
            options={},
            inputs=(JobInput("video", f"jobs/{job_id}/video.0", "video/mp4", 5, "a.mp4"),),
            now=created,
            expires_at=created + timedelta(days=30),
        )
    )
    document, version = ledger.docs[job_path(job_id)]
    ledger.docs[job_path(job_id)] = ({**document, **fields}, version)
    (doc,) = ledger.read([job_path(job_id)])
    assert doc is not None
    return Job.from_doc(doc)
