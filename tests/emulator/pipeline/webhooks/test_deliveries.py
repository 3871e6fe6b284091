"""Deliveries of webhooks over the running suite: signatures, retries, failing servers."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from infra.local.client.api_client import Client
from infra.local.suite.handle import SuiteHandle, wait_until
from shared.flows.documents import Update
from shared.jobs.webhooks.deliveries import delivery_id, event_id
from shared.runtime.services import Services
from tests.emulator.pipeline.webhooks.webhook_requests import (
    make_delivery_due,
    register,
    wait_for_deliveries,
    wait_for_delivery,
)
from tests.fakes.webhook_receiver import WebhookReceiver, running_receiver
from tests.fixtures.suite.users import JOB_REQUEST, create_cancelled_job
from tests.fixtures.webhooks import load_readme_verifier

pytestmark = pytest.mark.suite


def test_outcome_is_sent_signed_and_without_links(
    client: Client, receiver: WebhookReceiver
) -> None:
    webhook_id, secret = register(client, receiver)
    job_id = create_cancelled_job(client)

    row = wait_for_delivery(client, webhook_id)
    [received] = receiver.requests
    body = json.loads(received.body)
    assert load_readme_verifier()(secret, received.headers, received.body)
    assert (received.path, received.headers["content-type"]) == ("/in", "application/json")
    assert (body["type"], body["data"]["job_id"]) == ("job.cancelled", job_id)
    assert body["data"]["status"] == "cancelled"
    assert b"http" not in received.body
    assert (row["event_id"], row["job_id"]) == (received.headers["webhook-id"], job_id)
    assert [(attempt["status"], attempt["attempt"]) for attempt in row["tries"]] == [(204, 1)]
    assert row["body"] == body


def test_ping_arrives_and_a_second_one_is_refused(
    client: Client, receiver: WebhookReceiver
) -> None:
    webhook_id, _ = register(client, receiver)

    first = client.send("POST", f"/v1/webhooks/{webhook_id}/test")
    second = client.send("POST", f"/v1/webhooks/{webhook_id}/test")

    assert (first.status, first.json()["event"]) == (202, "ping")
    assert (second.status, second.json()["code"]) == (409, "tested-just-now")
    assert wait_for_delivery(client, webhook_id)["job_id"] is None
    assert json.loads(receiver.requests[0].body)["data"] == {"webhook_id": webhook_id}


def test_failing_server_is_retried_with_the_same_event(suite: SuiteHandle, client: Client) -> None:
    with running_receiver(500, (302, {"Location": "http://127.0.0.1:1/"}), 204) as receiver:
        webhook_id, _ = register(client, receiver)
        create_cancelled_job(client)
        # The second attempt follows after 5 s, the third one after 5 min.
        row = wait_for_delivery(client, webhook_id, "open", tries=2)
        assert row["error_code"] == "status-302"
        make_delivery_due(suite, row["id"])
        row = wait_for_delivery(client, webhook_id)

    assert [attempt["status"] for attempt in row["tries"]] == [500, 302, 204]
    assert len(set(receiver.event_ids)) == 1
    assert len({request.headers["webhook-timestamp"] for request in receiver.requests}) > 1
    assert row["attempts"] == 3


def test_retry_after_of_a_busy_server_is_respected(client: Client) -> None:
    with running_receiver((429, {"Retry-After": "7200"})) as receiver:
        webhook_id, _ = register(client, receiver)
        create_cancelled_job(client)
        row = wait_for_delivery(client, webhook_id, "open")

    wait = datetime.fromisoformat(row["next_try_at"]) - datetime.now(UTC)
    assert timedelta(minutes=118) < wait < timedelta(minutes=121)
    assert len(receiver.requests) == 1


def test_gone_server_is_disabled_until_it_is_enabled_again(
    suite: SuiteHandle, client: Client
) -> None:
    with running_receiver(410, 204) as receiver:
        webhook_id, _ = register(client, receiver)
        create_cancelled_job(client)
        row = wait_for_delivery(client, webhook_id, "failed")
        assert client.call("GET", f"/v1/webhooks/{webhook_id}")["disabled"] == "gone"
        refused = client.send("POST", f"/v1/webhooks/{webhook_id}/test")
        create_cancelled_job(client)
        wait_until(lambda: len(suite.list_emails(client.user.email)) == 3, "the three e-mails")
        client.call("POST", f"/v1/webhooks/{webhook_id}/enable")
        replay = client.call("POST", f"/v1/webhooks/{webhook_id}/deliveries/{row['id']}/replay")
        replayed = wait_for_delivery(client, webhook_id)

    subjects = [email["subject"] for email in suite.list_emails(client.user.email)]
    assert sorted(subject.split(":")[0] for subject in subjects) == [
        "A webhook was disabled", "Cancelled", "Cancelled",
    ]  # fmt: skip
    assert (row["error_code"], refused.status) == ("status-410", 409)
    assert (replayed["id"], replayed["event_id"]) == (replay["id"], row["event_id"])
    assert receiver.event_ids == [row["event_id"]] * 2
    assert len(wait_for_deliveries(client, webhook_id)) == 2, (
        "an outcome was sent while the webhook was disabled"
    )


def test_unreachable_server_affects_neither_job_nor_email(
    suite: SuiteHandle, client: Client
) -> None:
    with running_receiver(204) as receiver:
        webhook_id, _ = register(client, receiver)
    job_id = create_cancelled_job(client)

    row = wait_for_delivery(client, webhook_id, "open", tries=2)
    emails = wait_until(lambda: suite.list_emails(client.user.email), "the e-mail")
    job = client.get_job(job_id)
    assert row["error_code"] == "connection-refused"
    assert [attempt["fault"] for attempt in row["tries"]] == ["connection-refused"] * 2
    assert len(emails) == 1
    assert (job["status"], job["error"]) == ("cancelled", None)
    underway = client.send("POST", f"/v1/webhooks/{webhook_id}/deliveries/{row['id']}/replay")
    assert (underway.status, underway.json()["code"]) == (409, "delivery-underway")


def test_crash_after_the_call_repeats_the_call(
    suite: SuiteHandle, services: Services, client: Client, receiver: WebhookReceiver
) -> None:
    webhook_id, _ = register(client, receiver)
    job_id: str = client.call("POST", "/v1/jobs", JOB_REQUEST)["job"]["id"]
    # The id of a delivery follows from event and webhook, so the crash can be requested before it.
    delivery = delivery_id(event_id(job_id, 0, "cancelled.e0"), webhook_id)
    crash_file = suite.crash_once("after_work", "webhook", delivery)
    client.call("POST", f"/v1/jobs/{job_id}/cancel")

    wait_until(lambda: not crash_file.exists(), "the crash")
    path, past = f"deliveries/{delivery}", datetime.now(UTC) - timedelta(seconds=1)
    (doc,) = services.store.read([path])
    assert doc is not None
    # On a busy machine, the lease may have expired and the message may be delivered again by now.
    # Taking the lease of that attempt would lead to a third call.
    if doc.data["attempt"] == 1:
        services.store.commit([Update(path, {"lease_until": past}, doc.version)])
    make_delivery_due(suite, delivery)
    row = wait_until(
        lambda: next(
            (row for row in wait_for_deliveries(client, webhook_id) if row["state"] == "done"), None
        ),
        "the second call",
    )
    assert row["attempts"] == 2
    assert receiver.event_ids == [row["event_id"]] * 2
