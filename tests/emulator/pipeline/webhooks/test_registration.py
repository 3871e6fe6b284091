"""Registered webhooks: secrets, limits, deleted and refused ones."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.local.client.api_client import Client
from infra.local.suite.handle import SuiteHandle, wait_until
from tests.emulator.pipeline.webhooks.webhook_requests import (
    make_delivery_due,
    register,
    wait_for_delivery,
)
from tests.fakes.webhook_receiver import WebhookReceiver, running_receiver
from tests.fixtures.suite import firestore
from tests.fixtures.suite.users import create_cancelled_job
from tests.fixtures.webhooks import load_readme_verifier

pytestmark = pytest.mark.suite


def test_rotated_secret_signs_together_with_the_old_one(
    client: Client, receiver: WebhookReceiver, suite: SuiteHandle
) -> None:
    webhook_id, old_secret = register(client, receiver)
    rotated = client.call("POST", f"/v1/webhooks/{webhook_id}/secret")
    client.call("POST", f"/v1/webhooks/{webhook_id}/test")
    wait_for_delivery(client, webhook_id)

    [received] = receiver.requests
    verify = load_readme_verifier()
    assert verify(old_secret, received.headers, received.body)
    assert verify(rotated["secret"], received.headers, received.body)
    assert rotated["webhook"]["secrets"] == 2
    listed = client.call("GET", "/v1/webhooks")
    assert "whsec_" not in json.dumps(listed), "a secret is shown a second time"
    stored = firestore.read_document(suite, f"webhooks/{webhook_id}")
    assert stored is not None
    assert len(stored["secrets"]) == 2
    assert "whsec_" not in str(stored), "a secret is stored in plain text"


def test_deleted_webhook_is_not_called_again(client: Client, suite: SuiteHandle) -> None:
    with running_receiver(500) as receiver:
        webhook_id, _ = register(client, receiver)
        create_cancelled_job(client)
        row = wait_for_delivery(client, webhook_id, "open", tries=1)
        assert client.send("DELETE", f"/v1/webhooks/{webhook_id}").status == 204
        make_delivery_due(suite, row["id"])
        delivery = wait_until(
            lambda: next(
                (
                    document
                    for document in [firestore.read_document(suite, f"deliveries/{row['id']}")]
                    if document and document["state"] == "failed"
                ),
                None,
            ),
            "its delivery to fail",
        )

    assert delivery["error"]["code"] == "webhook-deleted"
    assert client.send("GET", f"/v1/webhooks/{webhook_id}").status == 404


def test_user_has_at_most_ten_webhooks(client: Client, receiver: WebhookReceiver) -> None:
    for _ in range(10):
        register(client, receiver)

    response = client.send("POST", "/v1/webhooks", {"url": receiver.url})

    assert (response.status, response.json()["code"]) == (409, "too-many-webhooks")


@pytest.mark.parametrize(
    "body",
    [
        {"url": "ftp://x.test/"},
        {"url": "https://u:p@x.test/"},
        {"url": ""},
        {"url": "https://x.test/", "events": []},
        {"url": "https://x.test/", "events": ["job.begun"]},
        {"url": "https://x.test/", "secret": "whsec_mine"},
        {},
    ],
)
def test_invalid_webhook_is_refused(client: Client, body: dict[str, Any]) -> None:
    response = client.send("POST", "/v1/webhooks", body)

    assert response.status == 422
    assert response.json()["errors"]


def test_private_address_is_not_called_without_the_local_setting(
    suite: SuiteHandle, client: Client, receiver: WebhookReceiver
) -> None:
    webhook_id, _ = register(client, receiver)
    suite.restart("webhook", {"MOODREEL_ALLOW_PRIVATE_WEBHOOKS": "0"})
    try:
        client.call("POST", f"/v1/webhooks/{webhook_id}/test")
        row = wait_for_delivery(client, webhook_id, "open")
    finally:
        suite.restart("webhook")

    assert row["error_code"] == "unfit-url"
    assert receiver.requests == []
