"""A call whose secret cannot be decrypted: it waits for its key, and is never sent unsigned."""

from __future__ import annotations

from dataclasses import replace

from shared.flows.documents import Update
from shared.jobs.webhooks.webhook import webhook_path
from shared.ports.outbound import OutboundResponse
from shared.tasks.task import TaskState
from tests.fakes.secret_keys import CAMERA_KEYS
from tests.fixtures.webhook_tasks import SECRET, WEBHOOK_SETTINGS, WebhookHarness


def test_call_waits_for_a_missing_key_and_is_sent_when_it_is_back(webhooks: WebhookHarness) -> None:
    webhooks.response = OutboundResponse(200)
    delivery = webhooks.add_delivery()
    for keys in ("", CAMERA_KEYS, "malformed"):
        webhooks.settings = replace(WEBHOOK_SETTINGS, webhook_keys=keys)
        webhooks.deliver(delivery)
        task = webhooks.task(delivery)
        assert (task.state, task.attempt) == (TaskState.OPEN, 0)
        assert task.data["error"]["code"] == "key-unavailable"
        webhooks.advance((task.due_at - webhooks.now).total_seconds() + 1)
    assert webhooks.called_urls == []
    errors = [details for event, details in webhooks.log_events if event == "secret.unreadable"]
    assert [row["severity"] for row in errors] == ["ERROR"] * 3
    assert all(row["document"] == webhook_path("h" * 20) for row in errors)

    webhooks.settings = WEBHOOK_SETTINGS
    webhooks.deliver(delivery)

    assert webhooks.task(delivery).state is TaskState.DONE
    assert webhooks.called_headers[0]["webhook-signature"].startswith("v1,")
    assert SECRET not in str(webhooks.log_events) + str(webhooks.store.documents)


def test_secret_of_another_webhook_signs_nothing(webhooks: WebhookHarness) -> None:
    webhooks.add_webhook("g" * 20)
    copied = {"secrets": [row.to_dict() for row in webhooks.webhook("g" * 20).secrets]}
    webhooks.store.commit([Update(webhook_path("h" * 20), copied)])

    webhooks.deliver(delivery := webhooks.add_delivery())

    task = webhooks.task(delivery)
    assert (task.state, task.data["error"]["code"]) == (TaskState.FAILED, "secret-unreadable")
    assert webhooks.called_urls == []


def test_plain_text_of_an_earlier_version_signs_without_a_key(webhooks: WebhookHarness) -> None:
    webhooks.response = OutboundResponse(200)
    webhooks.settings = replace(WEBHOOK_SETTINGS, webhook_keys="")
    plain = {"secrets": [{"value": SECRET, "valid_until": None}]}
    webhooks.store.commit([Update(webhook_path("h" * 20), plain)])

    webhooks.deliver(delivery := webhooks.add_delivery())

    assert webhooks.task(delivery).state is TaskState.DONE
