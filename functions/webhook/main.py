"""Calls the servers that users registered, and retries until they accept the call."""

from functions.webhook.call import call_webhook
from shared.entrypoints.task import task

main = task("webhook", call_webhook)
