"""Reading, changing, cancelling, redriving and deleting jobs."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field

from functions.api import rate_limit_policies
from functions.api.fields import Line, Time
from functions.api.jobs.metadata import Tag, UserMetadataChange
from functions.api.jobs.schemas import JobSummary, job_summary, job_view
from functions.api.jobs.views.results import results_view
from functions.api.pagination import PageQuery, PageStart, encode_cursor, iterate_pages
from functions.api.storage import check_storage
from shared.errors import NotFound, TooManyJobs
from shared.flows.documents import CommitResult, Doc, Update, job_path
from shared.http.limits.policy import RateLimitState
from shared.http.limits.rate_limits import consume
from shared.http.problems import InvalidFields
from shared.http.request import ApiRequest, ApiResponse
from shared.http.schemas import QueryModel, ResponseModel
from shared.jobs.commands import cancel, delete, redrive
from shared.jobs.model import TERMINAL, Job, Status
from shared.jobs.queries import newest_jobs
from shared.jobs.result_deliveries.start import redrive_delivery
from shared.pipeline import RECIPES
from shared.recipes.emotions.results import EmotionsResult

VISIBLE_STATUSES = tuple(status for status in Status if status is not Status.DELETED)
OPEN_STATUSES = tuple(status for status in Status if status not in TERMINAL)


MAX_SEARCHED = 200
"""A page of a search reads at most this many jobs."""
_SEARCH_PAGE = 100
_SMALLEST_ID = "0"


class JobsQuery(PageQuery):
    """Selects a page of jobs, optionally of one recipe or status, created after or before a time
    (RFC 3339), with a tag, or with a title that contains the text `q`, in any case and with or
    without diacritics. A page of a search by `q` may have fewer jobs than `limit`, or none, and a
    `next_cursor`: then older jobs are not searched yet."""

    q: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    created_after: Time | None = None
    created_before: Time | None = None
    tag: Tag | None = None
    recipe: Literal[tuple(RECIPES)] | None = None  # type: ignore[valid-type]
    status: Literal[tuple(status.value for status in VISIBLE_STATUSES)] | None = None  # type: ignore[valid-type]


class JobChange(UserMetadataChange):
    """The properties of a job to change. One that is null or missing is kept."""

    title: Annotated[Line, Field(max_length=200)] | None = None


class JobPage(ResponseModel):
    """A page of jobs. `next_cursor` is null on the last page."""

    jobs: tuple[JobSummary, ...]
    next_cursor: str | None


class JobQuery(QueryModel):
    """`expand=results` adds the analysis itself: the summary of emotions, the transcript and the
    outline of the deck, bounded in size."""

    expand: Literal["results"] | None = None


def get_job(request: ApiRequest) -> ApiResponse:
    """Returns a job in its current state."""
    view = job_view(request.job, request.services.store)
    if request.query(JobQuery).expand is not None:
        results = results_view(request.job, request.services.objects)
        view = view.model_copy(update={"results": results})
    return ApiResponse(view)


def list_jobs(request: ApiRequest) -> ApiResponse:
    """Lists your jobs, newest first."""
    query = request.query(JobsQuery)
    after = query.after
    if after is None and query.created_before is not None:
        after = (query.created_before, _SMALLEST_ID)
    if query.q is None:
        docs = _read_jobs(request, query, after, query.limit + 1)
        page, next_cursor = list(docs[: query.limit]), query.next_cursor(docs)
    else:
        page, next_cursor = _search_jobs(request, query, after, _fold(query.q))
    jobs = tuple(job_summary(Job.from_doc(doc)) for doc in page)
    return ApiResponse(JobPage(jobs=jobs, next_cursor=next_cursor))


def _read_jobs(
    request: ApiRequest, query: JobsQuery, after: PageStart | None, limit: int
) -> tuple[Doc, ...]:
    return request.services.store.run_query(
        newest_jobs(
            request.user.uid,
            statuses=VISIBLE_STATUSES if query.status is None else [query.status],
            recipe=query.recipe,
            tag=query.tag,
            created_after=query.created_after,
            after=after,
            limit=limit,
        )
    )


def _search_jobs(
    request: ApiRequest, query: JobsQuery, after: PageStart | None, text: str
) -> tuple[list[Doc], str | None]:
    """Returns the jobs whose titles contain a text, and the cursor of the next page. Firestore does
    not search within texts."""
    found: list[Doc] = []
    for _ in range(MAX_SEARCHED // _SEARCH_PAGE):
        docs = _read_jobs(request, query, after, _SEARCH_PAGE)
        for doc in docs:
            after = (doc.data["created_at"], doc.id)
            if text in _fold(doc.data["title"]):
                found.append(doc)
                if len(found) == query.limit:
                    return found, encode_cursor(*after)
        if len(docs) < _SEARCH_PAGE:
            return found, None
    return found, None if after is None else encode_cursor(*after)


def _fold(text: str) -> str:
    """Returns a text without case and diacritics."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def iterate_jobs(request: ApiRequest, page_size: int) -> Iterator[Job]:
    """Yields the caller's jobs, newest first, without deleted ones."""
    docs = iterate_pages(
        lambda after, max_count: request.services.store.run_query(
            newest_jobs(request.user.uid, statuses=VISIBLE_STATUSES, after=after, limit=max_count)
        ),
        page_size,
    )
    return map(Job.from_doc, docs)


def change_job(request: ApiRequest) -> ApiResponse:
    """Changes the title, the description, the tags, the metadata or the people of a job.

    Raises NotFound, ChangedMeanwhile, InvalidFields.
    """
    body = request.body(JobChange)
    while True:
        (doc,) = request.services.store.read([job_path(request.job.id)])
        if doc is None or doc.data["status"] == Status.DELETED:
            raise NotFound("There is no such job.")
        job = Job.from_doc(doc)
        if body.people and EmotionsResult.STAGE not in job.recipe.stages:
            raise InvalidFields([("people", "Only jobs that analyze faces have people.")])
        title = job.title if body.title is None else body.title
        user_metadata = body.apply_to(job.user_metadata)
        if (job.title, job.user_metadata) == (title, user_metadata):
            # If an earlier commit succeeded but its response was lost, the change is made already:
            # RFC 9110 §13.1.1 allows success.
            return _job_response(request)
        request.check_if_match(job_view(job, request.services.store))
        fields = {
            "title": title,
            **user_metadata.to_dict(),
            "updated_at": request.services.clock.now(),
        }
        # A stage may update the job concurrently; then the loop retries with the new version.
        result = request.services.store.commit([Update(doc.path, fields, doc.version)])
        if result is not CommitResult.CONFLICT:
            return _job_response(request)


def cancel_job(request: ApiRequest) -> ApiResponse:
    """Cancels a job. Cancelling it again has no effect.

    Raises WrongState if the job has ended in another way.
    """
    request.run(lambda clock: cancel.cancel(request.job.id, clock))
    return _job_response(request)


def redrive_job(request: ApiRequest) -> ApiResponse:
    """Resumes a failed job in a new epoch. Finished work is kept. Of a job that is done, it repeats
    the delivery of the results if that has failed.

    Raises WrongState if the job has not failed, LimitReached, TooManyJobs, StorageFull.
    """
    if request.job.status is Status.DONE and request.job.has_delivery:
        policy = rate_limit_policies.reworks(request.settings)
        rate_limit = consume(request, policy, request.user.uid)
        request.run(lambda clock: redrive_delivery(request.job.id, clock))
        return replace(_job_response(request), headers=rate_limit.headers)
    rate_limit = consume_rework_quota(request)
    retention_days = request.settings.job_retention_days
    request.run(lambda clock: redrive.redrive(request.job.id, clock, retention_days))
    return replace(_job_response(request), headers=rate_limit.headers)


def consume_rework_quota(request: ApiRequest) -> RateLimitState:
    """Counts one rework, which is a redrive or an edit of a deck. If the job has ended, it becomes
    open again and must fit into the limit of open jobs. It stores new results, so the storage limit
    must not be reached. Raises LimitReached, TooManyJobs, StorageFull."""
    settings, store = request.settings, request.services.store
    ended = request.job.status in TERMINAL
    if ended and store.count_open_jobs(request.user.uid, OPEN_STATUSES) >= settings.max_open_jobs:
        raise TooManyJobs
    check_storage(request, 1)
    return consume(request, rate_limit_policies.reworks(settings), request.user.uid)


def delete_job(request: ApiRequest) -> ApiResponse:
    """Deletes a job. A tombstone remains, which no endpoint shows."""
    request.run(lambda clock: delete.delete(request.job.id, clock))
    return ApiResponse()


def _job_response(request: ApiRequest) -> ApiResponse:
    (doc,) = request.services.store.read([job_path(request.job.id)])
    if doc is None or doc.data["status"] == Status.DELETED:
        raise NotFound("There is no such job.")
    return ApiResponse(job_view(Job.from_doc(doc), request.services.store))
