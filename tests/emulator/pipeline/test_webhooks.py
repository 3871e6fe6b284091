"""Webhooks over the real suite: a server that takes, refuses, stalls, moves away or is gone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from infra.local.suite.api_client import Client
from infra.local.suite.handle import SuiteHandle, wait_until
from shared.jobs.webhooks import delivery_id, event_id
from tests.fakes.webhook_receiver import WebhookReceiver, running_receiver
from tests.fixtures.suite import firestore
from tests.fixtures.suite.users import JOB_REQUEST
from tests.fixtures.webhooks import load_readme_verifier

pytestmark = pytest.mark.suite


@pytest.fixture
def client(suite: SuiteHandle) -> Client:
    return suite.client()


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with running_receiver(204) as found:
        yield found


def registered(client: Client, receiver: WebhookReceiver, path: str = "/in") -> tuple[str, str]:
    """A webhook to the receiver; its id and its secret."""
    told = client.call("POST", "/v1/webhooks", {"url": receiver.url + path})
    return told["webhook"]["id"], told["secret"]


def cancelled_job(client: Client) -> str:
    """The fastest way to an outcome; the job's id."""
    job_id: str = client.call("POST", "/v1/jobs", JOB_REQUEST)["job"]["id"]
    client.call("POST", f"/v1/jobs/{job_id}/cancel")
    return job_id


def logged(client: Client, hook: str, count: int = 1) -> list[dict[str, Any]]:
    """The log of a webhook once it has so many rows."""

    def look() -> list[dict[str, Any]] | None:
        rows = client.call("GET", f"/v1/webhooks/{hook}/deliveries")["deliveries"]
        return rows if len(rows) >= count else None

    return wait_until(look, f"{count} deliveries")


def ended(client: Client, hook: str, state: str = "done", tries: int = 1) -> dict[str, Any]:
    """The webhook's only delivery once it stands so after so many tries."""
    return wait_until(
        lambda: next(
            (
                row
                for row in logged(client, hook)
                if row["state"] == state and len(row["tries"]) >= tries
            ),
            None,
        ),
        f"a delivery that is {state}",
    )


def hurry(suite: SuiteHandle, delivery: str) -> None:
    """The wait for the next try is over, and the sweeper comes by."""
    past = datetime.now(UTC) - timedelta(seconds=1)
    firestore.update_document(
        suite, f"deliveries/{delivery}", {"due_at": past, "next_check_at": past}
    )
    suite.trigger_schedule("sweeper")


def test_an_end_is_told_signed_and_without_links(client: Client, receiver: WebhookReceiver) -> None:
    hook, secret = registered(client, receiver)
    job_id = cancelled_job(client)

    row = ended(client, hook)
    [seen] = receiver.requests
    body = json.loads(seen.body)
    assert load_readme_verifier()(secret, seen.headers, seen.body)
    assert (seen.path, seen.headers["content-type"]) == ("/in", "application/json")
    assert (body["type"], body["data"]["job_id"]) == ("job.cancelled", job_id)
    assert body["data"]["status"] == "cancelled"
    assert b"http" not in seen.body
    assert (row["event_id"], row["job_id"]) == (seen.headers["webhook-id"], job_id)
    assert [(attempt["status"], attempt["attempt"]) for attempt in row["tries"]] == [(204, 1)]
    assert row["body"] == body


def test_a_ping_arrives_and_a_second_one_has_to_wait(
    client: Client, receiver: WebhookReceiver
) -> None:
    hook, _ = registered(client, receiver)

    first = client.send("POST", f"/v1/webhooks/{hook}/test")
    second = client.send("POST", f"/v1/webhooks/{hook}/test")

    assert (first.status, first.json()["event"]) == (202, "ping")
    assert (second.status, second.json()["code"]) == (409, "tested-just-now")
    assert ended(client, hook)["job_id"] is None
    assert json.loads(receiver.requests[0].body)["data"] == {"webhook_id": hook}


def test_a_server_that_fails_is_called_again_as_the_same_event(
    suite: SuiteHandle, client: Client
) -> None:
    with running_receiver(500, (302, {"Location": "http://127.0.0.1:1/"}), 204) as receiver:
        hook, _ = registered(client, receiver)
        cancelled_job(client)
        # The second try comes by itself after five seconds, the third one in five minutes.
        row = ended(client, hook, "open", tries=2)
        assert row["error_code"] == "status-302"
        hurry(suite, row["id"])
        row = ended(client, hook)

    assert [attempt["status"] for attempt in row["tries"]] == [500, 302, 204]
    assert len(set(receiver.event_ids)) == 1
    assert len({request.headers["webhook-timestamp"] for request in receiver.requests}) > 1
    assert row["attempts"] == 3


def test_a_busy_server_is_left_alone_for_as_long_as_it_asks(client: Client) -> None:
    with running_receiver((429, {"Retry-After": "7200"})) as receiver:
        hook, _ = registered(client, receiver)
        cancelled_job(client)
        row = ended(client, hook, "open")

    wait = datetime.fromisoformat(row["next_try_at"]) - datetime.now(UTC)
    assert timedelta(minutes=118) < wait < timedelta(minutes=121)
    assert len(receiver.requests) == 1


def test_a_server_that_is_gone_is_called_no_more_until_it_is_enabled(
    suite: SuiteHandle, client: Client
) -> None:
    with running_receiver(410, 204) as receiver:
        hook, _ = registered(client, receiver)
        cancelled_job(client)
        row = ended(client, hook, "failed")
        assert client.call("GET", f"/v1/webhooks/{hook}")["disabled"] == "gone"
        refused = client.send("POST", f"/v1/webhooks/{hook}/test")
        cancelled_job(client)
        wait_until(lambda: len(suite.list_emails(client.user.email)) == 2, "the second mail")
        client.call("POST", f"/v1/webhooks/{hook}/enable")
        replay = client.call("POST", f"/v1/webhooks/{hook}/deliveries/{row['id']}/replay")
        again = ended(client, hook)

    assert (row["error_code"], refused.status) == ("status-410", 409)
    assert (again["id"], again["event_id"]) == (replay["id"], row["event_id"])
    assert receiver.event_ids == [row["event_id"]] * 2
    assert len(logged(client, hook)) == 2, "what ended while it was disabled is not told"


def test_nobody_there_costs_neither_the_job_nor_its_mail(
    suite: SuiteHandle, client: Client
) -> None:
    with running_receiver(204) as receiver:
        hook, _ = registered(client, receiver)
    job_id = cancelled_job(client)

    row = ended(client, hook, "open", tries=2)
    mail = wait_until(lambda: suite.list_emails(client.user.email), "the mail")
    job = client.get_job(job_id)
    assert row["error_code"] == "connection-refused"
    assert [attempt["fault"] for attempt in row["tries"]] == ["connection-refused"] * 2
    assert len(mail) == 1
    assert (job["status"], job["error"]) == ("cancelled", None)
    underway = client.send("POST", f"/v1/webhooks/{hook}/deliveries/{row['id']}/replay")
    assert (underway.status, underway.json()["code"]) == (409, "delivery-underway")


def test_a_power_cut_after_the_call_calls_again_and_loses_nothing(
    suite: SuiteHandle, client: Client, receiver: WebhookReceiver
) -> None:
    hook, _ = registered(client, receiver)
    job_id: str = client.call("POST", "/v1/jobs", JOB_REQUEST)["job"]["id"]
    # A delivery's id is made of its event and its webhook, so the order can stand before it.
    delivery = delivery_id(event_id(job_id, 0, "cancelled.e0"), hook)
    order = suite.crash_once("after_work", "webhook", delivery)
    client.call("POST", f"/v1/jobs/{job_id}/cancel")

    wait_until(lambda: not order.exists(), "the crash")
    past = datetime.now(UTC) - timedelta(seconds=1)
    firestore.update_document(suite, f"deliveries/{delivery}", {"lease_until": past})
    hurry(suite, delivery)
    row = wait_until(
        lambda: next((one for one in logged(client, hook) if one["state"] == "done"), None),
        "the second call",
    )
    assert row["attempts"] == 2
    assert receiver.event_ids == [row["event_id"]] * 2


def test_a_rotated_secret_signs_beside_the_old_one(
    client: Client, receiver: WebhookReceiver
) -> None:
    hook, old = registered(client, receiver)
    told = client.call("POST", f"/v1/webhooks/{hook}/secret")
    client.call("POST", f"/v1/webhooks/{hook}/test")
    ended(client, hook)

    [seen] = receiver.requests
    verify = load_readme_verifier()
    assert verify(old, seen.headers, seen.body)
    assert verify(told["secret"], seen.headers, seen.body)
    assert told["webhook"]["secrets"] == 2
    listed = client.call("GET", "/v1/webhooks")
    assert "whsec_" not in json.dumps(listed), "a secret is shown once"


def test_a_webhook_that_was_taken_away_is_called_no_more(
    client: Client, suite: SuiteHandle
) -> None:
    with running_receiver(500) as receiver:
        hook, _ = registered(client, receiver)
        cancelled_job(client)
        row = ended(client, hook, "open", tries=1)
        assert client.send("DELETE", f"/v1/webhooks/{hook}").status == 204
        hurry(suite, row["id"])
        doc = wait_until(
            lambda: next(
                (
                    found
                    for found in [firestore.read_document(suite, f"deliveries/{row['id']}")]
                    if found and found["state"] == "failed"
                ),
                None,
            ),
            "its delivery to be given up",
        )

    assert doc["error"]["code"] == "webhook-deleted"
    assert client.send("GET", f"/v1/webhooks/{hook}").status == 404


def test_a_person_has_ten_webhooks_at_most(client: Client, receiver: WebhookReceiver) -> None:
    for _ in range(10):
        registered(client, receiver)

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
def test_what_cannot_be_called_is_not_registered(client: Client, body: dict[str, Any]) -> None:
    response = client.send("POST", "/v1/webhooks", body)

    assert response.status == 422
    assert response.json()["errors"]


def test_without_the_local_setting_this_machine_is_not_called(
    suite: SuiteHandle, client: Client, receiver: WebhookReceiver
) -> None:
    hook, _ = registered(client, receiver)
    suite.restart("webhook", {"MOODREEL_ALLOW_PRIVATE_WEBHOOKS": "0"})
    try:
        client.call("POST", f"/v1/webhooks/{hook}/test")
        row = ended(client, hook, "open")
    finally:
        suite.restart("webhook")

    assert row["error_code"] == "unfit-url"
    assert receiver.requests == []
