"""Looking at jobs, and what their owner may do to them."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field

from functions.api import rate_limit_policies
from functions.api.fields import Line
from functions.api.jobs.schemas import JobSummary, job_summary, job_view
from functions.api.pagination import PageQuery
from functions.api.rate_limits import Standing, take
from shared.errors import NotFound, TooManyJobs
from shared.flows.documents import Committed, Update, job_path
from shared.http.request import Answer, Call
from shared.http.schemas import Form, Told
from shared.jobs.commands import cancel, delete, redrive
from shared.jobs.model import TERMINAL, Job, Status
from shared.pipeline import RECIPES

LIVING = tuple(status for status in Status if status is not Status.DELETED)
OPEN = tuple(status for status in Status if status not in TERMINAL)


class JobsQuery(PageQuery):
    """Which page of which jobs."""

    recipe: Literal[tuple(RECIPES)] | None = None  # type: ignore[valid-type]
    status: Literal[tuple(one.value for one in LIVING)] | None = None  # type: ignore[valid-type]


class JobChange(Form):
    """What of a job can be changed."""

    title: Annotated[Line, Field(max_length=200)]


class JobPage(Told):
    """A page of jobs. `next_cursor` is null on the last one."""

    jobs: tuple[JobSummary, ...]
    next_cursor: str | None


def get_job(call: Call) -> Answer:
    """The job as it is now."""
    return Answer(job_view(call.job, call.world.store))


def list_jobs(call: Call) -> Answer:
    """The caller's jobs, newest first."""
    asked = call.query(JobsQuery)
    docs = call.world.store.jobs_of(
        call.user.uid,
        statuses=LIVING if asked.status is None else [asked.status],
        after=asked.after,
        most=asked.limit + 1,
        recipe=asked.recipe,
    )
    return Answer(
        JobPage(
            jobs=tuple(job_summary(Job.from_doc(doc)) for doc in docs[: asked.limit]),
            next_cursor=asked.cursor_behind(docs),
        )
    )


def retitle_job(call: Call) -> Answer:
    """Give the job another title. Raises ChangedMeanwhile."""
    title = call.body(JobChange).title
    while True:
        (doc,) = call.world.store.read([job_path(call.job.id)])
        if doc is None or doc.data["status"] == Status.DELETED:
            raise NotFound("There is no such job.")
        job = Job.from_doc(doc)
        if job.title == title:
            # Also when our own commit, whose answer was lost, is met again (RFC 9110, 13.1.1).
            return _now(call)
        call.check_match(job_view(job, call.world.store))
        fields = {"title": title, "updated_at": call.world.clock.now()}
        # A stage may move the job meanwhile: the title goes onto what it has become.
        done = call.world.store.commit([Update(doc.path, fields, doc.version)])
        if done is not Committed.CONFLICT:
            return _now(call)


def cancel_job(call: Call) -> Answer:
    """Cancel; again is no error. Raises WrongState when the job has ended otherwise."""
    call.run(lambda clockwork: cancel.cancel(call.job.id, clockwork))
    return _now(call)


def redrive_job(call: Call) -> Answer:
    """Redrive. Raises WrongState when the job has not failed, LimitReached, TooManyJobs."""
    standing = let_in_again(call)
    kept_days = call.settings.jobs_kept_days
    call.run(lambda clockwork: redrive.redrive(call.job.id, clockwork, kept_days))
    return replace(_now(call), headers=standing.headers)


def let_in_again(call: Call) -> Standing:
    """Whether a job may be worked on again: not too often, and as one of those at once when it had
    ended. Raises LimitReached, TooManyJobs."""
    settings, store = call.settings, call.world.store
    ended = call.job.status in TERMINAL
    if ended and store.open_jobs(call.user.uid, OPEN) >= settings.jobs_at_once:
        raise TooManyJobs
    return take(call, rate_limit_policies.reworks(settings), call.user.uid)


def delete_job(call: Call) -> Answer:
    """Delete; what is left is a tombstone that nobody sees."""
    call.run(lambda clockwork: delete.delete(call.job.id, clockwork))
    return Answer()


def _now(call: Call) -> Answer:
    (doc,) = call.world.store.read([job_path(call.job.id)])
    if doc is None or doc.data["status"] == Status.DELETED:
        raise NotFound("There is no such job.")
    return Answer(job_view(Job.from_doc(doc), call.world.store))
