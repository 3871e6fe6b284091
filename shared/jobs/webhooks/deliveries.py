"""The calls of webhooks: `deliveries/{id}`, one task for every event and webhook.

The id of an event, which is also the header `webhook-id`, is a hash of the job, its revision and
the outcome: it is the same for every attempt. The id of a delivery is a hash of the event and the
webhook, so announcing an outcome twice creates no second delivery.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta

from shared.flows.documents import (
    CommitResult,
    Create,
    Filter,
    Query,
    Update,
    Write,
    newest_documents,
    owned_documents,
    stage_path,
)
from shared.flows.effects import (
    ClockAndIds,
    Flow,
    LogEvent,
    commit,
    publish,
    read,
    run_query,
)
from shared.jobs.model import Job
from shared.jobs.webhooks.bodies import EVENTS, outcome_body
from shared.jobs.webhooks.webhook import WEBHOOKS, Webhook
from shared.tasks.task import Task, new_task, task_envelope, task_path

WEBHOOK = "webhook"
PING = "ping"
DELIVERY, NOTICE = "delivery", "notice"
"""The kinds of tasks of the function: a call, and an email about a webhook that was disabled."""
RETENTION_DAYS = 30
"""How long deliveries are kept."""


def event_id(*key: object) -> str:
    """Returns the id of an event. Equal keys give equal ids."""
    return "evt_" + _digest(*key)


def delivery_id(*key: object) -> str:
    """Returns the id of a delivery, from the ids of its event and its webhook."""
    return _digest("delivery", *key)


def _digest(*key: object) -> str:
    return hashlib.sha256(json.dumps([str(value) for value in key]).encode()).hexdigest()[:20]


def task_id_of(identifier: str) -> str:
    """Returns the id of the task that delivers an event to all webhooks."""
    return _digest("event", identifier)


def new_delivery(
    delivery: str,
    webhook: Webhook,
    event: str,
    event_key: str,
    body: str,
    job_id: str,
    now: datetime,
) -> Create:
    """Returns the write that creates a delivery. `job_id` is "" for an event without a job."""
    fields = {
        "kind": DELIVERY,
        "webhook": webhook.id,
        "job": job_id,
        "event": event,
        "event_id": event_key,
        "body": body,
        "tries": [],
        "expires_at": now + timedelta(days=RETENTION_DAYS),
    }
    return new_task(WEBHOOK, delivery, webhook.owner, fields, now)


def new_notice(webhook: Webhook, reason: str, message: str, now: datetime) -> Create:
    """Returns the write that creates the task that tells the owner by email that a webhook was
    disabled at `now`. The batch that disables the webhook contains it, so it is created once."""
    fields = {
        "kind": NOTICE,
        # Neither in the log of the webhook nor with a job.
        "webhook": "",
        "job": "",
        "disabled_webhook": webhook.id,
        "email": webhook.email,
        "url": webhook.url,
        "reason": reason,
        "message": message,
        "expires_at": now + timedelta(days=RETENTION_DAYS),
    }
    task_id = _digest("notice", webhook.id, now.isoformat())
    return new_task(WEBHOOK, task_id, webhook.owner, fields, now)


def newest_deliveries(
    webhook_id: str, *, after: tuple[datetime, str] | None = None, limit: int
) -> Query:
    """Returns the query for a page of the deliveries to a webhook, newest first."""
    of_webhook = Filter("webhook", "==", webhook_id)
    return newest_documents("deliveries", of_webhook, after=after, limit=limit)


def create_deliveries(job: Job, part: str, clock: ClockAndIds) -> Flow[None]:
    """Creates the deliveries of a job's outcome and announces them. It can be repeated.

    Each batch updates a stage of the job, so that a deleted job leaves no delivery behind.
    """
    guard = Update(stage_path(job.id, job.recipe.outcome_stage, job.revision), {"total": 1})
    yield from deliver_to_webhooks(
        job.owner, EVENTS[job.status], event_id(job.id, job.revision, part), outcome_body(job),
        job.id, (guard,), clock,
    )  # fmt: skip


def find_subscribers(owner: str, event: str) -> Flow[list[Webhook]]:
    """Returns the webhooks of a user that receive an event."""
    docs = yield from run_query(owned_documents(WEBHOOKS, owner))
    webhooks = []
    for doc in docs:
        try:
            webhook = Webhook.from_doc(doc)
        except (KeyError, TypeError, AttributeError) as error:
            # An invalid document must not prevent the email and the other calls.
            yield LogEvent("webhook.unreadable", {"severity": "ERROR", "reason": repr(error)})
            continue
        if not webhook.disabled and event in webhook.events:
            webhooks.append(webhook)
    return webhooks


def deliver_to_webhooks(
    owner: str,
    event: str,
    event_key: str,
    body: str,
    job_id: str,
    guard: tuple[Write, ...],
    clock: ClockAndIds,
) -> Flow[None]:
    """Creates the deliveries of an event and announces them. An existing delivery is announced
    again unless it has ended.

    Args:
        event_key: The id of the event.
        job_id: The job with which the deliveries are deleted, or "".
        guard: Part of every batch: nothing is created when a document that it updates is gone.
    """
    webhooks = yield from find_subscribers(owner, event)
    if not webhooks:
        return
    ids = [delivery_id(event_key, webhook.id) for webhook in webhooks]
    existing = yield from read(*(task_path(WEBHOOK, delivery) for delivery in ids))
    now = clock.now()
    messages = []
    for webhook, delivery, current in zip(webhooks, ids, existing, strict=True):
        if current is None:
            create = new_delivery(delivery, webhook, event, event_key, body, job_id, now)
            if (yield from commit(create, *guard)) is CommitResult.MISSING:
                return
        if current is None or not Task.from_doc(WEBHOOK, current).has_ended:
            messages.append(task_envelope(WEBHOOK, delivery))
    yield from publish(messages)
