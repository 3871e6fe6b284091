"""Calls the servers that users registered, and retries until they accept the call."""

from functions.webhook.call import call_webhook
from functions.webhook.event import handle_event
from functions.webhook.notice import send_notice
from shared.entrypoints.task import TaskContext, task
from shared.jobs.webhooks.deliveries import DELIVERY, NOTICE, WEBHOOK
from shared.jobs.webhooks.events import EVENT
from shared.tasks.task import TaskOutcome

HANDLERS = {DELIVERY: call_webhook, EVENT: handle_event, NOTICE: send_notice}


def handle_task(context: TaskContext) -> TaskOutcome:
    """Runs a DELIVERY (calls a server), an EVENT (creates deliveries, sends an email) or a NOTICE
    (sends an email to the owner of a webhook)."""
    return HANDLERS[context.task.data["kind"]](context)


main = task(WEBHOOK, handle_task)
