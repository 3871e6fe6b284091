"""The caller's usage, its cost, and the remaining limits.

Everything is derived from the job documents. No separate counters exist that repeated messages
could make drift. Deleted jobs are not included.
"""

from __future__ import annotations

from collections.abc import Iterator

from functions.api import rate_limit_policies
from functions.api.jobs.handlers import OPEN_STATUSES, VISIBLE_STATUSES
from functions.api.jobs.recipes import MEGABYTE
from functions.api.rate_limits import peek
from shared.cameras.recording import RUNNING_STATES
from shared.http.request import ApiRequest, ApiResponse
from shared.http.schemas import ResponseModel
from shared.jobs.model import Job, Status
from shared.jobs.queries import newest_jobs
from shared.pipeline import FUNCTIONS
from shared.recipes.results import FilmResult
from shared.recipes.upload_results import Uploads

USD_PER_VCPU_S = 0.000024
USD_PER_GIB_S = 0.0000025
"""Cloud Run's list prices (tier 1, on demand), in US dollars. A unit is priced from claim to end as
if it had its instance alone. Failed attempts, requests, storage and other services are not
included."""
PAGE_SIZE = 300


class JobCounts(ResponseModel):
    """The number of jobs by status."""

    open: int
    done: int
    failed: int
    cancelled: int


class RateLimitView(ResponseModel):
    """A rate limit: `remaining` of `quota` are left, and more are added in `reset_s` seconds."""

    quota: int
    window_s: int
    remaining: int
    reset_s: int


class QuotaView(ResponseModel):
    """The used part of a quota."""

    quota: int
    used: int


class LimitsView(ResponseModel):
    """The limits and their use. `upload_bytes` is the maximum size of a file by kind."""

    job_creations: RateLimitView
    jobs_at_once: QuotaView
    recordings_at_once: QuotaView
    storage_bytes: QuotaView
    upload_bytes: dict[str, int]


class UsageView(ResponseModel):
    """The usage of all jobs that are not deleted. `minutes_in` is the length of the input media,
    `minutes_made` that of the rendered films; `cost_usd` covers computing only."""

    jobs: JobCounts
    files_made: int
    minutes_in: float
    minutes_made: float
    stored_bytes: int
    worked_s: float
    cost_usd: float
    limits: LimitsView


def get_usage(request: ApiRequest) -> ApiResponse:
    """Computes your usage from all your jobs."""
    jobs = list(_all_jobs(request))
    statuses = [job.status for job in jobs]
    worked = {name: sum(job.worked_ms.get(name, 0) for job in jobs) / 1000 for name in FUNCTIONS}
    stored = request.services.store.sum_stored_bytes(request.user.uid)
    count_open = sum(status in OPEN_STATUSES for status in statuses)
    return ApiResponse(
        UsageView(
            jobs=JobCounts(
                open=count_open,
                done=statuses.count(Status.DONE),
                failed=statuses.count(Status.FAILED),
                cancelled=statuses.count(Status.CANCELLED),
            ),
            files_made=sum(len(job.results) for job in jobs),
            minutes_in=_minutes(sum(input_duration_s(job) for job in jobs)),
            minutes_made=_minutes(sum(film_duration_s(job) for job in jobs)),
            stored_bytes=stored,
            worked_s=round(sum(worked.values()), 3),
            cost_usd=round(sum(cost_usd(name, seconds) for name, seconds in worked.items()), 6),
            limits=_limits(request, count_open, stored),
        )
    )


def cost_usd(function: str, seconds: float) -> float:
    """Returns the cost in US dollars of running a function for `seconds`."""
    row = FUNCTIONS[function]
    return seconds * (row.cpu * USD_PER_VCPU_S + row.memory_mb / 1024 * USD_PER_GIB_S)


def input_duration_s(job: Job) -> float:
    """Returns the total length of the inputs in seconds, as far as their files declare it."""
    uploads = Uploads.find(job.facts)
    return 0.0 if uploads is None else sum(upload.duration_s for upload in uploads.inputs.values())


def film_duration_s(job: Job) -> float:
    """Returns the length of the film in seconds; 0 without a film."""
    film = FilmResult.find(job.facts)
    return 0.0 if film is None else film.duration_s


def _minutes(seconds: float) -> float:
    return round(seconds / 60, 2)


def _limits(request: ApiRequest, count_open: int, stored: int) -> LimitsView:
    settings = request.settings
    state = peek(request, rate_limit_policies.job_creations(settings), request.user.uid)
    return LimitsView(
        job_creations=RateLimitView(
            quota=state.policy.quota,
            window_s=state.policy.window_s,
            remaining=state.remaining,
            reset_s=state.reset_s,
        ),
        jobs_at_once=QuotaView(quota=settings.max_open_jobs, used=count_open),
        recordings_at_once=QuotaView(
            quota=settings.max_active_recordings,
            used=request.services.store.count_recordings(request.user.uid, RUNNING_STATES),
        ),
        storage_bytes=QuotaView(quota=settings.max_storage_mb * MEGABYTE, used=stored),
        upload_bytes={
            "image": settings.max_image_mb * MEGABYTE,
            "audio": settings.max_audio_mb * MEGABYTE,
            "video": settings.max_video_mb * MEGABYTE,
        },
    )


def _all_jobs(request: ApiRequest) -> Iterator[Job]:
    after = None
    while True:
        docs = request.services.store.run_query(
            newest_jobs(request.user.uid, statuses=VISIBLE_STATUSES, after=after, limit=PAGE_SIZE)
        )
        yield from (Job.from_doc(doc) for doc in docs)
        if len(docs) < PAGE_SIZE:
            return
        after = (docs[-1].data["created_at"], docs[-1].id)
