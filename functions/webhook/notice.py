"""The email to the owner of a webhook that was disabled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from functions.webhook.mailing import send_once
from shared.emails.render import build_email
from shared.entrypoints.task import TaskContext
from shared.jobs.webhooks.webhook import GONE
from shared.ports.outbound import Email
from shared.runtime.settings import Settings
from shared.tasks.task import TaskDone, TaskOutcome

DISABLED = "webhook.disabled"
"""What the email is about, in the mail log."""


def send_notice(context: TaskContext) -> TaskOutcome:
    """Sends the email. Raises MailOverloaded."""
    task = context.task
    email = write_notice(task.id, task.data, context.settings)
    outcome = send_once(context, email, DISABLED)
    if isinstance(outcome, TaskDone):
        context.services.log("webhook.notice_sent", webhook=task.data["disabled_webhook"])
    return outcome


def write_notice(notice_id: str, notice: Mapping[str, Any], settings: Settings) -> Email:
    """Returns the email for the fields of a notice. The Message-ID derives from its id."""
    values = {
        "gone": notice["reason"] == GONE,
        "max_failures": settings.webhook_max_failures,
        "webhook_url": notice["url"],
        "message": notice["message"],
    }
    return build_email("webhook_disabled", values, settings, to=notice["email"], seed=notice_id)
