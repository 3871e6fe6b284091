"""A webhook whose server fails again and again is disabled, with one email to its owner."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from functions.webhook import call, endpoint
from functions.webhook.endpoint import MIN_FAILING_S
from functions.webhook.notice import write_notice
from shared.flows.documents import Doc, Update
from shared.flows.effects import Reply
from shared.jobs.webhooks.webhook import Webhook, disabling, enabling, webhook_path
from shared.ports.outbound import MailRefused, MailUnavailable, OutboundResponse
from tests.fakes.application import SETTINGS
from tests.fixtures.webhook_tasks import WebhookHarness

MAX_FAILURES = SETTINGS.webhook_max_failures


def fail(harness: WebhookHarness, times: int) -> list[str]:
    """Has `times` calls fail, of a delivery each. Returns the ids of the deliveries."""
    ids = [harness.add_delivery() for _ in range(times)]
    for task_id in ids:
        harness.deliver(task_id)
    return ids


def fail_until_disabled(harness: WebhookHarness) -> str:
    """Has a webhook fail until it is disabled. Returns the id of the last delivery."""
    fail(harness, MAX_FAILURES - 1)
    harness.advance(MIN_FAILING_S)
    (last,) = fail(harness, 1)
    return last


def test_webhook_that_fails_too_often_is_disabled_with_one_email(webhooks: WebhookHarness) -> None:
    last = fail_until_disabled(webhooks)
    disabled_at = webhooks.now
    webhooks.deliver(last)
    webhooks.deliver_messages()
    for notice in webhooks.notices():
        webhooks.deliver(notice.id)

    webhook = webhooks.webhook()
    assert webhook.disabled == "failing"
    assert webhook.disabled_at == disabled_at
    assert webhook.last_error is not None
    assert webhook.last_error["code"] == "status-500"
    assert len(webhooks.called_urls) == MAX_FAILURES
    [email] = webhooks.emails
    assert email.to == "alice@moodreel.test"
    assert "https://h.test/hook" in email.text
    assert "The webhook's server answered 500." in email.text


def test_deliveries_of_a_disabled_webhook_end_without_a_call(webhooks: WebhookHarness) -> None:
    waiting = webhooks.add_delivery()
    fail_until_disabled(webhooks)

    assert webhooks.deliver(waiting) is Reply.ACK

    task = webhooks.task(waiting)
    assert (task.state, task.data["error"]["code"]) == ("failed", "webhook-disabled")
    assert len(webhooks.called_urls) == MAX_FAILURES


def test_short_outage_does_not_disable_a_webhook(webhooks: WebhookHarness) -> None:
    """A receiver that is deployed again may fail many calls in a minute."""
    fail(webhooks, 3 * MAX_FAILURES)
    assert not webhooks.webhook().disabled
    assert webhooks.webhook().failures <= MAX_FAILURES

    webhooks.response = OutboundResponse(200)
    fail(webhooks, 1)
    webhooks.response = OutboundResponse(500)
    webhooks.advance(MIN_FAILING_S)
    fail(webhooks, MAX_FAILURES - 1)

    assert not webhooks.webhook().disabled


def test_success_ends_the_count(webhooks: WebhookHarness) -> None:
    fail(webhooks, 3)
    assert webhooks.webhook().failures == 3
    webhooks.response = OutboundResponse(204)
    fail(webhooks, 1)

    webhook = webhooks.webhook()
    assert (webhook.failures, webhook.failing_since, webhook.last_error) == (0, None, None)


def test_webhook_without_a_server_is_disabled_with_an_email(webhooks: WebhookHarness) -> None:
    webhooks.response = OutboundResponse(410)
    (delivery,) = fail(webhooks, 1)
    webhooks.deliver_messages()

    assert webhooks.webhook().disabled == "gone"
    assert webhooks.task(delivery).data["error"]["code"] == "status-410"
    assert len(webhooks.emails) == 1


def test_enabled_webhook_is_called_again_and_may_be_disabled_again(
    webhooks: WebhookHarness,
) -> None:
    fail_until_disabled(webhooks)
    webhooks.deliver_messages()
    webhooks.store.commit([enabling("h" * 20)])
    calls = len(webhooks.called_urls)
    fail(webhooks, 1)

    assert len(webhooks.called_urls) == calls + 1
    assert not webhooks.webhook().disabled
    webhooks.advance(60)
    fail_until_disabled(webhooks)
    webhooks.deliver_messages()
    assert [email.message_id for email in webhooks.emails[:1]] != [
        email.message_id for email in webhooks.emails[1:]
    ]
    assert len(webhooks.emails) == 2


def fail_twice_at_once(harness: WebhookHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another delivery disables the webhook between the read and the commit of this one."""
    fail(harness, MAX_FAILURES - 1)
    harness.advance(MIN_FAILING_S)
    commit = harness.store.commit
    started: list[bool] = []

    def commit_after_another(writes: Any) -> Any:
        writes = list(writes)
        if not started and any("disabled" in getattr(row, "fields", {}) for row in writes):
            started.append(True)
            harness.advance(1)
            fail(harness, 1)
        return commit(writes)

    monkeypatch.setattr(harness.store, "commit", commit_after_another)
    fail(harness, 1)


def test_concurrent_failures_send_one_email(
    webhooks: WebhookHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_twice_at_once(webhooks, monkeypatch)
    webhooks.deliver_messages()

    assert webhooks.webhook().disabled == "failing"
    assert len(webhooks.emails) == 1


def test_email_is_retried_for_days_while_the_mail_server_is_unavailable(
    webhooks: WebhookHarness,
) -> None:
    fail_until_disabled(webhooks)
    webhooks.mail_error = MailUnavailable("down")
    webhooks.deliver_messages()
    [notice] = webhooks.notices()
    assert webhooks.task(notice.id).state == "open"

    webhooks.mail_error = None
    webhooks.advance(3600)
    webhooks.deliver(notice.id)
    webhooks.deliver(notice.id)
    assert len(webhooks.emails) == 1


def test_refused_email_ends_its_task(webhooks: WebhookHarness) -> None:
    fail_until_disabled(webhooks)
    webhooks.mail_error = MailRefused("no mailbox")
    webhooks.deliver_messages()

    [notice] = webhooks.notices()
    assert webhooks.task(notice.id).data["error"]["code"] == MailRefused.code


def test_owner_without_an_address_gets_no_email(webhooks: WebhookHarness) -> None:
    webhooks.store.commit([Update(webhook_path("h" * 20), {"email": ""})])
    fail_until_disabled(webhooks)

    assert webhooks.webhook().disabled == "failing"
    assert not webhooks.notices()


def test_text_of_the_email_escapes_html() -> None:
    notice = {
        "email": "a@b.test", "url": "https://x.test/<b>", "reason": "failing",
        "message": "It answered <500>.",
    }  # fmt: skip
    email = write_notice("n" * 20, notice, SETTINGS)

    assert "<b>" not in email.html.replace("<body>", "")
    assert email.message_id == f"<{'n' * 20}@localhost>"


def failures_are_not_counted(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(call, "record_failure", lambda *_, **__: None)


def successes_are_not_counted(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(call, "record_success", lambda *_: None)


def webhook_is_disabled_without_its_version(patch: pytest.MonkeyPatch) -> None:
    def disable(*args: Any) -> Update:
        write = disabling(*args)
        return Update(write.path, write.fields)

    patch.setattr(endpoint, "disabling", disable)


def time_does_not_count(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(endpoint, "MIN_FAILING_S", 0)


def disabled_webhooks_are_called(patch: pytest.MonkeyPatch) -> None:
    def from_doc(doc: Doc) -> Webhook:
        return replace(Webhook.from_doc(doc), disabled="")

    patch.setattr(call, "Webhook", SimpleNamespace(from_doc=from_doc))


def test_each_rule_is_needed(webhooks: WebhookHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it, its test fails."""
    rules: tuple[tuple[Callable[[pytest.MonkeyPatch], None], Callable[..., None]], ...] = (
        (failures_are_not_counted, test_webhook_that_fails_too_often_is_disabled_with_one_email),
        (successes_are_not_counted, test_success_ends_the_count),
        (time_does_not_count, test_short_outage_does_not_disable_a_webhook),
        (disabled_webhooks_are_called, test_deliveries_of_a_disabled_webhook_end_without_a_call),
    )
    for remove_rule, test in rules:
        with monkeypatch.context() as patch:
            remove_rule(patch)
            vars(webhooks).update(vars(WebhookHarness()))
            with pytest.raises(AssertionError):
                test(webhooks)


def test_without_the_version_concurrent_failures_send_two_emails(
    webhooks: WebhookHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook_is_disabled_without_its_version(monkeypatch)
    fail_twice_at_once(webhooks, monkeypatch)

    assert len(webhooks.notices()) == 2
