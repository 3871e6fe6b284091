"""Looking at jobs, and what their owner may do to them."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field

from functions.api import rate_limit_policies
from functions.api.fields import Line
from functions.api.jobs.schemas import JobSummary, job_summary, job_view
from functions.api.pagination import PageQuery
from functions.api.rate_limits import RateLimitState, consume
from shared.errors import NotFound, TooManyJobs
from shared.flows.documents import CommitResult, Update, job_path
from shared.http.request import ApiRequest, ApiResponse
from shared.http.schemas import RequestModel, ResponseModel
from shared.jobs.commands import cancel, delete, redrive
from shared.jobs.model import TERMINAL, Job, Status
from shared.pipeline import RECIPES

VISIBLE_STATUSES = tuple(status for status in Status if status is not Status.DELETED)
OPEN_STATUSES = tuple(status for status in Status if status not in TERMINAL)


class JobsQuery(PageQuery):
    """Which page of which jobs."""

    recipe: Literal[tuple(RECIPES)] | None = None  # type: ignore[valid-type]
    status: Literal[tuple(one.value for one in VISIBLE_STATUSES)] | None = None  # type: ignore[valid-type]


class JobChange(RequestModel):
    """What of a job can be changed."""

    title: Annotated[Line, Field(max_length=200)]


class JobPage(ResponseModel):
    """A page of jobs. `next_cursor` is null on the last one."""

    jobs: tuple[JobSummary, ...]
    next_cursor: str | None


def get_job(request: ApiRequest) -> ApiResponse:
    """The job as it is now."""
    return ApiResponse(job_view(request.job, request.services.store))


def list_jobs(request: ApiRequest) -> ApiResponse:
    """The caller's jobs, newest first."""
    asked = request.query(JobsQuery)
    docs = request.services.store.list_jobs(
        request.user.uid,
        statuses=VISIBLE_STATUSES if asked.status is None else [asked.status],
        after=asked.after,
        max_count=asked.limit + 1,
        recipe=asked.recipe,
    )
    return ApiResponse(
        JobPage(
            jobs=tuple(job_summary(Job.from_doc(doc)) for doc in docs[: asked.limit]),
            next_cursor=asked.next_cursor(docs),
        )
    )


def retitle_job(request: ApiRequest) -> ApiResponse:
    """Give the job another title. Raises ChangedMeanwhile."""
    title = request.body(JobChange).title
    while True:
        (doc,) = request.services.store.read([job_path(request.job.id)])
        if doc is None or doc.data["status"] == Status.DELETED:
            raise NotFound("There is no such job.")
        job = Job.from_doc(doc)
        if job.title == title:
            # Also when our own commit, whose answer was lost, is met again (RFC 9110, 13.1.1).
            return _now(request)
        request.check_if_match(job_view(job, request.services.store))
        fields = {"title": title, "updated_at": request.services.clock.now()}
        # A stage may move the job meanwhile: the title goes onto what it has become.
        done = request.services.store.commit([Update(doc.path, fields, doc.version)])
        if done is not CommitResult.CONFLICT:
            return _now(request)


def cancel_job(request: ApiRequest) -> ApiResponse:
    """Cancel; again is no error. Raises WrongState when the job has ended otherwise."""
    request.run(lambda clock: cancel.cancel(request.job.id, clock))
    return _now(request)


def redrive_job(request: ApiRequest) -> ApiResponse:
    """Redrive. Raises WrongState when the job has not failed, LimitReached, TooManyJobs."""
    standing = check_rework_rate(request)
    kept_days = request.settings.job_retention_days
    request.run(lambda clock: redrive.redrive(request.job.id, clock, kept_days))
    return replace(_now(request), headers=standing.headers)


def check_rework_rate(request: ApiRequest) -> RateLimitState:
    """Whether a job may be worked on again: not too often, and as one of those at once when it had
    ended. Raises LimitReached, TooManyJobs."""
    settings, store = request.settings, request.services.store
    ended = request.job.status in TERMINAL
    if ended and store.count_open_jobs(request.user.uid, OPEN_STATUSES) >= settings.max_open_jobs:
        raise TooManyJobs
    return consume(request, rate_limit_policies.reworks(settings), request.user.uid)


def delete_job(request: ApiRequest) -> ApiResponse:
    """Delete; what is left is a tombstone that nobody sees."""
    request.run(lambda clock: delete.delete(request.job.id, clock))
    return ApiResponse()


def _now(request: ApiRequest) -> ApiResponse:
    (doc,) = request.services.store.read([job_path(request.job.id)])
    if doc is None or doc.data["status"] == Status.DELETED:
        raise NotFound("There is no such job.")
    return ApiResponse(job_view(Job.from_doc(doc), request.services.store))
