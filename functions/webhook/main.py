"""Call the servers that people registered, and keep calling until they have taken it."""

from functions.webhook.call import call_webhook
from shared.entrypoints.task import task

main = task("webhook", call_webhook)
