"""The routes of webhooks and their deliveries."""

from __future__ import annotations

from functions.api import rate_limit_policies
from functions.api.pagination import PageQuery
from functions.api.webhooks import deliveries, handlers, schemas
from shared.api_keys import Resource
from shared.errors import WrongState
from shared.http.routing import Route

_WEBHOOK = "/v1/webhooks/{webhook_id}"

_ROUTES = (
    Route(
        "POST", "/v1/webhooks", handlers.create_webhook,
        "Register a webhook, called when a job ends; the secret is shown only once.",
        schemas.WebhookWithSecret, 201, body=schemas.NewWebhook,
        policies=(rate_limit_policies.changes,), errors=(handlers.TooManyWebhooks,),
    ),
    Route("GET", "/v1/webhooks", handlers.list_webhooks, "List your webhooks.",
          schemas.WebhookList),
    Route("GET", _WEBHOOK, handlers.get_webhook, "Get a webhook.", schemas.WebhookView),
    Route("DELETE", _WEBHOOK, handlers.delete_webhook, "Delete a webhook.", status=204),
    Route(
        "POST", f"{_WEBHOOK}/enable", handlers.enable_webhook,
        "Enable a webhook that was disabled after failed calls or a response of 410.",
        schemas.WebhookView,
    ),
    Route(
        "POST", f"{_WEBHOOK}/secret", handlers.rotate_secret,
        "Rotate a webhook's secret; the old one also signs for a day.",
        schemas.WebhookWithSecret,
    ),
    Route(
        "POST", f"{_WEBHOOK}/test", deliveries.test_webhook,
        "Send a ping to a webhook; the outcome is in its deliveries.",
        schemas.DeliveryView, 202, policies=(rate_limit_policies.changes,),
        errors=(WrongState, deliveries.TestedJustNow),
    ),
    Route(
        "GET", f"{_WEBHOOK}/deliveries", deliveries.list_deliveries,
        "List the deliveries to a webhook, newest first.", schemas.DeliveryPage, query=PageQuery,
    ),
    Route(
        "GET", f"{_WEBHOOK}/deliveries/{{delivery_id}}", deliveries.get_delivery,
        "Get a delivery with all its attempts.", schemas.DeliveryView,
    ),
    Route(
        "POST", f"{_WEBHOOK}/deliveries/{{delivery_id}}/replay", deliveries.replay_delivery,
        "Send an event again, with the same id.",
        schemas.DeliveryView, 202, policies=(rate_limit_policies.changes,),
        errors=(WrongState, deliveries.DeliveryUnderway, deliveries.TestedJustNow),
    ),
)  # fmt: skip
ROUTES = tuple(route.with_group("Webhooks", Resource.WEBHOOKS) for route in _ROUTES)
