"""Changes a job together with the totals of its owner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.flows.documents import Update, Write, job_path
from shared.jobs.model import Job
from shared.jobs.totals import COUNTED_FIELDS, totals_writes


def update_job(job: Job, fields: Mapping[str, Any]) -> list[Write]:
    """Returns the writes that set fields of a job, guarded by its version, and count the change in
    the totals of its owner. They belong in one batch.

    Every change of a counted field is made by this function.
    """
    before: dict[str, Any] = {
        "status": job.status,
        "artifacts": [artifact.to_dict() for artifact in job.artifacts],
        "facts": job.facts,
        "worked_ms": job.worked_ms,
    }
    after = dict(before)
    for name, value in fields.items():
        field, _, key = name.partition(".")
        if field in COUNTED_FIELDS:
            after[field] = {**after[field], key: value} if key else value
    update = Update(job_path(job.id), fields, job.version)
    return [update, *totals_writes(job.owner, job.id, before, after)]
