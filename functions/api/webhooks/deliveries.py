"""Deliveries of webhooks: the log, test calls and replays."""

from __future__ import annotations

from datetime import timedelta

from functions.api import rate_limit_policies
from functions.api.pagination import PageQuery
from functions.api.webhooks.handlers import find_webhook, new_id
from functions.api.webhooks.schemas import (
    DeliveryPage,
    delivery_view,
)
from shared.errors import NotFound, WrongState
from shared.flows.documents import CommitResult, Create, Doc, Update
from shared.http.limits.rate_limits import consume
from shared.http.request import ApiRequest, ApiResponse
from shared.jobs.webhooks.bodies import event_body
from shared.jobs.webhooks.deliveries import (
    PING,
    WEBHOOK,
    delivery_id,
    event_id,
    new_delivery,
    newest_deliveries,
)
from shared.jobs.webhooks.webhook import Webhook, webhook_path
from shared.tasks.task import task_envelope, task_path

MIN_TEST_INTERVAL_S = 5
"""Keeps test calls from being used to flood an external server."""


class TestedJustNow(WrongState):
    """A test call was sent a moment ago; wait a few seconds."""

    code = "tested-just-now"


class DeliveryUnderway(WrongState):
    """The delivery is still in progress; it can be replayed once it has ended."""

    code = "delivery-underway"


def test_webhook(request: ApiRequest) -> ApiResponse:
    """Sends a ping in the same way as every event.

    Raises TestedJustNow, WrongState.
    """
    hook, now = find_webhook(request), request.services.clock.now()
    _refuse_disabled(hook)
    if hook.tested_at is not None and now - hook.tested_at < timedelta(seconds=MIN_TEST_INTERVAL_S):
        raise TestedJustNow
    new_delivery_id = new_id()
    body = event_body(PING, now, {"webhook_id": hook.id})
    ping_id = event_id(PING, new_delivery_id)
    create = new_delivery(new_delivery_id, hook, PING, ping_id, body, "", now)
    return _send(request, hook, new_delivery_id, create)


def list_deliveries(request: ApiRequest) -> ApiResponse:
    """Lists the deliveries to a webhook, newest first."""
    hook, query = find_webhook(request), request.query(PageQuery)
    docs = request.services.store.run_query(
        newest_deliveries(hook.id, after=query.after, limit=query.limit + 1)
    )
    return ApiResponse(
        DeliveryPage(
            deliveries=tuple(delivery_view(doc) for doc in docs[: query.limit]),
            next_cursor=query.next_cursor(docs),
        )
    )


def get_delivery(request: ApiRequest) -> ApiResponse:
    """Returns a delivery with its attempts."""
    return ApiResponse(delivery_view(_delivery(request, find_webhook(request))))


def replay_delivery(request: ApiRequest) -> ApiResponse:
    """Sends an event again, with the same event id and a new delivery id.

    Raises DeliveryUnderway, TestedJustNow, WrongState.
    """
    hook, now = find_webhook(request), request.services.clock.now()
    _refuse_disabled(hook)
    original = _delivery(request, hook).data
    if original["finished_at"] is None:
        raise DeliveryUnderway
    if hook.tested_at is not None and now - hook.tested_at < timedelta(seconds=MIN_TEST_INTERVAL_S):
        raise TestedJustNow
    new_delivery_id = delivery_id("replay", new_id())
    create = new_delivery(
        new_delivery_id,
        hook,
        original["event"],
        original["event_id"],
        original["body"],
        original["job"],
        now,
    )
    return _send(request, hook, new_delivery_id, create)


def _send(request: ApiRequest, webhook: Webhook, delivery: str, create: Create) -> ApiResponse:
    """Writes the delivery, records the time of the test and publishes the task.

    Raises TestedJustNow, LimitReached.
    """
    rate_limit = consume(request, rate_limit_policies.changes(request.settings), request.user.uid)
    update = Update(
        webhook_path(webhook.id), {"tested_at": create.data["created_at"]}, webhook.version
    )
    if request.services.store.commit([create, update]) is not CommitResult.OK:
        (doc,) = request.services.store.read([task_path(WEBHOOK, delivery)])
        if doc is None:
            # The webhook was tested, rotated or deleted by a concurrent request.
            raise TestedJustNow
    request.services.publisher.publish([task_envelope(WEBHOOK, delivery)])
    (doc,) = request.services.store.read([task_path(WEBHOOK, delivery)])
    if doc is None:
        raise NotFound("There is no such webhook.")
    return ApiResponse(delivery_view(doc), headers=rate_limit.headers)


def _refuse_disabled(webhook: Webhook) -> None:
    if webhook.disabled:
        raise WrongState("The webhook is disabled; enable it first.")


def _delivery(request: ApiRequest, webhook: Webhook) -> Doc:
    (doc,) = request.services.store.read([task_path(WEBHOOK, request.path_params["delivery_id"])])
    if doc is None or doc.data["webhook"] != webhook.id or doc.data["owner"] != request.user.uid:
        raise NotFound("There is no such delivery.")
    return doc
