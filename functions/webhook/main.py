"""Call the servers that people registered, and keep calling until they have taken it."""

from functions.webhook.calling import call
from shared.stage import errand

main = errand("webhook", call)
