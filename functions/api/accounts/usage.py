"""What the caller has had made, what of it is kept, what it cost, and what is left of the limits.

All of it is derived from the caller's jobs as the ledger holds them: nothing is counted beside
them, so nothing can drift when messages come twice. A deleted job is no longer part of it.
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
from shared.pipeline import FUNCTIONS
from shared.recipes.results import FilmResult
from shared.recipes.upload_results import Uploads

USD_PER_VCPU_S = 0.000024
USD_PER_GIB_S = 0.0000025
"""Cloud Run's list prices (tier 1, on demand). A unit of work is priced as if it had its instance
alone, from its claim to its end; attempts that failed, requests, storage and what other services
ask for are not in it."""
PAGE_SIZE = 300


class JobCounts(ResponseModel):
    """Jobs by how they stand."""

    open: int
    done: int
    failed: int
    cancelled: int


class RateLimitView(ResponseModel):
    """`remaining` of `quota` now; more in `reset_s` seconds."""

    quota: int
    window_s: int
    remaining: int
    reset_s: int


class QuotaView(ResponseModel):
    """How much of a quota is used."""

    quota: int
    used: int


class LimitsView(ResponseModel):
    """What may still be asked for. `upload_bytes`: how large a file of a kind may be."""

    job_creations: RateLimitView
    jobs_at_once: QuotaView
    recordings_at_once: QuotaView
    storage_bytes: QuotaView
    upload_bytes: dict[str, int]


class UsageView(ResponseModel):
    """What came out of the jobs that are kept. Minutes are of the media that came in and of the
    films that were made; the cost is in US dollars, of computing alone."""

    jobs: JobCounts
    files_made: int
    minutes_in: float
    minutes_made: float
    stored_bytes: int
    worked_s: float
    cost_usd: float
    limits: LimitsView


def get_usage(request: ApiRequest) -> ApiResponse:
    """Summed up now, over all jobs of the caller."""
    jobs = list(_all_jobs(request))
    by_status = [job.status for job in jobs]
    worked = {name: sum(one.worked_ms.get(name, 0) for one in jobs) / 1000 for name in FUNCTIONS}
    stored = request.services.store.sum_stored_bytes(request.user.uid)
    count_open = sum(one in OPEN_STATUSES for one in by_status)
    return ApiResponse(
        UsageView(
            jobs=JobCounts(
                open=count_open,
                done=by_status.count(Status.DONE),
                failed=by_status.count(Status.FAILED),
                cancelled=by_status.count(Status.CANCELLED),
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
    """What so long a work on a stage costs."""
    row = FUNCTIONS[function]
    return seconds * (row.cpu * USD_PER_VCPU_S + row.memory_mb / 1024 * USD_PER_GIB_S)


def input_duration_s(job: Job) -> float:
    """How long the video and the sounds are that came in, as far as their files say."""
    uploads = Uploads.find(job.facts)
    return 0.0 if uploads is None else sum(one.duration_s for one in uploads.inputs.values())


def film_duration_s(job: Job) -> float:
    """How long the film is that was made."""
    film = FilmResult.find(job.facts)
    return 0.0 if film is None else film.duration_s


def _minutes(seconds: float) -> float:
    return round(seconds / 60, 2)


def _limits(request: ApiRequest, count_open: int, stored: int) -> LimitsView:
    settings = request.settings
    standing = peek(request, rate_limit_policies.job_creations(settings), request.user.uid)
    return LimitsView(
        job_creations=RateLimitView(
            quota=standing.policy.quota,
            window_s=standing.policy.window_s,
            remaining=standing.remaining,
            reset_s=standing.reset_s,
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
        docs = request.services.store.list_jobs(
            request.user.uid, statuses=VISIBLE_STATUSES, after=after, max_count=PAGE_SIZE
        )
        yield from (Job.from_doc(doc) for doc in docs)
        if len(docs) < PAGE_SIZE:
            return
        after = (docs[-1].data["created_at"], docs[-1].id)
