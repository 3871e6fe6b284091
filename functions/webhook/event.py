"""Tells a user about an event: creates the deliveries to the webhooks, then sends an email."""

from __future__ import annotations

import json

from functions.webhook.emails import find_email
from functions.webhook.mailing import send_once
from shared.entrypoints.task import TaskContext
from shared.jobs.emails.preferences import Preferences, preferences_path
from shared.jobs.webhooks.events import deliver_event, event_guard
from shared.runtime.interpreter import Interpreter
from shared.tasks.task import TaskDone, TaskOutcome


def handle_event(context: TaskContext) -> TaskOutcome:
    """Creates the deliveries first, so that webhooks do not wait for an unavailable mail server.
    Raises MailOverloaded."""
    services, task, settings = context.services, context.task, context.settings
    Interpreter(services).run(deliver_event(task, services.clock_and_ids))
    event = task.data["event"]
    to, data = task.data["email"], json.loads(task.data["body"])["data"]
    email = find_email(event, data, settings, to=to, task_id=task.id) if to else None
    if email is None:
        return TaskDone()
    (doc,) = services.store.read([preferences_path(task.owner)])
    if not Preferences.from_doc(doc).allows(event):
        services.log("mail.opted_out", kind=event)
        return TaskDone()
    return send_once(context, email, event, event_guard(task))
