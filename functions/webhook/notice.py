"""The email to the owner of a webhook that was disabled."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from functions.webhook.mailing import message_id, send_once
from shared.entrypoints.task import TaskContext
from shared.jobs.webhooks.webhook import GONE
from shared.ports.outbound import Email
from shared.runtime.settings import Settings
from shared.tasks.task import TaskDone, TaskOutcome

SUBJECT = "A webhook was disabled"
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
    """Returns the email for the fields of a notice. The id is part of its Message-ID."""
    if notice["reason"] == GONE:
        cause = "Its server answered 410 Gone, so it is not called any more."
    else:
        count = settings.webhook_max_failures
        cause = f"At least {count} of its calls failed in a row, over an hour or more."
    paragraphs = [
        f"Moodreel no longer calls your webhook {notice['url']}.",
        f"{cause} The last error: {notice['message']}",
        "Deliveries that are still pending end with the code webhook-disabled. When the server is "
        "back, enable the webhook in the console; then you can send the missed events again from "
        "its log.",
    ]
    link = f"{settings.console_url}/account/webhooks"
    text = "\n\n".join([*paragraphs, link])
    body = "".join(f"<p>{escape(paragraph)}</p>\n" for paragraph in paragraphs)
    return Email(
        to=notice["email"],
        subject=SUBJECT,
        text=f"{text}\n",
        html=(
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="color-scheme" content="light dark">'
            f"<title>{SUBJECT}</title></head>\n<body>{body}"
            f'<p><a href="{escape(link)}">Open the console</a></p></body></html>\n'
        ),
        message_id=message_id(notice_id, settings),
    )
