"""Webhooks: registration, secrets, test calls and the log of deliveries."""

from __future__ import annotations

import base64
import secrets
from datetime import timedelta

from functions.api import rate_limit_policies
from functions.api.pagination import PageQuery
from functions.api.rate_limits import consume
from functions.api.webhooks.schemas import (
    DeliveryPage,
    NewWebhook,
    WebhookList,
    WebhookView,
    WebhookWithSecret,
    delivery_view,
    webhook_view,
)
from shared.errors import NotFound, WrongState
from shared.flows.documents import CommitResult, Create, Delete, Doc, Update
from shared.http.problems import InvalidFields
from shared.http.request import ApiRequest, ApiResponse
from shared.jobs.webhooks import (
    EVENTS,
    OLD_SECRET_S,
    PING,
    WEBHOOK,
    WEBHOOKS,
    Webhook,
    delivery_id,
    event_body,
    event_id,
    new_delivery,
    new_webhook,
    secret_rotation,
    webhook_path,
)
from shared.net.address_policy import InvalidUrl, parse_target
from shared.tasks.task import task_envelope, task_path

MAX_WEBHOOKS = 10
"""Per user."""
MIN_TEST_INTERVAL_S = 5
"""Keeps test calls from being used to flood an external server."""


class TooManyWebhooks(WrongState):
    """You have the maximum number of webhooks; delete one first."""

    code = "too-many-webhooks"


class TestedJustNow(WrongState):
    """A test call was sent a moment ago; wait a few seconds."""

    code = "tested-just-now"


class DeliveryUnderway(WrongState):
    """The delivery is still in progress; it can be replayed once it has ended."""

    code = "delivery-underway"


def create_webhook(request: ApiRequest) -> ApiResponse:
    """Registers a webhook.

    Raises InvalidFields for a URL that cannot be called, TooManyWebhooks, LimitReached.
    """
    form = request.body(NewWebhook)
    try:
        parse_target(form.url, allow_private=request.settings.allow_private_webhooks)
    except InvalidUrl as error:
        raise InvalidFields([("url", str(error))]) from error
    store, owner = request.services.store, request.user.uid
    if len(store.list_owned_by_id(WEBHOOKS, owner, max_count=MAX_WEBHOOKS)) >= MAX_WEBHOOKS:
        raise TooManyWebhooks
    rate_limit = consume(request, rate_limit_policies.changes(request.settings), owner)
    events = tuple(
        event for event in EVENTS.values() if form.events is None or event in form.events
    )
    hook_id, secret = new_id(), new_secret()
    # The id is new, so a conflict is this commit, repeated after its answer was lost.
    store.commit(
        [new_webhook(hook_id, owner, form.url, events, secret, request.services.clock.now())]
    )
    hook = _read(request, hook_id)
    view = WebhookWithSecret(webhook=_view(request, hook), secret=secret, old_secret_until=None)
    return ApiResponse(view, headers={"Location": f"/v1/webhooks/{hook_id}", **rate_limit.headers})


def list_webhooks(request: ApiRequest) -> ApiResponse:
    """Lists your webhooks."""
    docs = request.services.store.list_owned_by_id(WEBHOOKS, request.user.uid)
    return ApiResponse(
        WebhookList(webhooks=tuple(_view(request, Webhook.from_doc(doc)) for doc in docs))
    )


def get_webhook(request: ApiRequest) -> ApiResponse:
    """Returns a webhook without its secret."""
    return ApiResponse(_view(request, _hook(request)))


def delete_webhook(request: ApiRequest) -> ApiResponse:
    """Deletes a webhook. Its pending deliveries fail."""
    request.services.store.commit([Delete(webhook_path(_hook(request).id))])
    return ApiResponse()


def enable_webhook(request: ApiRequest) -> ApiResponse:
    """Enables a webhook that was disabled by an answer of 410. Enabling it again has no effect."""
    hook = _hook(request)
    if (
        request.services.store.commit([Update(webhook_path(hook.id), {"disabled": ""})])
        is not CommitResult.OK
    ):
        raise NotFound(_NOT_FOUND)
    return ApiResponse(_view(request, _hook(request)))


def rotate_secret(request: ApiRequest) -> ApiResponse:
    """Creates a new secret. For a day, calls are also signed with the old one."""
    secret = new_secret()
    while True:
        hook = _hook(request)
        now = request.services.clock.now()
        # After a commit whose answer was lost, the secret is stored already. The response must
        # contain the stored secret.
        is_stored = any(stored.value == secret for stored in hook.secrets)
        if (
            is_stored
            or request.services.store.commit([secret_rotation(hook, secret, now)])
            is CommitResult.OK
        ):
            break
    view = WebhookWithSecret(
        webhook=_view(request, _hook(request)),
        secret=secret,
        old_secret_until=now + timedelta(seconds=OLD_SECRET_S),
    )
    return ApiResponse(view)


def test_webhook(request: ApiRequest) -> ApiResponse:
    """Sends a ping in the same way as every event.

    Raises TestedJustNow, WrongState.
    """
    hook, now = _hook(request), request.services.clock.now()
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
    hook, query = _hook(request), request.query(PageQuery)
    docs = request.services.store.list_newest(
        "deliveries", ("webhook", hook.id), after=query.after, max_count=query.limit + 1
    )
    return ApiResponse(
        DeliveryPage(
            deliveries=tuple(delivery_view(doc) for doc in docs[: query.limit]),
            next_cursor=query.next_cursor(docs),
        )
    )


def get_delivery(request: ApiRequest) -> ApiResponse:
    """Returns a delivery with its attempts."""
    return ApiResponse(delivery_view(_delivery(request, _hook(request))))


def replay_delivery(request: ApiRequest) -> ApiResponse:
    """Sends an event again, with the same event id and a new delivery id.

    Raises DeliveryUnderway, TestedJustNow, WrongState.
    """
    hook, now = _hook(request), request.services.clock.now()
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


_NOT_FOUND = "There is no such webhook."


def new_id() -> str:
    """Returns a random id of 20 hexadecimal digits (80 bits)."""
    return secrets.token_hex(10)


def new_secret() -> str:
    """Returns `whsec_` and 32 random bytes in base64, the format of Standard Webhooks."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


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
        raise NotFound(_NOT_FOUND)
    return ApiResponse(delivery_view(doc), headers=rate_limit.headers)


def _refuse_disabled(webhook: Webhook) -> None:
    if webhook.disabled:
        raise WrongState("The webhook is disabled; enable it first.")


def _hook(request: ApiRequest) -> Webhook:
    """The caller's webhook named in the path. Raises NotFound."""
    return _read(request, request.path_params["webhook_id"])


def _read(request: ApiRequest, hook_id: str) -> Webhook:
    (doc,) = request.services.store.read([webhook_path(hook_id)])
    if doc is None or doc.data["owner"] != request.user.uid:
        raise NotFound(_NOT_FOUND)
    return Webhook.from_doc(doc)


def _delivery(request: ApiRequest, webhook: Webhook) -> Doc:
    (doc,) = request.services.store.read([task_path(WEBHOOK, request.path_params["delivery_id"])])
    if doc is None or doc.data["webhook"] != webhook.id or doc.data["owner"] != request.user.uid:
        raise NotFound("There is no such delivery.")
    return doc


def _view(request: ApiRequest, webhook: Webhook) -> WebhookView:
    return webhook_view(webhook, len(webhook.secrets_at(request.services.clock.now())))
