"""Webhooks over the running suite: deliveries, retries, secrets and refused addresses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from infra.local.client.api_client import Client
from infra.local.suite.handle import SuiteHandle, wait_until
from shared.jobs.webhook_deliveries import delivery_id, event_id
from tests.fakes.webhook_receiver import WebhookReceiver, running_receiver
from tests.fixtures.suite import firestore
from tests.fixtures.suite.users import JOB_REQUEST, create_cancelled_job
from tests.fixtures.webhooks import load_readme_verifier

pytestmark = pytest.mark.suite


@pytest.fixture
def client(suite: SuiteHandle) -> Client:
    return suite.client()


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with running_receiver(204) as receiver:
        yield receiver


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
        wait_until(lambda: len(suite.list_emails(client.user.email)) == 2, "the second e-mail")
        client.call("POST", f"/v1/webhooks/{webhook_id}/enable")
        replay = client.call("POST", f"/v1/webhooks/{webhook_id}/deliveries/{row['id']}/replay")
        replayed = wait_for_delivery(client, webhook_id)

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
    suite: SuiteHandle, client: Client, receiver: WebhookReceiver
) -> None:
    webhook_id, _ = register(client, receiver)
    job_id: str = client.call("POST", "/v1/jobs", JOB_REQUEST)["job"]["id"]
    # The id of a delivery follows from event and webhook, so the crash can be requested before it.
    delivery = delivery_id(event_id(job_id, 0, "cancelled.e0"), webhook_id)
    crash_file = suite.crash_once("after_work", "webhook", delivery)
    client.call("POST", f"/v1/jobs/{job_id}/cancel")

    wait_until(lambda: not crash_file.exists(), "the crash")
    past = datetime.now(UTC) - timedelta(seconds=1)
    firestore.update_document(suite, f"deliveries/{delivery}", {"lease_until": past})
    make_delivery_due(suite, delivery)
    row = wait_until(
        lambda: next(
            (row for row in wait_for_deliveries(client, webhook_id) if row["state"] == "done"), None
        ),
        "the second call",
    )
    assert row["attempts"] == 2
    assert receiver.event_ids == [row["event_id"]] * 2


def test_rotated_secret_signs_together_with_the_old_one(
    client: Client, receiver: WebhookReceiver
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
        {"url": "https://x.test/", "events": ["job.started"]},
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
