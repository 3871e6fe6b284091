"""Webhooks: registering servers that are to be called, and the log of their calls."""

from __future__ import annotations

import base64
import secrets
from datetime import timedelta

from functions.api import rate_limit_policies
from functions.api.pagination import PageQuery
from functions.api.rate_limits import take
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
from shared.flows.documents import Committed, Create, Delete, Doc, Update
from shared.http.problems import InvalidFields
from shared.http.request import Answer, Call
from shared.jobs.webhooks import (
    EVENTS,
    HOOKS,
    OLD_SECRET_S,
    PING,
    WEBHOOK,
    Hook,
    body_of,
    delivery_id,
    event_id,
    hook_path,
    new_delivery,
    new_hook,
    rotated,
)
from shared.net.address_policy import UnfitUrl, read_target
from shared.tasks.task import errand_envelope, errand_path

HOOKS_MOST = 10
"""Webhooks of one person."""
TESTED_AGAIN_S = 5
"""A person's own test may not become a hammer on somebody else's server."""


class TooManyWebhooks(WrongState):
    """There are as many webhooks as one person may have; delete one first."""

    code = "too-many-webhooks"


class TestedJustNow(WrongState):
    """A test was sent a moment ago; wait a few seconds."""

    code = "tested-just-now"


class StillUnderway(WrongState):
    """This delivery is still tried; it can be replayed once it has ended."""

    code = "delivery-underway"


def create_webhook(call: Call) -> Answer:
    """Register. Raises InvalidFields for a URL that cannot be called, TooManyWebhooks,
    LimitReached."""
    form = call.body(NewWebhook)
    try:
        read_target(form.url, private_too=call.settings.private_webhooks)
    except UnfitUrl as unfit:
        raise InvalidFields([("url", str(unfit))]) from unfit
    store, owner = call.world.store, call.user.uid
    if len(store.documents_of(HOOKS, owner, most=HOOKS_MOST)) >= HOOKS_MOST:
        raise TooManyWebhooks
    standing = take(call, rate_limit_policies.changes(call.settings), owner)
    events = tuple(one for one in EVENTS.values() if form.events is None or one in form.events)
    hook_id, secret = new_id(), new_secret()
    # A conflict can only be our own commit, repeated after its answer was lost: the id is new.
    store.commit([new_hook(hook_id, owner, form.url, events, secret, call.world.clock.now())])
    hook = _read(call, hook_id)
    told = WebhookWithSecret(webhook=_view(call, hook), secret=secret, old_secret_until=None)
    return Answer(told, headers={"Location": f"/v1/webhooks/{hook_id}", **standing.headers})


def list_webhooks(call: Call) -> Answer:
    """All of them."""
    docs = call.world.store.documents_of(HOOKS, call.user.uid)
    return Answer(WebhookList(webhooks=tuple(_view(call, Hook.from_doc(doc)) for doc in docs)))


def get_webhook(call: Call) -> Answer:
    """One of them."""
    return Answer(_view(call, _hook(call)))


def delete_webhook(call: Call) -> Answer:
    """Take it away: what is still to be delivered to it is given up."""
    call.world.store.commit([Delete(hook_path(_hook(call).id))])
    return Answer()


def enable_webhook(call: Call) -> Answer:
    """Call it again after it answered 410; again is no error."""
    hook = _hook(call)
    if call.world.store.commit([Update(hook_path(hook.id), {"disabled": ""})]) is not Committed.OK:
        raise NotFound(_GONE)
    return Answer(_view(call, _hook(call)))


def rotate_secret(call: Call) -> Answer:
    """A new secret; calls are signed with the old one as well for a day."""
    secret = new_secret()
    while True:
        hook = _hook(call)
        now = call.world.clock.now()
        # A batch whose answer was lost meets itself: the secret that is told must be the one kept.
        ours = any(one.value == secret for one in hook.secrets)
        if ours or call.world.store.commit([rotated(hook, secret, now)]) is Committed.OK:
            break
    told = WebhookWithSecret(
        webhook=_view(call, _hook(call)),
        secret=secret,
        old_secret_until=now + timedelta(seconds=OLD_SECRET_S),
    )
    return Answer(told)


def test_webhook(call: Call) -> Answer:
    """Send a ping on the way that every event goes. Raises TestedJustNow, WrongState."""
    hook, now = _hook(call), call.world.clock.now()
    _refuse_disabled(hook)
    if hook.tested_at is not None and now - hook.tested_at < timedelta(seconds=TESTED_AGAIN_S):
        raise TestedJustNow
    delivery = new_id()
    body = body_of(PING, now, {"webhook_id": hook.id})
    made = new_delivery(delivery, hook, PING, event_id(PING, delivery), body, "", now)
    return _sent(call, hook, delivery, made)


def list_deliveries(call: Call) -> Answer:
    """The log, newest first."""
    hook, asked = _hook(call), call.query(PageQuery)
    docs = call.world.store.newest(
        "deliveries", ("webhook", hook.id), after=asked.after, most=asked.limit + 1
    )
    return Answer(
        DeliveryPage(
            deliveries=tuple(delivery_view(doc) for doc in docs[: asked.limit]),
            next_cursor=asked.cursor_behind(docs),
        )
    )


def get_delivery(call: Call) -> Answer:
    """One row of the log."""
    return Answer(delivery_view(_delivery(call, _hook(call))))


def replay_delivery(call: Call) -> Answer:
    """Send the same event once more, with the same id. Raises StillUnderway, TestedJustNow."""
    hook, now = _hook(call), call.world.clock.now()
    _refuse_disabled(hook)
    before = _delivery(call, hook).data
    if before["finished_at"] is None:
        raise StillUnderway
    if hook.tested_at is not None and now - hook.tested_at < timedelta(seconds=TESTED_AGAIN_S):
        raise TestedJustNow
    delivery = delivery_id("replay", new_id())
    made = new_delivery(
        delivery, hook, before["event"], before["event_id"], before["body"], before["job"], now
    )
    return _sent(call, hook, delivery, made)


_GONE = "There is no such webhook."


def new_id() -> str:
    """20 characters that nobody guesses."""
    return secrets.token_hex(10)


def new_secret() -> str:
    """`whsec_` and 32 bytes in base64, as Standard Webhooks has it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def _sent(call: Call, hook: Hook, delivery: str, made: Create) -> Answer:
    """Write the delivery, count the test, announce it. Raises TestedJustNow, LimitReached."""
    standing = take(call, rate_limit_policies.changes(call.settings), call.user.uid)
    tested = Update(hook_path(hook.id), {"tested_at": made.data["created_at"]}, hook.version)
    if call.world.store.commit([made, tested]) is not Committed.OK:
        (doc,) = call.world.store.read([errand_path(WEBHOOK, delivery)])
        if doc is None:
            # Somebody else tests, rotates or takes it away at this moment.
            raise TestedJustNow
    call.world.publisher.publish([errand_envelope(WEBHOOK, delivery)])
    (doc,) = call.world.store.read([errand_path(WEBHOOK, delivery)])
    if doc is None:
        raise NotFound(_GONE)
    return Answer(delivery_view(doc), headers=standing.headers)


def _refuse_disabled(hook: Hook) -> None:
    if hook.disabled:
        raise WrongState("The webhook is disabled; enable it first.")


def _hook(call: Call) -> Hook:
    """The caller's webhook that the path names."""
    return _read(call, call.named["webhook_id"])


def _read(call: Call, hook_id: str) -> Hook:
    (doc,) = call.world.store.read([hook_path(hook_id)])
    if doc is None or doc.data["owner"] != call.user.uid:
        raise NotFound(_GONE)
    return Hook.from_doc(doc)


def _delivery(call: Call, hook: Hook) -> Doc:
    (doc,) = call.world.store.read([errand_path(WEBHOOK, call.named["delivery_id"])])
    if doc is None or doc.data["webhook"] != hook.id or doc.data["owner"] != call.user.uid:
        raise NotFound("There is no such delivery.")
    return doc


def _view(call: Call, hook: Hook) -> WebhookView:
    return webhook_view(hook, len(hook.secrets_at(call.world.clock.now())))
