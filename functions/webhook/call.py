"""One delivery: call the server once, and say what comes of its answer."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

from functions.webhook.signing import signed_headers
from shared.entrypoints import bootstrap
from shared.entrypoints.task import TaskContext
from shared.flows.documents import Update
from shared.jobs.webhooks import Webhook, webhook_path
from shared.pipeline import FUNCTIONS
from shared.ports.outbound import OutboundResponse
from shared.tasks.task import Failed, Later, TaskDone, TaskOutcome

RETRY_DELAYS_S = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""From one try to the next, as Standard Webhooks proposes: over three days in all."""
MAX_RETRY_AFTER_S = 86_400
"""The longest wait that a server may ask for."""
HTTP_GONE = 410
HTTP_BUSY = (429, 503)
ERROR_MESSAGES = {
    "unfit-url": "The webhook's URL cannot be called.",
    "private-address": "The webhook's name leads to an address that is not public.",
    "name-not-found": "The webhook's name has no address.",
    "timeout": "The webhook's server did not answer in time.",
    "connection-refused": "Nobody listens at the webhook's address.",
    "connection-lost": "The connection to the webhook's server broke off.",
    "certificate": "The certificate of the webhook's server is not valid for its name.",
    "tls": "The webhook's server speaks no TLS that we do.",
    "no-http": "What the webhook's server answered is no HTTP.",
}
assert len(RETRY_DELAYS_S) == FUNCTIONS["webhook"].max_attempts - 1  # noqa: S101 - the table's attempts


def call_webhook(context: TaskContext) -> TaskOutcome:
    """Sign, call and judge. 2xx is delivered; anything else is tried again until it is too often.

    A crash between the answer and our record costs one more call of the same event.
    """
    task, now = context.task, context.services.clock.now()
    (doc,) = context.services.store.read([webhook_path(task.data["webhook"])])
    if doc is None or doc.data["owner"] != task.owner:
        return Failed("webhook-deleted", "The webhook was taken away.")
    hook = Webhook.from_doc(doc)
    if hook.disabled:
        return Failed("webhook-disabled", "The webhook was disabled; enable it, then replay.")
    body = task.data["body"].encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Moodreel-Webhooks/1",
        **signed_headers(task.data["event_id"], now, body, hook.secrets_at(now)),
    }
    began = time.monotonic()
    answer = bootstrap.outbound_http().post(hook.url, headers, body)
    duration_ms = round((time.monotonic() - began) * 1000)
    tried = {
        "at": now,
        "attempt": context.attempt,
        "status": answer.status,
        "fault": answer.error_code,
        "duration_ms": duration_ms,
    }
    context.services.log(
        "webhook.called", status=answer.status, fault=answer.error_code, ms=duration_ms,
        job=task.data["job"], webhook_event=task.data["event"],
    )  # fmt: skip
    fields = {"tries": [*task.data["tries"], tried]}
    return judge_response(answer, context.attempt, hook.id, fields, now)


def judge_response(
    result: OutboundResponse, attempt: int, webhook_id: str, fields: dict[str, Any], now: datetime
) -> TaskOutcome:
    """What comes of an answer to try `attempt` (1, 2, …)."""
    status = result.status
    if status is not None and 200 <= status < 300:
        return TaskDone(fields)
    if status == HTTP_GONE:
        gone = Update(webhook_path(webhook_id), {"disabled": "gone", "disabled_at": now})
        why = "The webhook's server answered 410: it is not called any more."
        return Failed("status-410", why, fields, (gone,))
    wait_s = float(RETRY_DELAYS_S[min(attempt, len(RETRY_DELAYS_S)) - 1])
    if status in HTTP_BUSY and result.retry_after_s is not None:
        wait_s = max(wait_s, min(result.retry_after_s, MAX_RETRY_AFTER_S))
    if status is None:
        return Later(wait_s, result.error_code, ERROR_MESSAGES[result.error_code], fields)
    if 300 <= status < 400:
        why = f"The webhook's server answered {status}; redirects are not followed."
    else:
        why = f"The webhook's server answered {status}."
    return Later(wait_s, f"status-{status}", why, fields)
