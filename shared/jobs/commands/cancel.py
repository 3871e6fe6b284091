"""Cancels a job."""

from __future__ import annotations

from shared.errors import NotFound, WrongState
from shared.flows.documents import (
    CommitResult,
    job_path,
)
from shared.flows.effects import ClockAndIds, Flow, commit, publish, read
from shared.jobs.model import Job, Status
from shared.jobs.queries import read_outcome_messages
from shared.jobs.queue import fill
from shared.jobs.units.end import end_writes
from shared.jobs.update import update_job


def cancel(job_id: str, clock: ClockAndIds) -> Flow[None]:
    """Cancels a job. Raises NotFound, or WrongState when it has ended with another status."""
    while True:
        job = yield from _read_job(job_id)
        if job.status is Status.CANCELLED:
            break
        if job.is_terminal:
            raise WrongState(f"The job is already {job.status}; only an open job can be cancelled.")
        now = clock.now()
        result = yield from commit(
            *update_job(job, {"status": Status.CANCELLED, "updated_at": now}),
            *end_writes(job, Status.CANCELLED, now),
        )
        if result is CommitResult.OK:
            break
    job = yield from _read_job(job_id)
    yield from publish((yield from read_outcome_messages(job)))
    yield from fill(job.owner, clock)


def _read_job(job_id: str) -> Flow[Job]:
    (doc,) = yield from read(job_path(job_id))
    if doc is None or doc.data["status"] == Status.DELETED:
        raise NotFound("There is no such job.")
    return Job.from_doc(doc)
