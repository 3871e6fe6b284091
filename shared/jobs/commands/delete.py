"""Deletes a job and leaves a tombstone."""

from __future__ import annotations

from datetime import timedelta

from shared.errors import NotFound
from shared.flows.documents import (
    CommitResult,
    Delete,
    stage_path,
)
from shared.flows.effects import ClockAndIds, Flow, PurgeJob, commit
from shared.jobs.fetches.fetch import fetch_path
from shared.jobs.model import Status
from shared.jobs.queries import read_snapshot
from shared.jobs.queue import fill
from shared.jobs.result_deliveries.delivery import delivery_path
from shared.jobs.update import update_job
from shared.jobs.user_metadata import UserMetadata

TOMBSTONE_DAYS = 8
"""Longer than a message or a signed upload URL is valid (7 days each)."""
SECOND_PURGE_S = 15 * 60
"""Longer than any function runs: writes that were in progress at the first purge have ended."""


def delete(job_id: str, clock: ClockAndIds) -> Flow[None]:
    """Deletes a job with its documents and objects and leaves a tombstone. Raises NotFound."""
    while True:
        snapshot = yield from read_snapshot(job_id)
        if snapshot is None:
            raise NotFound("There is no such job.")
        job = snapshot.job
        if job.status is Status.DELETED:
            break
        now = clock.now()
        result = yield from commit(
            *update_job(
                job,
                {
                    "status": Status.DELETED,
                    "title": "",
                    **UserMetadata().to_dict(),
                    "email": "",
                    "options": {},
                    "inputs": [],
                    "artifacts": [],
                    "deck_pictures": [],
                    "stored_bytes": 0,
                    "facts": {},
                    "warnings": [],
                    "error": None,
                    "updated_at": now,
                    "purge_again_at": now + timedelta(seconds=SECOND_PURGE_S),
                    "expires_at": now + timedelta(days=TOMBSTONE_DAYS),
                },
            ),
            *(
                Delete(stage_path(job_id, stage.name, stage.revision))
                for stage in (*snapshot.stages.values(), *snapshot.outdated)
            ),
            # With their URLs. A worker that fetches or delivers a file loses its lease.
            *(Delete(fetch_path(item.fetch)) for item in job.inputs if item.fetch),
            *([Delete(delivery_path(job_id))] if job.has_delivery else ()),
            # The shards of older revisions are purged below.
            *(
                Delete(path)
                for stage in snapshot.stages.values()
                for path in stage.shard_paths(job_id)
            ),
        )
        if result is CommitResult.OK:
            break
    yield PurgeJob(job_id)
    yield from fill(job.owner, clock)
