"""Webhooks: `webhooks/{id}`, the servers that a person wants called, and `deliveries/{id}`, the
calls: one errand for every event and webhook.

An event's id, and with it the header `webhook-id`, is made of what happened: the same for every
try of every copy. A delivery's id is made of the event and the webhook, so an outcome that is
told twice makes no second delivery.
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
    Update,
    Write,
    stage_path,
)
from shared.flows.effects import (
    ClockAndIds,
    Flow,
    LogEvent,
    commit,
    list_owned_documents,
    publish,
    read,
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
"""What a webhook can be told of a job, by the status in which it ended."""
RETENTION_DAYS = 30
"""How long the log of deliveries goes back."""
OLD_SECRET_S = 24 * 3600
"""How long calls are signed with the old secret as well after it was changed."""


@dataclass(frozen=True, slots=True)
class Secret:
    """`whsec_` and 32 bytes in base64. `until` None: the current one."""

    value: str = field(repr=False)
    valid_until: datetime | None

    def to_dict(self) -> dict[str, Any]:
        """As it stands in a document."""
        return {"value": self.value, "valid_until": self.valid_until}


@dataclass(frozen=True, slots=True)
class Webhook:
    """A server that a person wants called. `disabled` is why it is not called, or ""."""

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
        """Parse a webhook's document."""
        data = doc.data
        return cls(
            id=doc.id,
            owner=data["owner"],
            url=data["url"],
            events=tuple(data["events"]),
            disabled=data["disabled"],
            secrets=tuple(Secret(one["value"], one["valid_until"]) for one in data["secrets"]),
            created_at=data["created_at"],
            tested_at=data["tested_at"],
            version=doc.version,
        )

    def secrets_at(self, now: datetime) -> tuple[str, ...]:
        """Those that calls are signed with, the current one first."""
        return tuple(
            one.value for one in self.secrets if one.valid_until is None or one.valid_until > now
        )


def webhook_path(webhook_id: str) -> str:
    """webhooks/{webhook}"""
    return f"{WEBHOOKS}/{webhook_id}"


def new_webhook(
    webhook_id: str, owner: str, url: str, events: tuple[str, ...], secret: str, now: datetime
) -> Create:
    """The write that registers a webhook."""
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
    """The write that makes `secret` the current one; the one before holds for another day."""
    before = [
        Secret(one.value, now + timedelta(seconds=OLD_SECRET_S)) for one in webhook.secrets[:1]
    ]
    secrets = [one.to_dict() for one in (Secret(secret, None), *before)]
    return Update(webhook_path(webhook.id), {"secrets": secrets}, webhook.version)


def event_id(*meaning: object) -> str:
    """The id of an event, out of what happened."""
    return "evt_" + _digest(*meaning)


def delivery_id(*meaning: object) -> str:
    """The id of a delivery, out of its event and its webhook."""
    return _digest("delivery", *meaning)


def _digest(*meaning: object) -> str:
    return hashlib.sha256(json.dumps([str(one) for one in meaning]).encode()).hexdigest()[:20]


def outcome_body(job: Job) -> str:
    """What is told of a job's end: ids and names, never a link to bytes."""
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
                    "name": one.name,
                    "kind": one.kind,
                    "content_type": one.content_type,
                    "size_bytes": one.size_bytes,
                }
                for one in job.results
            ],
            "error": dict(job.error) if job.error else None,
        },
    )


def event_body(event: str, at: datetime, data: Mapping[str, Any]) -> str:
    """The body of a call, after Standard Webhooks: type, timestamp and data."""
    moment = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    told = {"type": event, "timestamp": moment, "data": data}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def new_delivery(
    delivery: str,
    webhook: Webhook,
    event: str,
    event_key: str,
    body: str,
    job_id: str,
    now: datetime,
) -> Create:
    """The write that makes a delivery. `job_id` is "" for an event that is of no job."""
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


def create_deliveries(job: Job, part: str, clock: ClockAndIds) -> Flow[None]:
    """Make the deliveries of a job's outcome and announce them. May be repeated at will: what is
    there already is announced again unless it has ended.

    Each batch touches a stage of the job, so that a deleted one leaves no delivery behind.
    """
    docs = yield from list_owned_documents(WEBHOOKS, job.owner)
    wanted = []
    for doc in docs:
        try:
            hook = Webhook.from_doc(doc)
        except (KeyError, TypeError, AttributeError) as strange:
            # Of no use to anybody, but the mail and the other servers are not to suffer for it.
            yield LogEvent("webhook.unreadable", {"severity": "ERROR", "reason": repr(strange)})
            continue
        if not hook.disabled and EVENTS[job.status] in hook.events:
            wanted.append(hook)
    if not wanted:
        return
    event_key = event_id(job.id, job.revision, part)
    ids = [delivery_id(event_key, hook.id) for hook in wanted]
    there = yield from read(*(task_path(WEBHOOK, one) for one in ids))
    now = clock.now()
    alive: Write = Update(
        stage_path(job.id, "notification", job.revision), {"last_progress_at": now}
    )
    told = []
    for hook, one, known in zip(wanted, ids, there, strict=True):
        if known is None:
            event = EVENTS[job.status]
            made = new_delivery(one, hook, event, event_key, outcome_body(job), job.id, now)
            if (yield from commit(made, alive)) is CommitResult.MISSING:
                return
        if known is None or not Task.from_doc(WEBHOOK, known).has_ended:
            told.append(task_envelope(WEBHOOK, one))
    yield from publish(told)
