"""Webhooks: `webhooks/{id}`, the servers that users register, and `deliveries/{id}`, the calls: one
task for every event and webhook.

The id of an event, which is also the header `webhook-id`, is a hash of the job, its revision and
the outcome: it is the same for every attempt. The id of a delivery is a hash of the event and the
webhook, so announcing an outcome twice creates no second delivery.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.flows.documents import (
    CommitResult,
    Create,
    Doc,
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
from shared.jobs.model import Job, Status
from shared.tasks.task import Task, new_task, task_envelope, task_path

WEBHOOK = "webhook"
WEBHOOKS = "webhooks"
PING = "ping"
EVENTS: Mapping[Status, str] = {
    Status.DONE: "job.done",
    Status.FAILED: "job.failed",
    Status.CANCELLED: "job.cancelled",
}
"""The events of a job that webhooks receive, by the status in which it ended."""
RETENTION_DAYS = 30
"""How long deliveries are kept."""
OLD_SECRET_S = 24 * 3600
"""How long calls are also signed with the previous secret after a rotation."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A signing secret: `whsec_` and 32 bytes in base64. The current one has no `valid_until`."""

    value: str = field(repr=False)
    valid_until: datetime | None

    def to_dict(self) -> dict[str, Any]:
        """Returns the fields for a document."""
        return {"value": self.value, "valid_until": self.valid_until}


@dataclass(frozen=True, slots=True)
class Webhook:
    """A user's server that is called. `disabled` is the reason why it is not called, or ""."""

    id: str
    owner: str
    url: str
    events: tuple[str, ...]
    disabled: str
    secrets: tuple[Secret, ...]
    created_at: datetime
    tested_at: datetime | None
    version: Any = field(compare=False)

    @classmethod
    def from_doc(cls, doc: Doc) -> Webhook:
        """Parses a webhook's document."""
        data = doc.data
        return cls(
            id=doc.id,
            owner=data["owner"],
            url=data["url"],
            events=tuple(data["events"]),
            disabled=data["disabled"],
            secrets=tuple(Secret(row["value"], row["valid_until"]) for row in data["secrets"]),
            created_at=data["created_at"],
            tested_at=data["tested_at"],
            version=doc.version,
        )

    def secrets_at(self, now: datetime) -> tuple[str, ...]:
        """Returns the secrets that sign calls at `now`, the current one first."""
        return tuple(
            secret.value
            for secret in self.secrets
            if secret.valid_until is None or secret.valid_until > now
        )


def webhook_path(webhook_id: str) -> str:
    """webhooks/{webhook}"""
    return f"{WEBHOOKS}/{webhook_id}"


def new_webhook(
    webhook_id: str, owner: str, url: str, events: tuple[str, ...], secret: str, now: datetime
) -> Create:
    """Returns the write that registers a webhook."""
    return Create(
        webhook_path(webhook_id),
        {
            "owner": owner,
            "url": url,
            "events": list(events),
            "disabled": "",
            "secrets": [Secret(secret, None).to_dict()],
            "created_at": now,
            "tested_at": None,
        },
    )


def secret_rotation(webhook: Webhook, secret: str, now: datetime) -> Update:
    """Returns the write that makes `secret` the current one. The previous one stays valid for
    another day."""
    valid_until = now + timedelta(seconds=OLD_SECRET_S)
    previous = [Secret(old.value, valid_until) for old in webhook.secrets[:1]]
    secrets = [row.to_dict() for row in (Secret(secret, None), *previous)]
    return Update(webhook_path(webhook.id), {"secrets": secrets}, webhook.version)


def event_id(*key: object) -> str:
    """Returns the id of an event. Equal keys give equal ids."""
    return "evt_" + _digest(*key)


def delivery_id(*key: object) -> str:
    """Returns the id of a delivery, from the ids of its event and its webhook."""
    return _digest("delivery", *key)


def _digest(*key: object) -> str:
    return hashlib.sha256(json.dumps([str(value) for value in key]).encode()).hexdigest()[:20]


def outcome_body(job: Job) -> str:
    """Returns the body of a call about a job's end: ids and names, never a download link."""
    return event_body(
        EVENTS[job.status],
        job.updated_at,
        {
            "job_id": job.id,
            "recipe": job.recipe_name,
            "status": job.status.value,
            "epoch": job.epoch,
            "revision": job.revision,
            "artifacts": [
                {
                    "name": artifact.name,
                    "kind": artifact.kind,
                    "content_type": artifact.content_type,
                    "size_bytes": artifact.size_bytes,
                }
                for artifact in job.results
            ],
            "error": dict(job.error) if job.error else None,
        },
    )


def event_body(event: str, at: datetime, data: Mapping[str, Any]) -> str:
    """Returns the body of a call as Standard Webhooks defines it: type, timestamp and data."""
    timestamp = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    body = {"type": event, "timestamp": timestamp, "data": data}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


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
        "webhook": webhook.id,
        "job": job_id,
        "event": event,
        "event_id": event_key,
        "body": body,
        "tries": [],
        "expires_at": now + timedelta(days=RETENTION_DAYS),
    }
    return new_task(WEBHOOK, delivery, webhook.owner, fields, now)


def newest_deliveries(
    webhook_id: str, *, after: tuple[datetime, str] | None = None, limit: int
) -> Query:
    """Returns the query for a page of the deliveries to a webhook, newest first."""
    of_webhook = Filter("webhook", "==", webhook_id)
    return newest_documents("deliveries", of_webhook, after=after, limit=limit)


def create_deliveries(job: Job, part: str, clock: ClockAndIds) -> Flow[None]:
    """Creates the deliveries of a job's outcome and announces them. It can be repeated: an existing
    delivery is announced again unless it has ended.

    Each batch updates a stage of the job, so that a deleted job leaves no delivery behind.
    """
    docs = yield from run_query(owned_documents(WEBHOOKS, job.owner))
    event = EVENTS[job.status]
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
    if not webhooks:
        return
    event_key = event_id(job.id, job.revision, part)
    ids = [delivery_id(event_key, webhook.id) for webhook in webhooks]
    existing = yield from read(*(task_path(WEBHOOK, delivery) for delivery in ids))
    now = clock.now()
    stage_update: Write = Update(
        stage_path(job.id, job.recipe.outcome_stage, job.revision), {"last_progress_at": now}
    )
    messages = []
    for webhook, delivery, current in zip(webhooks, ids, existing, strict=True):
        if current is None:
            create = new_delivery(
                delivery, webhook, event, event_key, outcome_body(job), job.id, now
            )
            if (yield from commit(create, stage_update)) is CommitResult.MISSING:
                return
        if current is None or not Task.from_doc(WEBHOOK, current).has_ended:
            messages.append(task_envelope(WEBHOOK, delivery))
    yield from publish(messages)
