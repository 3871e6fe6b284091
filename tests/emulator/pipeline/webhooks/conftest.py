"""A client and a receiver of webhooks for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra.local.client.api_client import Client
from infra.local.suite.handle import SuiteHandle
from tests.fakes.webhook_receiver import WebhookReceiver, running_receiver


@pytest.fixture
def client(suite: SuiteHandle) -> Client:
    return suite.client()


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with running_receiver(204) as receiver:
        yield receiver
