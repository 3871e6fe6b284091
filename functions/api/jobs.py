"""Looking at jobs, and what their owner may do to them."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field

from functions.api.views import JobSummary, job_summary, job_view
from shared.domain import operating
from shared.domain.documents import job_path
from shared.domain.job import Job, Status
from shared.errors import NotFound
from shared.http.exchange import Answer, Call
from shared.http.forms import Query, Told
from shared.http.problems import InvalidFields
from shared.http.routing import check_parameters

LIVING = tuple(status for status in Status if status is not Status.DELETED)


class PageQuery(Query):
    """Which page of a list."""

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: Annotated[str, Field(max_length=200)] | None = None


class JobPage(Told):
    """A page of jobs. `next_cursor` is null on the last one."""

    jobs: tuple[JobSummary, ...]
    next_cursor: str | None


def get_job(call: Call) -> Answer:
    """The job as it is now."""
    return Answer(job_view(call.job, call.world.store))


def list_jobs(call: Call) -> Answer:
    """The caller's jobs, newest first."""
    asked = call.query(PageQuery)
    after = None if asked.cursor is None else read_cursor(asked.cursor)
    docs = call.world.store.jobs_of(
        call.user.uid, statuses=LIVING, after=after, most=asked.limit + 1
    )
    page = [Job.from_doc(doc) for doc in docs[: asked.limit]]
    return Answer(
        JobPage(
            jobs=tuple(job_summary(one) for one in page),
            next_cursor=write_cursor(page[-1]) if len(docs) > asked.limit else None,
        )
    )


def cancel_job(call: Call) -> Answer:
    """Cancel; again is no error. Raises WrongState when the job has ended otherwise."""
    call.run(lambda clockwork: operating.cancel(call.job.id, clockwork))
    return _now(call)


def redrive_job(call: Call) -> Answer:
    """Redrive. Raises WrongState when the job has not failed."""
    kept_days = call.settings.jobs_kept_days
    call.run(lambda clockwork: operating.redrive(call.job.id, clockwork, kept_days))
    return _now(call)


def delete_job(call: Call) -> Answer:
    """Delete; what is left is a tombstone that nobody sees."""
    call.run(lambda clockwork: operating.delete(call.job.id, clockwork))
    return Answer()


def write_cursor(last: Job) -> str:
    """Where the next page begins: behind this job."""
    return write_position(last.created_at, last.id)


def write_position(created_at: datetime, document: str) -> str:
    """Where the next page begins: behind the document that was created then."""
    text = f"{created_at.astimezone(UTC).isoformat()} {document}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> tuple[datetime, str]:
    """When the last job of the page before was created, and its id. Raises InvalidFields."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        moment, _, job_id = text.partition(" ")
        created_at = datetime.fromisoformat(moment)
        check_parameters({"job_id": job_id})
    except (ValueError, NotFound) as wrong:
        raise _no_cursor() from wrong
    if created_at.tzinfo is None:
        raise _no_cursor()
    return created_at, job_id


def _no_cursor() -> InvalidFields:
    return InvalidFields([("cursor", "This is no cursor of ours; begin without one.")])


def _now(call: Call) -> Answer:
    (doc,) = call.world.store.read([job_path(call.job.id)])
    if doc is None or doc.data["status"] == Status.DELETED:
        raise NotFound("There is no such job.")
    return Answer(job_view(Job.from_doc(doc), call.world.store))
