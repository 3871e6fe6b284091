"""Jobs as the API returns them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from moodreel.models import JobView

_NOW = datetime(2026, 11, 21, tzinfo=UTC)
_STAGE: Mapping[str, Any] = {
    "progress": 0.0, "attempts": 1, "queued_at": None, "started_at": None, "finished_at": None,
    "counts": {}, "error": None, "waiting": None,
}  # fmt: skip


def make_job(*stages: Mapping[str, Any], status: str = "running") -> JobView:
    """A job with these stages."""
    return JobView.model_validate(
        {
            "id": "j" * 20, "recipe": "frames", "title": "Holiday", "status": status,
            "epoch": 0, "revision": 0, "error": None, "created_at": _NOW, "updated_at": _NOW,
            "expires_at": _NOW, "options": {}, "artifacts": (), "warnings": (), "voice": None,
            "stages": [{**_STAGE, **stage} for stage in stages],
        }
    )  # fmt: skip
