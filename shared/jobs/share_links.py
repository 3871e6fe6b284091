"""Share links: `shares/{token}`. The token gives access to one artifact of a job until the link
expires, its owner revokes it or the job is deleted."""

from __future__ import annotations

from datetime import datetime

from shared.flows.documents import Create
from shared.jobs.model import Job


def share_path(token: str) -> str:
    """shares/{token}"""
    return f"shares/{token}"


def new_share(token: str, job: Job, artifact: str, now: datetime, expires_at: datetime) -> Create:
    """Returns the write that creates a link to the result named `artifact`."""
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
