"""One stand-in and one Pub/Sub for the whole suite, a bucket for every test."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.cloud.storage import Client
from google.oauth2 import service_account

from tests.fakes.pubsub import Emulator, PubSub, Recorder, emulator_jar
from tests.fixtures.gcs.server import StandIn


@pytest.fixture(scope="session")
def pubsub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PubSub]:
    """The Pub/Sub that notifications go to."""
    jar = emulator_jar()
    made: PubSub = Emulator(jar, tmp_path_factory.mktemp("pubsub") / "log") if jar else Recorder()
    yield made
    made.close()


@pytest.fixture(scope="session")
def stand_in(tmp_path_factory: pytest.TempPathFactory, pubsub: PubSub) -> Iterator[StandIn]:
    """The server that most tests share."""
    made = StandIn(tmp_path_factory.mktemp("gcs"), pubsub.url, tls=True).start()
    yield made
    made.close()


@pytest.fixture
def own_stand_in(tmp_path: Path) -> Iterator[StandIn]:
    """A server of the test's own, to be killed and started again."""
    made = StandIn(tmp_path).start()
    yield made
    made.close()


@pytest.fixture(scope="session")
def client(stand_in: StandIn) -> Client:
    """The real client."""
    return stand_in.client()


@pytest.fixture(scope="session")
def credentials(stand_in: StandIn) -> service_account.Credentials:
    """Whose signatures are believed."""
    return stand_in.credentials()


@pytest.fixture(scope="session")
def endpoint(stand_in: StandIn) -> str:
    """Base URL of the service."""
    return stand_in.endpoint


@pytest.fixture
def bucket(client: Client) -> Any:
    """An empty bucket of the test's own."""
    return client.create_bucket(f"t-{uuid.uuid4().hex[:20]}")
