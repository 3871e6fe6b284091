"""The emails for a job that is done, has failed or was cancelled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from functions.notification.outcomes import (
    count_spoken_moments,
    find_frame_count,
    find_main_result,
    find_remedy,
)
from shared.emails.render import build_email
from shared.emails.values import cut_line
from shared.flows.envelope import Envelope
from shared.jobs.model import Job, Status
from shared.ports.outbound import Email, InlineImage
from shared.runtime.settings import Settings

_TEMPLATES: Mapping[str, str] = {
    Status.DONE: "job_done",
    Status.FAILED: "job_failed",
    Status.CANCELLED: "job_cancelled",
}


@dataclass(frozen=True, slots=True)
class Link:
    """A share link and when it expires."""

    url: str
    expires_at: datetime


def write_email(
    job: Job,
    envelope: Envelope,
    link: Link | None,
    settings: Settings,
    thumbnail: InlineImage | None = None,
) -> Email:
    """Returns the email for a terminal job. `link` is for its main result, None without one."""
    values: dict[str, Any] = {
        "title": title_of(job),
        "recipe": job.recipe_name,
        "job_url": f"{settings.console_url}/jobs/{job.id}",
        "warnings": job.warnings,
    }
    if job.status is Status.DONE:
        result = find_main_result(job)
        values |= {
            "result": result,
            "share": link,
            "frame_count": find_frame_count(job, result),
            "spoken_moments": count_spoken_moments(job),
            "kept_until": job.expires_at,
        }
    elif job.status is Status.FAILED:
        error = job.error or {}
        code, stage = str(error.get("code", "unexpected")), str(error.get("stage") or "")
        values["error"] = {
            "code": code,
            "stage": stage,
            "message": str(error.get("message") or ""),
            "remedy": find_remedy(code, stage),
        }
    return build_email(
        _TEMPLATES[job.status],
        values,
        settings,
        to=job.email,
        seed=f"{envelope.job_id}.{envelope.revision}.{envelope.part}",
        can_unsubscribe=True,
        thumbnail=thumbnail,
    )


def title_of(job: Job) -> str:
    """Returns the job's title on one line, or else the name of its recipe."""
    return cut_line(job.title) or job.recipe_name
