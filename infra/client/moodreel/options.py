"""The arguments that both clients take: the address, the credentials, and the filter of jobs."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from datetime import datetime

from moodreel.credentials import Credentials, Token

URL_VARIABLE = "MOODREEL_URL"
KEY_VARIABLE = "MOODREEL_API_KEY"
RETRY_S = 120.0
TIMEOUT_S = 60.0
_PAGE_SIZE = "100"


def find_url(base_url: str | None) -> str:
    """Returns the address of the API. Raises ValueError if there is none."""
    url = base_url or os.environ.get(URL_VARIABLE)
    if not url:
        raise ValueError(f"Pass base_url, or set {URL_VARIABLE}.")
    return url


def find_credentials(
    api_key: str | None, token: str | None, credentials: Credentials | None
) -> Credentials:
    """Returns the credentials that were passed, or those of the environment. Raises ValueError."""
    if credentials is not None:
        return credentials
    bearer = api_key or token or os.environ.get(KEY_VARIABLE)
    if not bearer:
        raise ValueError(f"Pass api_key, token or credentials, or set {KEY_VARIABLE}.")
    return Token(bearer)


def page_query() -> dict[str, str]:
    """Returns the query of a list: the size of a page."""
    return {"limit": _PAGE_SIZE}


def job_query(
    recipe: str | None,
    status: str | None,
    q: str | None,
    tag: str | None,
    created_after: datetime | None,
    created_before: datetime | None,
) -> dict[str, str]:
    """Returns the query of a list of jobs."""
    values = {
        "limit": _PAGE_SIZE,
        "recipe": recipe,
        "status": status,
        "q": q,
        "tag": tag,
        "created_after": _format_time(created_after),
        "created_before": _format_time(created_before),
    }
    return {name: value for name, value in values.items() if value is not None}


def job_members(
    title: str | None,
    prompt: str | None,
    text: str | None,
    from_job: str | None,
    description: str | None,
    tags: Collection[str] | None,
    metadata: Mapping[str, str] | None,
    deliver_to: str | Mapping[str, str] | None,
) -> dict[str, object]:
    """Returns the members of a request for a job, without its recipe, inputs and options."""
    return {
        "title": title,
        "prompt": prompt,
        "text": text,
        "from": from_job,
        "description": description,
        "tags": None if tags is None else list(tags),
        "metadata": None if metadata is None else dict(metadata),
        "deliver_to": _destination(deliver_to),
    }


def _destination(deliver_to: str | Mapping[str, str] | None) -> dict[str, object] | None:
    """Returns the member for a folder in a bucket, or for URLs by the names of results."""
    if deliver_to is None:
        return None
    return {"url": deliver_to} if isinstance(deliver_to, str) else {"urls": dict(deliver_to)}


def _format_time(time: datetime | None) -> str | None:
    # A time without an offset is that of this machine.
    return None if time is None else time.astimezone().isoformat()
