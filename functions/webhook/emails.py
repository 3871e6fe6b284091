"""The emails about events: a deck waits for review, an export is ready, an API key was created."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from shared.emails.render import build_email
from shared.emails.values import cut_line
from shared.jobs.emails.preferences import can_choose
from shared.jobs.webhooks.events import API_KEY_CREATED, EXPORT_READY, JOB_AWAITING_REVIEW
from shared.ports.outbound import Email
from shared.runtime.settings import Settings


def find_email(
    event: str, data: Mapping[str, Any], settings: Settings, *, to: str, task_id: str
) -> Email | None:
    """Returns the email about an event, or None when there is none. `data` is that of the event's
    body. The Message-ID derives from the id of the task."""
    found = _EMAILS.get(event)
    if found is None:
        return None
    template, read = found
    return build_email(
        template, read(data, settings), settings,
        to=to, seed=task_id, can_unsubscribe=can_choose(event),
    )  # fmt: skip


def _review_values(data: Mapping[str, Any], settings: Settings) -> Mapping[str, Any]:
    return {
        "title": cut_line(data["title"]) or data["recipe"],
        "recipe": data["recipe"],
        "deck_url": f"{settings.console_url}/jobs/{data['job_id']}/deck",
    }


def _export_values(data: Mapping[str, Any], _: Settings) -> Mapping[str, Any]:
    return {
        "file_count": len(data["parts"]),
        "kept_until": datetime.fromisoformat(data["kept_until"]),
    }


def _key_values(data: Mapping[str, Any], _: Settings) -> Mapping[str, Any]:
    expires_at = data["expires_at"]
    return {
        "key_name": data["name"],
        "prefix": data["prefix"],
        "scopes": data["scopes"],
        "expires_at": None if expires_at is None else datetime.fromisoformat(expires_at),
    }


_ReadValues = Callable[[Mapping[str, Any], Settings], Mapping[str, Any]]
_EMAILS: Mapping[str, tuple[str, _ReadValues]] = {
    JOB_AWAITING_REVIEW: ("job_awaiting_review", _review_values),
    EXPORT_READY: ("export_ready", _export_values),
    API_KEY_CREATED: ("api_key_created", _key_values),
}
"""The template of an event's email, and what reads its values."""
