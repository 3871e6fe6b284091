"""The request and response models of webhooks."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field, TypeAdapter

from functions.api.webhooks.event_schemas import EventBody, EventName
from shared.flows.documents import Doc
from shared.http.schemas import RequestModel, ResponseModel, Timestamp
from shared.jobs.webhooks.events import WEBHOOK_EVENTS
from shared.jobs.webhooks.webhook import Webhook
from shared.tasks.task import TaskState


class NewWebhook(RequestModel):
    """A webhook to register. By default it receives the `events` of jobs that have ended:
    `job.done`, `job.failed` and `job.cancelled`."""

    url: Annotated[str, Field(min_length=1, max_length=500)]
    events: (
        Annotated[list[EventName], Field(min_length=1, max_length=len(WEBHOOK_EVENTS))] | None
    ) = None


class WebhookError(ResponseModel):
    """Why a call of a webhook failed."""

    code: str
    message: str
    at: Timestamp


class WebhookView(ResponseModel):
    """A webhook. `disabled` is the reason why it is not called: `gone` after a response of 410,
    `failing` after too many failed calls in a row, or null. `failures` counts the failed calls
    since the last successful one, up to the limit; `last_error` is the last that was counted.
    `secrets` is the number of secrets that sign its calls: two for a day after a rotation."""

    id: str
    url: str
    events: tuple[str, ...]
    disabled: str | None
    disabled_at: Timestamp | None
    failures: int
    failing_since: Timestamp | None
    last_error: WebhookError | None
    secrets: int
    created_at: Timestamp


class WebhookWithSecret(ResponseModel):
    """A webhook with its secret, which is shown only here."""

    webhook: WebhookView
    secret: str
    old_secret_until: Timestamp | None


class WebhookList(ResponseModel):
    """All your webhooks, ordered by id."""

    webhooks: tuple[WebhookView, ...]


class TryView(ResponseModel):
    """An attempt to call a webhook. `status` is the HTTP status of its response; `fault` is the
    reason if there was none."""

    at: Timestamp
    attempt: int
    status: int | None
    fault: str | None
    duration_ms: int


class DeliveryView(ResponseModel):
    """The delivery of an event to a webhook. `event_id` is the header `webhook-id` of its calls,
    `body` their body. In state `open` or `leased`, the next attempt is at `next_try_at`."""

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
    body: Annotated[EventBody, Field(discriminator="type")]
    created_at: Timestamp
    finished_at: Timestamp | None


class DeliveryPage(ResponseModel):
    """A page of deliveries, newest first. `next_cursor` is null on the last page."""

    deliveries: tuple[DeliveryView, ...]
    next_cursor: str | None


_BODY: TypeAdapter[EventBody] = TypeAdapter(
    Annotated[EventBody, Field(discriminator="type")], config=ConfigDict(defer_build=True)
)


def webhook_view(webhook: Webhook, secret_count: int) -> WebhookView:
    """Returns a webhook without its secret."""
    return WebhookView(
        id=webhook.id,
        url=webhook.url,
        events=webhook.events,
        disabled=webhook.disabled or None,
        disabled_at=webhook.disabled_at,
        failures=webhook.failures,
        failing_since=webhook.failing_since,
        last_error=None if webhook.last_error is None else WebhookError(**webhook.last_error),
        secrets=secret_count,
        created_at=webhook.created_at,
    )


def delivery_view(doc: Doc) -> DeliveryView:
    """Returns a delivery with its attempts."""
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
                at=attempt["at"],
                attempt=attempt["attempt"],
                status=attempt["status"],
                fault=attempt["fault"] or None,
                duration_ms=attempt["duration_ms"],
            )
            for attempt in data["tries"]
        ),
        body=_BODY.validate_json(data["body"]),
        created_at=data["created_at"],
        finished_at=data["finished_at"],
    )
