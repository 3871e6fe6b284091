"""One stand-in and one Pub/Sub for the whole suite, a bucket for every test."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.cloud.storage import Client
from google.oauth2 import service_account

from tests.fakes.pubsub import FakePubSub, PubSubEmulator, PubSubServer, find_emulator_jar
from tests.fixtures.gcs.server import GcsEmulator


@pytest.fixture(scope="session")
def pubsub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PubSubServer]:
    """The Pub/Sub that notifications go to."""
    jar = find_emulator_jar()
    made: PubSubServer = (
        PubSubEmulator(jar, tmp_path_factory.mktemp("pubsub") / "log") if jar else FakePubSub()
    )
    yield made
    made.close()


@pytest.fixture(scope="session")
def gcs(tmp_path_factory: pytest.TempPathFactory, pubsub: PubSubServer) -> Iterator[GcsEmulator]:
    """The server that most tests share."""
    made = GcsEmulator(tmp_path_factory.mktemp("gcs"), pubsub.url, uses_tls=True).start()
    yield made
    made.close()


@pytest.fixture
def own_gcs(tmp_path: Path) -> Iterator[GcsEmulator]:
    """A server of the test's own, to be killed and started again."""
    made = GcsEmulator(tmp_path).start()
    yield made
    made.close()


@pytest.fixture(scope="session")
def client(gcs: GcsEmulator) -> Client:
    """The real client."""
    return gcs.client()


@pytest.fixture(scope="session")
def credentials(gcs: GcsEmulator) -> service_account.Credentials:
    """Whose signatures are believed."""
    return gcs.credentials()


@pytest.fixture(scope="session")
def endpoint(gcs: GcsEmulator) -> str:
    """Base URL of the service."""
    return gcs.endpoint


@pytest.fixture
def bucket(client: Client) -> Any:
    """An empty bucket of the test's own."""
    return client.create_bucket(f"t-{uuid.uuid4().hex[:20]}")
