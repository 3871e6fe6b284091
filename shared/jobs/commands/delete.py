"""Delete a job: a tombstone remains."""

from __future__ import annotations

from datetime import timedelta

from shared.errors import NotFound
from shared.flows.documents import (
    CommitResult,
    Delete,
    Update,
    job_path,
    stage_path,
)
from shared.flows.effects import ClockAndIds, Flow, PurgeJob, commit
from shared.jobs.model import Status
from shared.jobs.queries import read_snapshot

TOMBSTONE_DAYS = 8
"""Longer than a message or a signed upload URL lives (7 days each)."""
SECOND_PURGE_S = 15 * 60
"""Longer than any function runs: what was being written at the first purge is there by now."""


def delete(job_id: str, clock: ClockAndIds) -> Flow[None]:
    """Remove a job and everything of it, leaving a tombstone. Raises NotFound."""
    while True:
        whole = yield from read_snapshot(job_id)
        if whole is None:
            raise NotFound("There is no such job.")
        job = whole.job
        if job.status is Status.DELETED:
            break
        now = clock.now()
        done = yield from commit(
            Update(
                job_path(job_id),
                {
                    "status": Status.DELETED,
                    "title": "",
                    "email": "",
                    "options": {},
                    "inputs": [],
                    "artifacts": [],
                    "stored_bytes": 0,
                    "facts": {},
                    "warnings": [],
                    "error": None,
                    "updated_at": now,
                    "purge_again_at": now + timedelta(seconds=SECOND_PURGE_S),
                    "expires_at": now + timedelta(days=TOMBSTONE_DAYS),
                },
                job.version,
            ),
            *(
                Delete(stage_path(job_id, one.name, one.revision))
                for one in (*whole.stages.values(), *whole.outdated)
            ),
        )
        if done is CommitResult.OK:
            break
    yield PurgeJob(job_id)
