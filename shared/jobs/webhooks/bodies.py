"""The bodies of calls, as Standard Webhooks defines them: type, timestamp and data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from shared.jobs.model import Job, Status

EVENTS: Mapping[Status, str] = {
    Status.DONE: "job.done",
    Status.FAILED: "job.failed",
    Status.CANCELLED: "job.cancelled",
}
"""The events of a job that webhooks receive, by the status in which it ended."""


def outcome_body(job: Job) -> str:
    """Returns the body of a call about a job's end."""
    return event_body(EVENTS[job.status], job.updated_at, job_data(job))


def job_data(job: Job) -> dict[str, Any]:
    """Returns what the body of a call says about a job. The links of its artifacts are paths of the
    API, which asks for a sign-in: whoever reads the body has no access to files."""
    return {
        "job_id": job.id,
        "title": job.title,
        "recipe": job.recipe_name,
        "status": job.status.value,
        "epoch": job.epoch,
        "revision": job.revision,
        "tags": list(job.user_metadata.tags),
        "metadata": dict(job.user_metadata.metadata),
        "artifacts": [
            {
                "name": artifact.name,
                "kind": artifact.kind,
                "content_type": artifact.content_type,
                "size_bytes": artifact.size_bytes,
                "url": artifact_path(job.id, artifact.name),
            }
            for artifact in job.results
        ],
        "error": dict(job.error) if job.error else None,
    }


def artifact_path(job_id: str, name: str) -> str:
    """Returns the path of the API that redirects to a result."""
    return f"/v1/jobs/{job_id}/artifacts/{quote(name, safe='')}"


def event_body(event: str, at: datetime, data: Mapping[str, Any]) -> str:
    """Returns the body of a call as Standard Webhooks defines it: type, timestamp and data."""
    timestamp = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    body = {"type": event, "timestamp": timestamp, "data": data}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))
