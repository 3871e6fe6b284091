"""What the caller has had made, what of it is kept, what it cost, and what is left of the limits.

All of it is derived from the caller's jobs as the ledger holds them: nothing is counted beside
them, so nothing can drift when messages come twice. A deleted job is no longer part of it.
"""

from __future__ import annotations

from collections.abc import Iterator

from functions.api import rate_limit_policies
from functions.api.jobs.handlers import LIVING, OPEN
from functions.api.jobs.recipes import MEGABYTE
from functions.api.rate_limits import look
from shared.cameras.recording import RUNNING
from shared.http.request import Answer, Call
from shared.http.schemas import Told
from shared.jobs.model import Job, Status
from shared.pipeline import STAGES
from shared.recipes.results import FilmResult
from shared.recipes.upload_results import Uploads

USD_A_VCPU_S = 0.000024
USD_A_GIB_S = 0.0000025
"""Cloud Run's list prices (tier 1, on demand). A unit of work is priced as if it had its instance
alone, from its claim to its end; attempts that failed, requests, storage and what other services
ask for are not in it."""
PAGE = 300


class JobCounts(Told):
    """Jobs by how they stand."""

    open: int
    done: int
    failed: int
    cancelled: int


class RateView(Told):
    """`remaining` of `quota` now; more in `reset_s` seconds."""

    quota: int
    window_s: int
    remaining: int
    reset_s: int


class AmountView(Told):
    """How much of a quota is used."""

    quota: int
    used: int


class LimitsView(Told):
    """What may still be asked for. `upload_bytes`: how large a file of a kind may be."""

    job_creations: RateView
    jobs_at_once: AmountView
    recordings_at_once: AmountView
    storage_bytes: AmountView
    upload_bytes: dict[str, int]


class UsageView(Told):
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


def get_usage(call: Call) -> Answer:
    """Summed up now, over all jobs of the caller."""
    jobs = list(_all_jobs(call))
    by_status = [job.status for job in jobs]
    worked = {name: sum(one.worked_ms.get(name, 0) for one in jobs) / 1000 for name in STAGES}
    stored = call.world.store.stored_bytes(call.user.uid)
    count_open = sum(one in OPEN for one in by_status)
    return Answer(
        UsageView(
            jobs=JobCounts(
                open=count_open,
                done=by_status.count(Status.DONE),
                failed=by_status.count(Status.FAILED),
                cancelled=by_status.count(Status.CANCELLED),
            ),
            files_made=sum(len(job.results) for job in jobs),
            minutes_in=_minutes(sum(seconds_in(job) for job in jobs)),
            minutes_made=_minutes(sum(seconds_made(job) for job in jobs)),
            stored_bytes=stored,
            worked_s=round(sum(worked.values()), 3),
            cost_usd=round(sum(cost_usd(name, seconds) for name, seconds in worked.items()), 6),
            limits=_limits(call, count_open, stored),
        )
    )


def cost_usd(stage: str, seconds: float) -> float:
    """What so long a work on a stage costs."""
    row = STAGES[stage]
    return seconds * (row.cpu * USD_A_VCPU_S + row.memory_mb / 1024 * USD_A_GIB_S)


def seconds_in(job: Job) -> float:
    """How long the video and the sounds are that came in, as far as their files say."""
    uploads = Uploads.find(job.facts)
    return 0.0 if uploads is None else sum(one.duration_s for one in uploads.inputs.values())


def seconds_made(job: Job) -> float:
    """How long the film is that was made."""
    film = FilmResult.find(job.facts)
    return 0.0 if film is None else film.duration_s


def _minutes(seconds: float) -> float:
    return round(seconds / 60, 2)


def _limits(call: Call, count_open: int, stored: int) -> LimitsView:
    settings = call.settings
    standing = look(call, rate_limit_policies.job_creations(settings), call.user.uid)
    return LimitsView(
        job_creations=RateView(
            quota=standing.policy.quota,
            window_s=standing.policy.window_s,
            remaining=standing.remaining,
            reset_s=standing.reset_s,
        ),
        jobs_at_once=AmountView(quota=settings.jobs_at_once, used=count_open),
        recordings_at_once=AmountView(
            quota=settings.recordings_at_once,
            used=call.world.store.recordings_in(call.user.uid, RUNNING),
        ),
        storage_bytes=AmountView(quota=settings.storage_mb * MEGABYTE, used=stored),
        upload_bytes={
            "image": settings.image_mb * MEGABYTE,
            "audio": settings.audio_mb * MEGABYTE,
            "video": settings.video_mb * MEGABYTE,
        },
    )


def _all_jobs(call: Call) -> Iterator[Job]:
    after = None
    while True:
        docs = call.world.store.jobs_of(call.user.uid, statuses=LIVING, after=after, most=PAGE)
        yield from (Job.from_doc(doc) for doc in docs)
        if len(docs) < PAGE:
            return
        after = (docs[-1].data["created_at"], docs[-1].id)
