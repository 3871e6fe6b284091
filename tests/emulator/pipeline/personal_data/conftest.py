"""A receiver of webhooks for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.webhook_receiver import WebhookReceiver, running_receiver


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with running_receiver(204) as receiver:
        yield receiver
