"""Events reach the webhooks of a user and the mailbox once, as the user chose."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from shared.flows.documents import Create, Delete, Update, stage_path
from shared.flows.effects import Reply
from shared.jobs.creation import new_job
from shared.jobs.emails.preferences import MAIL_KINDS, preferences_path
from shared.jobs.model import Job
from shared.jobs.webhooks.events import (
    API_KEY_CREATED,
    EXPORT_READY,
    JOB_AWAITING_REVIEW,
    JOB_STARTED,
    event_messages,
    new_event,
    new_job_event,
)
from shared.jobs.webhooks.webhook import webhook_path
from shared.pipeline import RECIPES
from shared.ports.outbound import MailRefused, MailUnavailable, OutboundResponse
from tests.fixtures.jobs import NOW
from tests.fixtures.webhook_tasks import WebhookHarness

JOB_ID = "j" * 20
KEY: dict[str, Any] = {
    "name": "nightly <b>", "prefix": "mr_abcdef", "scopes": ["jobs:write"], "expires_at": None,
}  # fmt: skip
EXPORT: dict[str, Any] = {"request_id": "x" * 20, "kept_until": NOW.isoformat(), "parts": [{}, {}]}


def subscribe(webhooks: WebhookHarness, *events: str) -> None:
    webhooks.store.commit([Update(webhook_path("h" * 20), {"events": list(events)})])


def add_job(webhooks: WebhookHarness, **fields: Any) -> Job:
    webhooks.store.commit(
        new_job(
            job_id=JOB_ID, owner="alice", email="alice@moodreel.test",
            recipe=RECIPES["presentation"], title="Stones", options={}, inputs=(),
            now=webhooks.now, expires_at=webhooks.now + timedelta(days=30),
        )
    )  # fmt: skip
    webhooks.store.commit([Update(f"jobs/{JOB_ID}", fields)])
    (doc,) = webhooks.store.read([f"jobs/{JOB_ID}"])
    assert doc is not None
    return Job.from_doc(doc)


def add_event(webhooks: WebhookHarness, create: Create) -> str:
    assert webhooks.store.commit([create]).value == "ok"
    [envelope] = event_messages([create])
    return envelope.job_id


def add_review(webhooks: WebhookHarness) -> str:
    job = add_job(webhooks, status="awaiting_review")
    return add_event(webhooks, new_job_event(JOB_AWAITING_REVIEW, job, webhooks.now))


def deliveries(webhooks: WebhookHarness) -> list[dict[str, Any]]:
    documents = webhooks.store.documents
    return [data for data, _ in documents.values() if data.get("kind") == "delivery"]


def mails(webhooks: WebhookHarness) -> list[dict[str, Any]]:
    return [
        data for path, (data, _) in webhooks.store.documents.items() if path.startswith("mails/")
    ]


def test_review_is_told_to_the_webhook_and_by_email_once(webhooks: WebhookHarness) -> None:
    subscribe(webhooks, JOB_AWAITING_REVIEW)
    webhooks.response = OutboundResponse(200)
    task = add_review(webhooks)
    assert webhooks.deliver(task) is Reply.ACK
    assert webhooks.deliver(task) is Reply.ACK
    webhooks.deliver_messages()

    assert webhooks.called_urls == ["https://h.test/hook"]
    [delivery] = deliveries(webhooks)
    body = json.loads(delivery["body"])
    assert (body["type"], body["data"]["title"]) == (JOB_AWAITING_REVIEW, "Stones")
    [email] = webhooks.emails
    assert email.to == "alice@moodreel.test"
    assert f"/jobs/{JOB_ID}/deck" in email.text
    assert "Stones" in email.subject
    [mail] = mails(webhooks)
    assert (mail["kind"], mail["job"], mail["state"]) == (JOB_AWAITING_REVIEW, JOB_ID, "sent")
    assert mail["sent_at"] == webhooks.now


def test_email_is_sent_once_after_a_failure_of_the_mail_server(webhooks: WebhookHarness) -> None:
    subscribe(webhooks, JOB_AWAITING_REVIEW)
    task = add_review(webhooks)
    webhooks.mail_error = MailUnavailable("down")
    webhooks.deliver(task)
    assert [mail["state"] for mail in mails(webhooks)] == ["sending"]

    webhooks.mail_error = None
    webhooks.advance(3600)
    webhooks.deliver(task)
    webhooks.deliver(task)
    assert len(webhooks.emails) == 1
    assert len(deliveries(webhooks)) == 1, "webhooks do not wait for the mail server"


def test_refused_email_is_in_the_log(webhooks: WebhookHarness) -> None:
    webhooks.mail_error = MailRefused("no mailbox")
    task = add_review(webhooks)
    webhooks.deliver(task)

    assert [mail["state"] for mail in mails(webhooks)] == ["refused"]
    assert webhooks.task(task).has_ended


def test_event_of_a_deleted_job_leaves_nothing_behind(webhooks: WebhookHarness) -> None:
    subscribe(webhooks, JOB_AWAITING_REVIEW)
    task = add_review(webhooks)
    webhooks.store.commit([Delete(stage_path(JOB_ID, "upload_trigger", 0))])
    webhooks.deliver(task)

    assert (deliveries(webhooks), mails(webhooks), webhooks.emails) == ([], [], [])


@pytest.mark.parametrize(
    ("event", "kind", "data"),
    [
        (JOB_AWAITING_REVIEW, "awaiting_review", {"title": "", "recipe": "r", "job_id": JOB_ID}),
        (EXPORT_READY, "export_ready", EXPORT),
    ],
)
def test_user_chooses_emails(
    webhooks: WebhookHarness, event: str, kind: str, data: dict[str, Any]
) -> None:
    chosen = dict.fromkeys(MAIL_KINDS, True) | {kind: False}
    webhooks.store.commit([Create(preferences_path("alice"), {"owner": "alice", "mail": chosen})])
    address = "alice@moodreel.test"
    create = new_event(event, "alice", data, webhooks.now, key=(1,), email=address)
    webhooks.deliver(add_event(webhooks, create))
    assert webhooks.emails == []

    # The document of an earlier version knows only outcomes.
    webhooks.store.commit([Update(preferences_path("alice"), {"mail": {"done": False}})])
    create = new_event(event, "alice", data, webhooks.now, key=(2,), email=address)
    webhooks.deliver(add_event(webhooks, create))
    assert len(webhooks.emails) == 1


def test_new_key_is_always_told_by_email_and_to_no_webhook(webhooks: WebhookHarness) -> None:
    subscribe(webhooks, API_KEY_CREATED)
    none = dict.fromkeys(MAIL_KINDS, False)
    webhooks.store.commit([Create(preferences_path("alice"), {"owner": "alice", "mail": none})])
    create = new_event(
        API_KEY_CREATED, "alice", KEY, webhooks.now, key=("k",), email="alice@moodreel.test"
    )
    webhooks.deliver(add_event(webhooks, create))

    [email] = webhooks.emails
    assert "mr_abcdef" in email.text
    assert "jobs:write" in email.text
    assert "<b>" not in email.html.split("<body")[1]
    assert deliveries(webhooks) == []
    assert [(mail["kind"], mail["job"]) for mail in mails(webhooks)] == [(API_KEY_CREATED, "")]


def test_event_without_an_address_sends_no_email(webhooks: WebhookHarness) -> None:
    task = add_event(webhooks, new_event(EXPORT_READY, "alice", EXPORT, NOW, key=(1,)))
    webhooks.deliver(task)

    assert webhooks.task(task).state == "done"
    assert mails(webhooks) == []


def test_start_is_told_to_webhooks_only(webhooks: WebhookHarness) -> None:
    subscribe(webhooks, JOB_STARTED)
    task = add_event(webhooks, new_job_event(JOB_STARTED, add_job(webhooks), webhooks.now))
    webhooks.deliver(task)

    assert [row["event"] for row in deliveries(webhooks)] == [JOB_STARTED]
    assert mails(webhooks) == []
