"""Requests of the tests of webhooks: registration and deliveries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from infra.local.client.api_client import Client
from infra.local.suite.handle import SuiteHandle, wait_until
from tests.fakes.webhook_receiver import WebhookReceiver
from tests.fixtures.suite import firestore


def register(client: Client, receiver: WebhookReceiver, path: str = "/in") -> tuple[str, str]:
    """Registers the receiver as a webhook. Returns its id and secret."""
    created = client.call("POST", "/v1/webhooks", {"url": receiver.url + path})
    return created["webhook"]["id"], created["secret"]


def wait_for_deliveries(client: Client, webhook_id: str, count: int = 1) -> list[dict[str, Any]]:
    """Returns the deliveries of a webhook once there are at least `count`."""

    def read_deliveries() -> list[dict[str, Any]] | None:
        rows = client.call("GET", f"/v1/webhooks/{webhook_id}/deliveries")["deliveries"]
        return rows if len(rows) >= count else None

    return wait_until(read_deliveries, f"{count} deliveries")


def wait_for_delivery(
    client: Client, webhook_id: str, state: str = "done", tries: int = 1
) -> dict[str, Any]:
    """Returns the first delivery in this state with at least `tries` attempts."""
    return wait_until(
        lambda: next(
            (
                row
                for row in wait_for_deliveries(client, webhook_id)
                if row["state"] == state and len(row["tries"]) >= tries
            ),
            None,
        ),
        f"a delivery that is {state}",
    )


def make_delivery_due(suite: SuiteHandle, delivery: str) -> None:
    """Makes the next attempt due now and runs the sweeper."""
    past = datetime.now(UTC) - timedelta(seconds=1)
    firestore.update_document(
        suite, f"deliveries/{delivery}", {"due_at": past, "next_check_at": past}
    )
    suite.trigger_schedule("sweeper")
