"""The job that waits for a file that is fetched."""

from __future__ import annotations

from shared.errors import FirestoreUnavailable
from shared.flows.documents import job_path
from shared.flows.effects import ClockAndIds, Flow, read
from shared.jobs.fetches.fetch import Fetch
from shared.jobs.model import Job, Status
from shared.jobs.units.failure import fail_job_awaiting_uploads

MAX_COMMIT_ATTEMPTS = 8


def read_waiting_job(fetch: Fetch) -> Flow[Job | None]:
    """Returns the job of a fetch, or None when it does not take this upload: it is cancelled or
    deleted, or declares another upload of the input. A job that has failed may be redriven, so it
    still takes the upload."""
    (doc,) = yield from read(job_path(fetch.job))
    if doc is None or doc.data["status"] in (Status.CANCELLED, Status.DELETED):
        return None
    job = Job.from_doc(doc)
    return job if any(item.object == fetch.object for item in job.inputs) else None


def fail_waiting_job(fetch: Fetch, code: str, message: str, clock: ClockAndIds) -> Flow[None]:
    """Fails the job of a fetch, unless it does not wait for uploads any more."""
    for _ in range(MAX_COMMIT_ATTEMPTS):
        job = yield from read_waiting_job(fetch)
        if job is None or job.status is not Status.AWAITING_UPLOAD:
            return
        # The job changes while other inputs arrive.
        if (yield from fail_job_awaiting_uploads(job, (code, message), clock)):
            return
    raise FirestoreUnavailable("Firestore is contended.")
