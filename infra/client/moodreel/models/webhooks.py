"""Webhooks and their deliveries."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from moodreel.models.base import Model, Page


class WebhookError(Model):
    """Why a call of a webhook failed."""

    code: str
    message: str
    at: datetime


class WebhookView(Model):
    """A webhook. `disabled` is `gone` or `failing`, or None while it is called; `secrets` is the
    number of secrets that sign its calls."""

    id: str
    url: str
    events: tuple[str, ...]
    disabled: str | None
    disabled_at: datetime | None
    failures: int
    failing_since: datetime | None
    last_error: WebhookError | None
    secrets: int
    created_at: datetime


class WebhookWithSecret(Model):
    """A webhook with its new secret, which cannot be shown again. Until `old_secret_until`, calls
    are also signed with the one before."""

    webhook: WebhookView
    secret: str
    old_secret_until: datetime | None


class WebhookList(Model):
    """All webhooks."""

    webhooks: tuple[WebhookView, ...]


class TryView(Model):
    """An attempt to call a webhook: the HTTP status of the response, or the `fault` if there was
    none."""

    at: datetime
    attempt: int
    status: int | None
    fault: str | None
    duration_ms: int


class DeliveryView(Model):
    """The delivery of an event. `body` is what was sent: `moodreel.webhooks.Event` describes it."""

    id: str
    webhook_id: str
    event: str
    event_id: str
    job_id: str | None
    state: str
    attempts: int
    next_try_at: datetime | None
    error_code: str | None
    error_message: str | None
    tries: tuple[TryView, ...]
    body: Any
    created_at: datetime
    finished_at: datetime | None

    @property
    def has_ended(self) -> bool:
        """Whether there is no further attempt."""
        return self.finished_at is not None


class DeliveryPage(Page):
    """A page of deliveries, newest first."""

    deliveries: tuple[DeliveryView, ...]
