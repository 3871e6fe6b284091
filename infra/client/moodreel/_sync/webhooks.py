# Rendered from _async by infra/tools/render.py; do not edit.
"""Webhooks and their deliveries."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from moodreel import options
from moodreel._sync.base import BaseClient
from moodreel.api import path_of, without_none
from moodreel.models import (
    DeliveryPage,
    DeliveryView,
    WebhookList,
    WebhookView,
    WebhookWithSecret,
)


class WebhookMethods(BaseClient):
    """Methods of webhooks. `moodreel.webhooks` verifies their calls."""

    def webhooks(self) -> tuple[WebhookView, ...]:
        """Returns the webhooks."""
        return (self.perform(self.api.get(WebhookList, "/v1/webhooks"))).webhooks

    def webhook(self, webhook_id: str) -> WebhookView:
        """Returns a webhook. Raises NotFound."""
        return self.perform(self.api.get(WebhookView, path_of("webhooks", webhook_id)))

    def create_webhook(self, url: str, events: Collection[str] | None = None) -> WebhookWithSecret:
        """Registers a webhook. Its `secret` cannot be shown again.

        Args:
            events: Such as `job.done`; None for those of all jobs that have ended.
        """
        body = without_none(url=url, events=None if events is None else list(events))
        return self.perform(self.api.post(WebhookWithSecret, "/v1/webhooks", body))

    def delete_webhook(self, webhook_id: str) -> None:
        """Deletes a webhook. Its pending deliveries fail."""
        self.perform(self.api.call("DELETE", path_of("webhooks", webhook_id)))

    def enable_webhook(self, webhook_id: str) -> WebhookView:
        """Enables a webhook that was disabled after failed calls."""
        path = path_of("webhooks", webhook_id, "enable")
        return self.perform(self.api.post(WebhookView, path))

    def rotate_webhook_secret(self, webhook_id: str) -> WebhookWithSecret:
        """Creates a new secret. Until `old_secret_until`, calls are signed with both."""
        path = path_of("webhooks", webhook_id, "secret")
        return self.perform(self.api.post(WebhookWithSecret, path))

    def test_webhook(self, webhook_id: str) -> DeliveryView:
        """Sends a ping. Its outcome is in the delivery a little later: see `delivery`."""
        path = path_of("webhooks", webhook_id, "test")
        return self.perform(self.api.post(DeliveryView, path))

    def deliveries(self, webhook_id: str) -> Iterator[DeliveryView]:
        """Yields the deliveries to a webhook, newest first."""
        path = path_of("webhooks", webhook_id, "deliveries")
        for page in self._pages(DeliveryPage, path, options.page_query()):
            yield from page.deliveries

    def delivery(self, webhook_id: str, delivery_id: str) -> DeliveryView:
        """Returns a delivery with its attempts. Raises NotFound."""
        path = path_of("webhooks", webhook_id, "deliveries", delivery_id)
        return self.perform(self.api.get(DeliveryView, path))

    def replay_delivery(self, webhook_id: str, delivery_id: str) -> DeliveryView:
        """Sends an event again, with the same event id."""
        path = path_of("webhooks", webhook_id, "deliveries", delivery_id, "replay")
        return self.perform(self.api.post(DeliveryView, path))
