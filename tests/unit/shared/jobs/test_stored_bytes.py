"""The bytes of a job that count towards the storage limit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from shared.flows.documents import Update, job_path
from shared.jobs.model import Job
from shared.jobs.storage import stored_bytes
from shared.jobs.units.join import join_writes
from shared.jobs.units.outcomes import UnitDone
from shared.recipes.stored_object import Artifact
from tests.fixtures.jobs import FRAMES_ZIP, NOW, make_job

UPLOAD_BYTES = 5
FILM = replace(FRAMES_ZIP, name="film.mp4", object="jobs/x/a/film.mp4", size_bytes=1_000)
EDITED_FILM = replace(FILM, object="jobs/x/a.1/film.mp4", generation=8, size_bytes=400)


def join(job: Job, *artifacts: Artifact, replaced_names: tuple[str, ...] = ()) -> dict[str, Any]:
    """Returns the fields of the job after a join with these results."""
    result = UnitDone(artifacts, replaced_names=replaced_names)
    writes = join_writes(job, "frame_extraction", result, NOW, worked_ms=0, parts_in_flight=2)
    [update] = [write for write in writes if write.path == job_path(job.id)]
    assert isinstance(update, Update)
    return dict(update.fields)


def test_result_that_an_edit_replaces_still_counts() -> None:
    first = join(make_job(), FILM)
    second = join(make_job(**first), EDITED_FILM)
    third = join(make_job(**second), replaced_names=("film.mp4",))

    assert first["stored_bytes"] == UPLOAD_BYTES + 1_000
    assert second["stored_bytes"] == UPLOAD_BYTES + 1_400 == stored_bytes(make_job(**second))
    assert [row["object"] for row in second["artifacts"]] == [EDITED_FILM.object]
    assert (third["stored_bytes"], third["artifacts"]) == (UPLOAD_BYTES + 1_400, [])


def test_result_that_is_adopted_counts_once() -> None:
    first = join(make_job(), FILM)

    assert join(make_job(**first), FILM)["stored_bytes"] == first["stored_bytes"]
