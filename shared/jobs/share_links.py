"""Links for people: `shares/{token}`. Who knows the token gets one artifact of one job, until the
link's time is over, its owner withdraws it or the job is deleted."""

from __future__ import annotations

from datetime import datetime

from shared.flows.documents import Create
from shared.jobs.model import Job


def share_path(token: str) -> str:
    """shares/{token}"""
    return f"shares/{token}"


def new_share(token: str, job: Job, artifact: str, now: datetime, expires_at: datetime) -> Create:
    """The write that makes a link to the result named `artifact`."""
    return Create(
        share_path(token),
        {
            "job": job.id,
            "owner": job.owner,
            "artifact": artifact,
            "created_at": now,
            "expires_at": expires_at,
            "revoked": False,
            "uses": 0,
            "last_used_at": None,
        },
    )
