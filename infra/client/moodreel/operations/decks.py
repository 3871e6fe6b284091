"""The slides of a film."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moodreel.api import Api, path_of
from moodreel.flow import Flow
from moodreel.models import JobView

_READ_ONLY = ("revision", "current", "pictures", "added_pictures")
_READ_ONLY_OF_SLIDE = ("picture_url",)


def get_deck(api: Api, job_id: str) -> Flow[dict[str, Any]]:
    """Returns the deck as the API does."""
    response = yield from api.call("GET", path_of("jobs", job_id, "deck"))
    return dict(response.json())


def put_deck(
    api: Api, job_id: str, deck: Mapping[str, Any], *, release: bool, options: Mapping[str, Any]
) -> Flow[JobView]:
    """Replaces the deck with one that `get_deck` returned and that was changed. Returns the job.

    Raises:
        Conflict: The deck was edited since it was read.
        InvalidRequest: A slide cannot be rendered.
    """
    content = {name: value for name, value in deck.items() if name not in _READ_ONLY}
    content["slides"] = [
        {name: value for name, value in slide.items() if name not in _READ_ONLY_OF_SLIDE}
        for slide in deck["slides"]
    ]
    body = {
        "revision": deck["revision"],
        "deck": content,
        "options": dict(options),
        "release": release,
    }
    # With its revision, a repetition of the request opens no second one.
    response = yield from api.call("PUT", path_of("jobs", job_id, "deck"), body)
    return JobView.model_validate_json(response.content)
