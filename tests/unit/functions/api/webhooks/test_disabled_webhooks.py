"""What the owner of a webhook sees when it fails or is disabled, and how it is enabled."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from functions.api.routes import ROUTES
from shared.flows.documents import Doc, Update
from shared.jobs.webhooks.webhook import FAILING, Webhook, counting_failure, disabling, webhook_path
from tests.fakes.application import ALICE_HEADERS, AppHarness

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
ERROR = {"code": "timeout", "message": "The webhook's server did not answer in time."}


def register(harness: AppHarness) -> str:
    """Registers a webhook of Alice. Returns its id."""
    response = harness.request(
        "POST", "/v1/webhooks", headers=ALICE_HEADERS,
        data=json.dumps({"url": "https://example.org/hook"}), content_type="application/json",
    )  # fmt: skip
    return str(response.json["webhook"]["id"])


def read(harness: AppHarness, webhook_id: str) -> Webhook:
    (doc,) = harness.store.read([webhook_path(webhook_id)])
    assert isinstance(doc, Doc)
    return Webhook.from_doc(doc)


def call(harness: AppHarness, method: str, path: str) -> Any:
    return harness.request(method, path, headers=ALICE_HEADERS)


def test_new_webhook_has_no_failures_and_the_address_of_its_owner() -> None:
    harness = AppHarness(ROUTES)
    webhook_id = register(harness)

    view = call(harness, "GET", f"/v1/webhooks/{webhook_id}").json
    assert read(harness, webhook_id).email == "alice@moodreel.test"
    assert "email" not in view
    assert {name: view[name] for name in ("disabled", "disabled_at", "failing_since")} == {
        "disabled": None, "disabled_at": None, "failing_since": None,
    }  # fmt: skip
    assert (view["failures"], view["last_error"]) == (0, None)


def test_disabled_webhook_shows_since_when_and_why() -> None:
    harness = AppHarness(ROUTES)
    webhook_id = register(harness)
    harness.store.commit([counting_failure(read(harness, webhook_id), ERROR, NOW)])
    assert call(harness, "GET", f"/v1/webhooks/{webhook_id}").json["failures"] == 1
    harness.store.commit([disabling(read(harness, webhook_id), FAILING, ERROR, NOW)])

    view = call(harness, "GET", f"/v1/webhooks/{webhook_id}").json
    assert (view["disabled"], view["disabled_at"]) == ("failing", "2026-11-26T12:00:00.000Z")
    assert view["last_error"] == {**ERROR, "at": "2026-11-26T12:00:00.000Z"}
    refused = call(harness, "POST", f"/v1/webhooks/{webhook_id}/test")
    assert refused.status_code == 409


def test_enabled_webhook_starts_again() -> None:
    harness = AppHarness(ROUTES)
    webhook_id = register(harness)
    harness.store.commit([disabling(read(harness, webhook_id), FAILING, ERROR, NOW)])

    view = call(harness, "POST", f"/v1/webhooks/{webhook_id}/enable").json

    assert (view["disabled"], view["failures"], view["last_error"]) == (None, 0, None)
    assert call(harness, "POST", f"/v1/webhooks/{webhook_id}/test").status_code == 202


def test_delivery_that_ended_with_the_webhook_can_be_replayed() -> None:
    harness = AppHarness(ROUTES)
    webhook_id = register(harness)
    path = f"/v1/webhooks/{webhook_id}"
    delivery = call(harness, "POST", f"{path}/test").json["id"]
    error = {"code": "webhook-disabled", "message": "The webhook was disabled."}
    harness.store.commit(
        [
            Update(
                f"deliveries/{delivery}",
                {"state": "failed", "error": error, "finished_at": NOW},
            ),
            Update(webhook_path(webhook_id), {"tested_at": None}),
        ]
    )

    shown = call(harness, "GET", f"{path}/deliveries/{delivery}").json
    replayed = call(harness, "POST", f"{path}/deliveries/{delivery}/replay")

    assert shown["error_code"] == "webhook-disabled"
    assert replayed.status_code == 202
    assert replayed.json["event_id"] == shown["event_id"]
    assert replayed.json["state"] == "open"
