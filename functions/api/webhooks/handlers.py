"""Webhooks: registering servers that are to be called, and the log of their calls."""

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
"""Webhooks of one person."""
MIN_TEST_INTERVAL_S = 5
"""A person's own test may not become a hammer on somebody else's server."""


class TooManyWebhooks(WrongState):
    """There are as many webhooks as one person may have; delete one first."""

    code = "too-many-webhooks"


class TestedJustNow(WrongState):
    """A test was sent a moment ago; wait a few seconds."""

    code = "tested-just-now"


class DeliveryUnderway(WrongState):
    """This delivery is still tried; it can be replayed once it has ended."""

    code = "delivery-underway"


def create_webhook(request: ApiRequest) -> ApiResponse:
    """Register. Raises InvalidFields for a URL that cannot be called, TooManyWebhooks,
    LimitReached."""
    form = request.body(NewWebhook)
    try:
        parse_target(form.url, allow_private=request.settings.allow_private_webhooks)
    except InvalidUrl as unfit:
        raise InvalidFields([("url", str(unfit))]) from unfit
    store, owner = request.services.store, request.user.uid
    if len(store.list_owned_by_id(WEBHOOKS, owner, max_count=MAX_WEBHOOKS)) >= MAX_WEBHOOKS:
        raise TooManyWebhooks
    standing = consume(request, rate_limit_policies.changes(request.settings), owner)
    events = tuple(one for one in EVENTS.values() if form.events is None or one in form.events)
    hook_id, secret = new_id(), new_secret()
    # A conflict can only be our own commit, repeated after its answer was lost: the id is new.
    store.commit(
        [new_webhook(hook_id, owner, form.url, events, secret, request.services.clock.now())]
    )
    hook = _read(request, hook_id)
    told = WebhookWithSecret(webhook=_view(request, hook), secret=secret, old_secret_until=None)
    return ApiResponse(told, headers={"Location": f"/v1/webhooks/{hook_id}", **standing.headers})


def list_webhooks(request: ApiRequest) -> ApiResponse:
    """All of them."""
    docs = request.services.store.list_owned_by_id(WEBHOOKS, request.user.uid)
    return ApiResponse(
        WebhookList(webhooks=tuple(_view(request, Webhook.from_doc(doc)) for doc in docs))
    )


def get_webhook(request: ApiRequest) -> ApiResponse:
    """One of them."""
    return ApiResponse(_view(request, _hook(request)))


def delete_webhook(request: ApiRequest) -> ApiResponse:
    """Take it away: what is still to be delivered to it is given up."""
    request.services.store.commit([Delete(webhook_path(_hook(request).id))])
    return ApiResponse()


def enable_webhook(request: ApiRequest) -> ApiResponse:
    """Call it again after it answered 410; again is no error."""
    hook = _hook(request)
    if (
        request.services.store.commit([Update(webhook_path(hook.id), {"disabled": ""})])
        is not CommitResult.OK
    ):
        raise NotFound(_GONE)
    return ApiResponse(_view(request, _hook(request)))


def rotate_secret(request: ApiRequest) -> ApiResponse:
    """A new secret; calls are signed with the old one as well for a day."""
    secret = new_secret()
    while True:
        hook = _hook(request)
        now = request.services.clock.now()
        # A batch whose answer was lost meets itself: the secret that is told must be the one kept.
        ours = any(one.value == secret for one in hook.secrets)
        if (
            ours
            or request.services.store.commit([secret_rotation(hook, secret, now)])
            is CommitResult.OK
        ):
            break
    told = WebhookWithSecret(
        webhook=_view(request, _hook(request)),
        secret=secret,
        old_secret_until=now + timedelta(seconds=OLD_SECRET_S),
    )
    return ApiResponse(told)


def test_webhook(request: ApiRequest) -> ApiResponse:
    """Send a ping on the way that every event goes. Raises TestedJustNow, WrongState."""
    hook, now = _hook(request), request.services.clock.now()
    _refuse_disabled(hook)
    if hook.tested_at is not None and now - hook.tested_at < timedelta(seconds=MIN_TEST_INTERVAL_S):
        raise TestedJustNow
    delivery = new_id()
    body = event_body(PING, now, {"webhook_id": hook.id})
    made = new_delivery(delivery, hook, PING, event_id(PING, delivery), body, "", now)
    return _sent(request, hook, delivery, made)


def list_deliveries(request: ApiRequest) -> ApiResponse:
    """The log, newest first."""
    hook, asked = _hook(request), request.query(PageQuery)
    docs = request.services.store.list_newest(
        "deliveries", ("webhook", hook.id), after=asked.after, max_count=asked.limit + 1
    )
    return ApiResponse(
        DeliveryPage(
            deliveries=tuple(delivery_view(doc) for doc in docs[: asked.limit]),
            next_cursor=asked.next_cursor(docs),
        )
    )


def get_delivery(request: ApiRequest) -> ApiResponse:
    """One row of the log."""
    return ApiResponse(delivery_view(_delivery(request, _hook(request))))


def replay_delivery(request: ApiRequest) -> ApiResponse:
    """Send the same event once more, with the same id. Raises StillUnderway, TestedJustNow."""
    hook, now = _hook(request), request.services.clock.now()
    _refuse_disabled(hook)
    before = _delivery(request, hook).data
    if before["finished_at"] is None:
        raise DeliveryUnderway
    if hook.tested_at is not None and now - hook.tested_at < timedelta(seconds=MIN_TEST_INTERVAL_S):
        raise TestedJustNow
    delivery = delivery_id("replay", new_id())
    made = new_delivery(
        delivery, hook, before["event"], before["event_id"], before["body"], before["job"], now
    )
    return _sent(request, hook, delivery, made)


_GONE = "There is no such webhook."


def new_id() -> str:
    """20 characters that nobody guesses."""
    return secrets.token_hex(10)


def new_secret() -> str:
    """`whsec_` and 32 bytes in base64, as Standard Webhooks has it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def _sent(request: ApiRequest, webhook: Webhook, delivery: str, made: Create) -> ApiResponse:
    """Write the delivery, count the test, announce it. Raises TestedJustNow, LimitReached."""
    standing = consume(request, rate_limit_policies.changes(request.settings), request.user.uid)
    tested = Update(
        webhook_path(webhook.id), {"tested_at": made.data["created_at"]}, webhook.version
    )
    if request.services.store.commit([made, tested]) is not CommitResult.OK:
        (doc,) = request.services.store.read([task_path(WEBHOOK, delivery)])
        if doc is None:
            # Somebody else tests, rotates or takes it away at this moment.
            raise TestedJustNow
    request.services.publisher.publish([task_envelope(WEBHOOK, delivery)])
    (doc,) = request.services.store.read([task_path(WEBHOOK, delivery)])
    if doc is None:
        raise NotFound(_GONE)
    return ApiResponse(delivery_view(doc), headers=standing.headers)


def _refuse_disabled(webhook: Webhook) -> None:
    if webhook.disabled:
        raise WrongState("The webhook is disabled; enable it first.")


def _hook(request: ApiRequest) -> Webhook:
    """The caller's webhook that the path names."""
    return _read(request, request.path_params["webhook_id"])


def _read(request: ApiRequest, hook_id: str) -> Webhook:
    (doc,) = request.services.store.read([webhook_path(hook_id)])
    if doc is None or doc.data["owner"] != request.user.uid:
        raise NotFound(_GONE)
    return Webhook.from_doc(doc)


def _delivery(request: ApiRequest, webhook: Webhook) -> Doc:
    (doc,) = request.services.store.read([task_path(WEBHOOK, request.path_params["delivery_id"])])
    if doc is None or doc.data["webhook"] != webhook.id or doc.data["owner"] != request.user.uid:
        raise NotFound("There is no such delivery.")
    return doc


def _view(request: ApiRequest, webhook: Webhook) -> WebhookView:
    return webhook_view(webhook, len(webhook.secrets_at(request.services.clock.now())))
