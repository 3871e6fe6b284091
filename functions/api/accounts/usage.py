"""The caller's usage, its cost, and the remaining limits.

The usage is read from the running totals of the caller's jobs (`shared.jobs.totals`), so its cost
does not depend on the number of jobs. Deleted jobs are not included.
"""

from __future__ import annotations

from functions.api import rate_limit_policies
from functions.api.costs import total_compute_usd
from functions.api.jobs.handlers import OPEN_STATUSES
from functions.api.jobs.recipes import MEGABYTE
from shared.cameras.recording import RUNNING_STATES
from shared.flows.documents import owned_documents
from shared.http.limits.rate_limits import peek
from shared.http.request import ApiRequest, ApiResponse
from shared.http.schemas import ResponseModel
from shared.jobs.model import Status
from shared.jobs.totals import TOTALS, read_totals
from shared.pipeline import FUNCTIONS


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
    """Returns your usage: the totals of your jobs that are not deleted."""
    store, owner = request.services.store, request.user.uid
    totals = read_totals(store.run_query(owned_documents(TOTALS, owner)))
    worked_ms = {name: totals[f"worked_ms.{name}"] for name in FUNCTIONS}
    stored = store.sum_stored_bytes(owner)
    count_open = sum(totals[f"jobs.{status}"] for status in OPEN_STATUSES)
    return ApiResponse(
        UsageView(
            jobs=JobCounts(
                open=count_open,
                done=totals[f"jobs.{Status.DONE}"],
                failed=totals[f"jobs.{Status.FAILED}"],
                cancelled=totals[f"jobs.{Status.CANCELLED}"],
            ),
            files_made=totals["results"],
            minutes_in=_minutes(totals["input_ms"]),
            minutes_made=_minutes(totals["film_ms"]),
            stored_bytes=stored,
            worked_s=sum(worked_ms.values()) / 1000,
            cost_usd=total_compute_usd(worked_ms),
            limits=_limits(request, count_open, stored),
        )
    )


def _minutes(milliseconds: int) -> float:
    return round(milliseconds / 60_000, 2)


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
