"""Delivers an event: calls the server once and decides by its response."""

from __future__ import annotations

import time
from typing import Any

from functions.webhook.endpoint import record_failure, record_success
from functions.webhook.signing import signed_headers
from shared.entrypoints import bootstrap
from shared.entrypoints.encryption import webhook_decrypter
from shared.entrypoints.task import TaskContext
from shared.flows.effects import Failed, Later
from shared.jobs.webhooks.webhook import Webhook, webhook_path
from shared.pipeline import FUNCTIONS
from shared.ports.outbound import OutboundResponse
from shared.tasks.task import TaskDone, TaskOutcome

RETRY_DELAYS_S = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Delays between attempts, as Standard Webhooks proposes: more than three days in total."""
MAX_RETRY_AFTER_S = 86_400
"""The longest Retry-After that is respected."""
HTTP_GONE = 410
HTTP_BUSY = (429, 503)
ERROR_MESSAGES = {
    "unfit-url": "The webhook's URL cannot be called.",
    "private-address": "The webhook's name leads to an address that is not public.",
    "name-not-found": "The webhook's name has no address.",
    "timeout": "The webhook's server did not answer in time.",
    "connection-refused": "The webhook's server refused the connection.",
    "connection-lost": "The connection to the webhook's server broke off.",
    "certificate": "The certificate of the webhook's server is not valid for its name.",
    "tls": "The webhook's server supports no TLS version that we support.",
    "no-http": "The webhook's server did not answer with HTTP.",
}
assert len(RETRY_DELAYS_S) == FUNCTIONS["webhook"].max_attempts - 1  # noqa: S101 - the table's attempts


def call_webhook(context: TaskContext) -> TaskOutcome:
    """Signs and sends one call. A response of 2xx is success; anything else is retried.

    A crash between the response and the commit causes one more call of the same event. Raises
    KeyUnavailable, which consumes no attempt, and DecryptionFailed.
    """
    task, now = context.task, context.services.clock.now()
    (doc,) = context.services.store.read([webhook_path(task.data["webhook"])])
    if doc is None or doc.data["owner"] != task.owner:
        return Failed("webhook-deleted", "The webhook was deleted.")
    webhook = Webhook.from_doc(doc)
    if webhook.disabled:
        return Failed("webhook-disabled", "The webhook was disabled; enable it, then replay.")
    secrets = webhook.decrypt_secrets_at(
        now, webhook_decrypter(context.settings, context.services.log)
    )
    body = task.data["body"].encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Moodreel-Webhooks/1",
        **signed_headers(task.data["event_id"], now, body, secrets),
    }
    started_at = time.monotonic()
    response = bootstrap.outbound_http().post(webhook.url, headers, body)
    duration_ms = round((time.monotonic() - started_at) * 1000)
    attempt = {
        "at": now,
        "attempt": context.attempt,
        "status": response.status,
        "fault": response.error_code,
        "duration_ms": duration_ms,
    }
    context.services.log(
        "webhook.called", status=response.status, fault=response.error_code, ms=duration_ms,
        job=task.data["job"], webhook_event=task.data["event"],
    )  # fmt: skip
    fields = {"tries": [*task.data["tries"], attempt]}
    outcome = judge_response(response, context.attempt, fields)
    if isinstance(outcome, TaskDone):
        record_success(context, webhook)
    else:
        error = {"code": outcome.code, "message": outcome.message}
        record_failure(context, webhook.id, error, is_gone=response.status == HTTP_GONE)
    return outcome


def judge_response(
    result: OutboundResponse, attempt: int, fields: dict[str, Any]
) -> TaskDone | Failed | Later:
    """Returns the outcome of the task after attempt `attempt` (1, 2, …)."""
    status = result.status
    if status is not None and 200 <= status < 300:
        return TaskDone(fields)
    if status == HTTP_GONE:
        message = "The webhook's server answered 410: it is not called any more."
        return Failed("status-410", message, fields)
    wait_s = float(RETRY_DELAYS_S[min(attempt, len(RETRY_DELAYS_S)) - 1])
    if status in HTTP_BUSY and result.retry_after_s is not None:
        wait_s = max(wait_s, min(result.retry_after_s, MAX_RETRY_AFTER_S))
    if status is None:
        return Later(wait_s, result.error_code, ERROR_MESSAGES[result.error_code], fields)
    if 300 <= status < 400:
        message = f"The webhook's server answered {status}; redirects are not followed."
    else:
        message = f"The webhook's server answered {status}."
    return Later(wait_s, f"status-{status}", message, fields)
