"""Webhooks and their deliveries, as people ask for them and see them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, TypeAdapter

from shared.flows.documents import Doc
from shared.http.schemas import RequestModel, ResponseModel, Timestamp
from shared.jobs.webhooks import EVENTS, Webhook
from shared.tasks.task import TaskState

EventName = Literal["job.done", "job.failed", "job.cancelled"]
assert set(EVENTS.values()) == set(EventName.__args__)  # type: ignore[attr-defined]  # noqa: S101


class NewWebhook(RequestModel):
    """A server that is to be called. `events` are all when left out."""

    url: Annotated[str, Field(min_length=1, max_length=500)]
    events: Annotated[list[EventName], Field(min_length=1, max_length=3)] | None = None


class WebhookView(ResponseModel):
    """A webhook. `disabled` is why it is not called: `gone` after an answer of 410, or null.
    `secrets` says how many sign its calls: two for a day after a rotation."""

    id: str
    url: str
    events: tuple[str, ...]
    disabled: str | None
    secrets: int
    created_at: Timestamp


class WebhookWithSecret(ResponseModel):
    """A webhook and its secret, which is told this once."""

    webhook: WebhookView
    secret: str
    old_secret_until: Timestamp | None


class WebhookList(ResponseModel):
    """All of a person's webhooks, in the order of their ids."""

    webhooks: tuple[WebhookView, ...]


class TryView(ResponseModel):
    """One call: the status that was answered, or in `fault` why none was."""

    at: Timestamp
    attempt: int
    status: int | None
    fault: str | None
    duration_ms: int


class EventArtifact(ResponseModel):
    """A result of a job, by name."""

    name: str
    kind: str
    content_type: str
    size_bytes: int


class EventError(ResponseModel):
    """Why a job failed."""

    code: str
    message: str
    stage: str | None = None


class JobEventData(ResponseModel):
    """The job that has ended. `epoch` counts its redrives: each of its ends is an event."""

    job_id: str
    recipe: str
    status: Literal["done", "failed", "cancelled"]
    epoch: int
    revision: int
    artifacts: tuple[EventArtifact, ...]
    error: EventError | None


class JobEvent(ResponseModel):
    """The body of a call when a job has ended; `timestamp` is when it did."""

    type: EventName
    timestamp: str
    data: JobEventData


class PingData(ResponseModel):
    """The webhook that is tested."""

    webhook_id: str


class PingEvent(ResponseModel):
    """The body of a call that somebody asked for."""

    type: Literal["ping"]
    timestamp: str
    data: PingData


class DeliveryView(ResponseModel):
    """One event for one webhook. `event_id` is what its calls carry as `webhook-id`; `body` is
    what they send. `open` and `leased` deliveries are still tried, at `next_try_at`."""

    id: str
    webhook_id: str
    event: str
    event_id: str
    job_id: str | None
    state: TaskState
    attempts: int
    next_try_at: Timestamp | None
    error_code: str | None
    error_message: str | None
    tries: tuple[TryView, ...]
    body: Annotated[JobEvent | PingEvent, Field(discriminator="type")]
    created_at: Timestamp
    finished_at: Timestamp | None


class DeliveryPage(ResponseModel):
    """A page of the log, newest first. `next_cursor` is null on the last one."""

    deliveries: tuple[DeliveryView, ...]
    next_cursor: str | None


_BODY: TypeAdapter[JobEvent | PingEvent] = TypeAdapter(
    Annotated[JobEvent | PingEvent, Field(discriminator="type")],
    config=ConfigDict(defer_build=True),
)


def webhook_view(webhook: Webhook, secret_count: int) -> WebhookView:
    """A webhook without its secret."""
    return WebhookView(
        id=webhook.id,
        url=webhook.url,
        events=webhook.events,
        disabled=webhook.disabled or None,
        secrets=secret_count,
        created_at=webhook.created_at,
    )


def delivery_view(doc: Doc) -> DeliveryView:
    """A delivery with its tries."""
    data = doc.data
    error = data["error"] or {}
    ended = data["finished_at"] is not None
    return DeliveryView(
        id=doc.id,
        webhook_id=data["webhook"],
        event=data["event"],
        event_id=data["event_id"],
        job_id=data["job"] or None,
        state=TaskState(data["state"]),
        attempts=data["attempt"],
        next_try_at=None if ended else data["due_at"],
        error_code=error.get("code"),
        error_message=error.get("message"),
        tries=tuple(
            TryView(
                at=one["at"],
                attempt=one["attempt"],
                status=one["status"],
                fault=one["fault"] or None,
                duration_ms=one["duration_ms"],
            )
            for one in data["tries"]
        ),
        body=_BODY.validate_json(data["body"]),
        created_at=data["created_at"],
        finished_at=data["finished_at"],
    )
