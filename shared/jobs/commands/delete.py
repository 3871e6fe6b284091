"""Delete a job: a tombstone remains."""

from __future__ import annotations

from datetime import timedelta

from shared.errors import NotFound
from shared.flows.documents import (
    Committed,
    Delete,
    Update,
    job_path,
    stage_path,
)
from shared.flows.effects import Clockwork, Flow, Purge, commit
from shared.jobs.model import Status
from shared.jobs.queries import read_whole

TOMBSTONE_DAYS = 8
"""Longer than a message or a signed upload URL lives (7 days each)."""
SECOND_PURGE_S = 15 * 60
"""Longer than any function runs: what was being written at the first purge is there by now."""


def delete(job_id: str, clockwork: Clockwork) -> Flow[None]:
    """Remove a job and everything of it, leaving a tombstone. Raises NotFound."""
    while True:
        whole = yield from read_whole(job_id)
        if whole is None:
            raise NotFound("There is no such job.")
        job = whole.job
        if job.status is Status.DELETED:
            break
        now = clockwork.now()
        done = yield from commit(
            Update(
                job_path(job_id),
                {
                    "status": Status.DELETED,
                    "title": "",
                    "email": "",
                    "options": {},
                    "inputs": [],
                    "artefacts": [],
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
        if done is Committed.OK:
            break
    yield Purge(job_id)
