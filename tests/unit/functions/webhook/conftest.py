"""The fixture of the function's tests."""

from tests.fixtures.webhook_tasks import webhooks as webhooks
