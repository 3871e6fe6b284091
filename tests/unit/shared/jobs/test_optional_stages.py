"""A stage that only some jobs have: it is chosen when the job is created, and kept."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.flows.documents import Create, job_path, stage_path
from shared.jobs.creation import new_job
from shared.jobs.model import Job
from shared.pipeline import RECIPES
from tests.fakes.job_store import MemoryJobStore

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def create(options: dict[str, Any]) -> tuple[MemoryJobStore, Job]:
    store = MemoryJobStore()
    writes = new_job(
        job_id="j", owner="anna", email="", recipe=RECIPES["emotions"], title="", options=options,
        inputs=(), now=NOW, expires_at=NOW,
    )  # fmt: skip
    store.commit([write for write in writes if isinstance(write, Create)])
    (doc,) = store.read([job_path("j")])
    assert doc is not None
    return store, Job.from_doc(doc)


@pytest.mark.parametrize("transcript", [True, False])
def test_job_has_the_stage_if_its_options_choose_it(transcript: bool) -> None:
    store, job = create({"transcript": transcript})
    (stage,) = store.read([stage_path("j", "speech_recognition", 0)])
    assert (stage is not None) == transcript
    following = "speech_recognition" if transcript else "frame_extraction"
    assert job.recipe.next_stage("upload_trigger") == following
    assert tuple(sorted(job.stages)) == tuple(sorted(job.recipe.stages))


def test_job_of_an_earlier_version_has_the_stages_of_that_time() -> None:
    """Its document has no option `transcript`, and no stage for it."""
    _, job = create({})
    assert job.recipe.stages == RECIPES["emotions"].stages
