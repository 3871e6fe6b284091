"""Webhooks: registration, enabling and secrets."""

from __future__ import annotations

import base64
import secrets
from datetime import timedelta

from functions.api import rate_limit_policies
from functions.api.webhooks.schemas import (
    NewWebhook,
    WebhookList,
    WebhookView,
    WebhookWithSecret,
    webhook_view,
)
from shared.entrypoints.encryption import webhook_encrypter
from shared.errors import NotFound, WrongState
from shared.flows.documents import CommitResult, Delete, owned_documents
from shared.flows.encrypted import Encrypted
from shared.http.limits.rate_limits import consume
from shared.http.problems import InvalidFields
from shared.http.request import ApiRequest, ApiResponse
from shared.jobs.webhooks.bodies import EVENTS
from shared.jobs.webhooks.events import WEBHOOK_EVENTS
from shared.jobs.webhooks.webhook import (
    OLD_SECRET_S,
    WEBHOOKS,
    Webhook,
    enabling,
    new_webhook,
    secret_context,
    secret_rotation,
    webhook_path,
)
from shared.net.address_policy import InvalidUrl, parse_target

MAX_WEBHOOKS = 10
"""Per user."""


class TooManyWebhooks(WrongState):
    """You have the maximum number of webhooks; delete one first."""

    code = "too-many-webhooks"


def create_webhook(request: ApiRequest) -> ApiResponse:
    """Registers a webhook.

    Raises InvalidFields for a URL that cannot be called, TooManyWebhooks, LimitReached.
    """
    body = request.body(NewWebhook)
    try:
        parse_target(body.url, allow_private=request.settings.allow_private_webhooks)
    except InvalidUrl as error:
        raise InvalidFields([("url", str(error))]) from error
    store, owner = request.services.store, request.user.uid
    webhooks = store.run_query(owned_documents(WEBHOOKS, owner, limit=MAX_WEBHOOKS))
    if len(webhooks) >= MAX_WEBHOOKS:
        raise TooManyWebhooks
    rate_limit = consume(request, rate_limit_policies.changes(request.settings), owner)
    chosen = EVENTS.values() if body.events is None else body.events
    events = tuple(event for event in WEBHOOK_EVENTS if event in chosen)
    hook_id, secret = new_id(), new_secret()
    encrypted = _encrypt(request, hook_id, secret)
    # The id is new, so a conflict means that the client library retried this commit after its
    # response was lost.
    store.commit(
        [
            new_webhook(
                hook_id,
                owner,
                body.url,
                events,
                encrypted,
                request.services.clock.now(),
                email=request.user.email,
            )
        ]
    )
    hook = _read(request, hook_id)
    view = WebhookWithSecret(webhook=_view(request, hook), secret=secret, old_secret_until=None)
    return ApiResponse(view, headers={"Location": f"/v1/webhooks/{hook_id}", **rate_limit.headers})


def list_webhooks(request: ApiRequest) -> ApiResponse:
    """Lists your webhooks."""
    docs = request.services.store.run_query(owned_documents(WEBHOOKS, request.user.uid))
    return ApiResponse(
        WebhookList(webhooks=tuple(_view(request, Webhook.from_doc(doc)) for doc in docs))
    )


def get_webhook(request: ApiRequest) -> ApiResponse:
    """Returns a webhook without its secret."""
    return ApiResponse(_view(request, find_webhook(request)))


def delete_webhook(request: ApiRequest) -> ApiResponse:
    """Deletes a webhook. Its pending deliveries fail."""
    request.services.store.commit([Delete(webhook_path(find_webhook(request).id))])
    return ApiResponse()


def enable_webhook(request: ApiRequest) -> ApiResponse:
    """Enables a webhook that was disabled, and counts its failures from zero again."""
    hook = find_webhook(request)
    if request.services.store.commit([enabling(hook.id)]) is not CommitResult.OK:
        raise NotFound(_NOT_FOUND)
    return ApiResponse(_view(request, find_webhook(request)))


def rotate_secret(request: ApiRequest) -> ApiResponse:
    """Creates a new secret. For a day, calls are also signed with the old one."""
    secret = new_secret()
    encrypted = _encrypt(request, request.path_params["webhook_id"], secret)
    while True:
        hook = find_webhook(request)
        now = request.services.clock.now()
        # After a commit whose response was lost, the secret is stored already. The response must
        # contain the stored secret.
        is_stored = any(stored.value == encrypted for stored in hook.secrets)
        if (
            is_stored
            or request.services.store.commit([secret_rotation(hook, encrypted, now)])
            is CommitResult.OK
        ):
            break
    view = WebhookWithSecret(
        webhook=_view(request, find_webhook(request)),
        secret=secret,
        old_secret_until=now + timedelta(seconds=OLD_SECRET_S),
    )
    return ApiResponse(view)


_NOT_FOUND = "There is no such webhook."


def new_id() -> str:
    """Returns a random id of 20 hexadecimal digits (80 bits)."""
    return secrets.token_hex(10)


def new_secret() -> str:
    """Returns `whsec_` and 32 random bytes in base64, the format of Standard Webhooks."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def _encrypt(request: ApiRequest, hook_id: str, secret: str) -> Encrypted:
    encrypt = webhook_encrypter(request.settings)
    return encrypt(secret, secret_context(hook_id, request.user.uid))


def find_webhook(request: ApiRequest) -> Webhook:
    """Returns the caller's webhook named in the path. Raises NotFound."""
    return _read(request, request.path_params["webhook_id"])


def _read(request: ApiRequest, hook_id: str) -> Webhook:
    (doc,) = request.services.store.read([webhook_path(hook_id)])
    if doc is None or doc.data["owner"] != request.user.uid:
        raise NotFound(_NOT_FOUND)
    return Webhook.from_doc(doc)


def _view(request: ApiRequest, webhook: Webhook) -> WebhookView:
    return webhook_view(webhook, webhook.count_secrets_at(request.services.clock.now()))
