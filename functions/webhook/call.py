"""One delivery: call the server once, and say what comes of its answer."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

from functions.webhook.signing import signed_headers
from shared.entrypoints import bootstrap
from shared.entrypoints.task import ErrandTask
from shared.flows.documents import Update
from shared.jobs.webhooks import Hook, hook_path
from shared.pipeline import STAGES
from shared.ports.outbound import CallAnswer
from shared.tasks.task import ErrandOutcome, GivenUp, Postponed, Settled

WAITS_S = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""From one try to the next, as Standard Webhooks proposes: over three days in all."""
ASKED_MOST_S = 86_400
"""The longest wait that a server may ask for."""
GONE = 410
BUSY = (429, 503)
FAULTS = {
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
assert len(WAITS_S) == STAGES["webhook"].attempts - 1  # noqa: S101 - the table's attempts


def call(task: ErrandTask) -> ErrandOutcome:
    """Sign, call and judge. 2xx is delivered; anything else is tried again until it is too often.

    A crash between the answer and our record costs one more call of the same event.
    """
    errand, now = task.errand, task.world.clock.now()
    (doc,) = task.world.store.read([hook_path(errand.data["webhook"])])
    if doc is None or doc.data["owner"] != errand.owner:
        return GivenUp("webhook-deleted", "The webhook was taken away.")
    hook = Hook.from_doc(doc)
    if hook.disabled:
        return GivenUp("webhook-disabled", "The webhook was disabled; enable it, then replay.")
    body = errand.data["body"].encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Moodreel-Webhooks/1",
        **signed_headers(errand.data["event_id"], now, body, hook.secrets_at(now)),
    }
    began = time.monotonic()
    answer = bootstrap.caller().post(hook.url, headers, body)
    duration_ms = round((time.monotonic() - began) * 1000)
    tried = {
        "at": now,
        "attempt": task.attempt,
        "status": answer.status,
        "fault": answer.fault,
        "duration_ms": duration_ms,
    }
    task.world.log(
        "webhook.called", status=answer.status, fault=answer.fault, ms=duration_ms,
        job=errand.data["job"], hook_event=errand.data["event"],
    )  # fmt: skip
    fields = {"tries": [*errand.data["tries"], tried]}
    return judged(answer, task.attempt, hook.id, fields, now)


def judged(
    answer: CallAnswer, attempt: int, hook_id: str, fields: dict[str, Any], now: datetime
) -> ErrandOutcome:
    """What comes of an answer to try `attempt` (1, 2, …)."""
    status = answer.status
    if status is not None and 200 <= status < 300:
        return Settled(fields)
    if status == GONE:
        gone = Update(hook_path(hook_id), {"disabled": "gone", "disabled_at": now})
        why = "The webhook's server answered 410: it is not called any more."
        return GivenUp("status-410", why, fields, (gone,))
    wait_s = float(WAITS_S[min(attempt, len(WAITS_S)) - 1])
    if status in BUSY and answer.retry_after_s is not None:
        wait_s = max(wait_s, min(answer.retry_after_s, ASKED_MOST_S))
    if status is None:
        return Postponed(wait_s, answer.fault, FAULTS[answer.fault], fields)
    if 300 <= status < 400:
        why = f"The webhook's server answered {status}; redirects are not followed."
    else:
        why = f"The webhook's server answered {status}."
    return Postponed(wait_s, f"status-{status}", why, fields)
