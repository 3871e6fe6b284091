"""Call the servers that people registered, and keep calling until they have taken it."""

from functions.webhook.call import call
from shared.entrypoints.task import errand

main = errand("webhook", call)
