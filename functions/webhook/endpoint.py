"""Counts the failed calls of a webhook, and disables it after too many of them in a row."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from shared.entrypoints.task import TaskContext
from shared.flows.documents import CommitResult, Write
from shared.jobs.webhooks.deliveries import WEBHOOK, new_notice
from shared.jobs.webhooks.webhook import (
    FAILING,
    GONE,
    Webhook,
    counting_failure,
    counting_success,
    disabling,
    webhook_path,
)
from shared.tasks.task import task_envelope

MIN_FAILING_S = 3600
"""A webhook is disabled at the earliest this long after the first failed call of a row, so that a
short outage of a server with many calls does not disable it."""
MAX_COMMIT_ATTEMPTS = 8


def record_success(context: TaskContext, webhook: Webhook) -> None:
    """Ends a row of failed calls."""
    if webhook.failures:
        context.services.store.commit([counting_success(webhook.id)])


def record_failure(
    context: TaskContext, webhook_id: str, error: Mapping[str, str], *, is_gone: bool
) -> None:
    """Counts a failed call, and disables the webhook at once when its server `is_gone`, or after
    too many failures. The email about it is a task of the same batch, so there is one.

    The call is counted before the outcome of its task is recorded. After a crash in between the
    task calls the server again, and counts that call as well.
    """
    services, limit = context.services, context.settings.webhook_max_failures
    for _ in range(MAX_COMMIT_ATTEMPTS):
        (doc,) = services.store.read([webhook_path(webhook_id)])
        if doc is None or (webhook := Webhook.from_doc(doc)).disabled:
            return
        now = services.clock.now()
        failing_for = now - (webhook.failing_since or now)
        is_failing = webhook.failures + 1 >= limit
        if not is_gone and not (is_failing and failing_for >= timedelta(seconds=MIN_FAILING_S)):
            # At the limit only the time counts: a busy document is not written without need.
            if webhook.failures < limit:
                services.store.commit([counting_failure(webhook, error, now)])
            return
        reason = GONE if is_gone else FAILING
        writes: list[Write] = [disabling(webhook, reason, error, now)]
        notice = new_notice(webhook, reason, error["message"], now)
        if webhook.email:
            writes.append(notice)
        if services.store.commit(writes) is CommitResult.OK:
            services.log("webhook.disabled", webhook=webhook.id, reason=reason, code=error["code"])
            if webhook.email:
                task_id = notice.path.rpartition("/")[2]
                services.publisher.publish([task_envelope(WEBHOOK, task_id)])
            return
