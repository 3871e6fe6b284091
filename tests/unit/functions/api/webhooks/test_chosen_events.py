"""A webhook receives the events that its owner chose, by default the ends of jobs."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from functions.api.routes import ROUTES
from functions.api.webhooks.event_schemas import EventName
from shared.jobs.webhooks.events import WEBHOOK_EVENTS
from tests.fakes.application import ALICE_HEADERS, AppHarness

OUTCOMES = ["job.done", "job.failed", "job.cancelled"]


@pytest.mark.parametrize(
    ("chosen", "received"),
    [
        ({}, OUTCOMES),
        ({"events": ["recording.done", "job.started"]}, ["job.started", "recording.done"]),
        ({"events": list(WEBHOOK_EVENTS)}, list(WEBHOOK_EVENTS)),
    ],
)
def test_events_of_a_new_webhook(chosen: dict[str, Any], received: list[str]) -> None:
    response = AppHarness(ROUTES).request(
        "POST", "/v1/webhooks", json={"url": "https://x.test", **chosen}, headers=ALICE_HEADERS
    )

    assert response.status_code == 201
    assert response.json["webhook"]["events"] == received


@pytest.mark.parametrize("events", [[], ["job.begun"], ["api_key.created"]])
def test_unknown_events_are_refused(events: list[str]) -> None:
    response = AppHarness(ROUTES).request(
        "POST", "/v1/webhooks", json={"url": "https://x.test", "events": events},
        headers=ALICE_HEADERS,
    )  # fmt: skip
    assert response.status_code == 422


def test_schema_names_the_events_that_exist() -> None:
    assert get_args(EventName) == tuple(WEBHOOK_EVENTS)
