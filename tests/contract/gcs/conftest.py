"""Fixtures: one GCS emulator and one Pub/Sub for all tests, and a bucket for each test."""

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
    """The Pub/Sub server that receives the notifications."""
    jar = find_emulator_jar()
    server: PubSubServer = (
        PubSubEmulator(jar, tmp_path_factory.mktemp("pubsub") / "log") if jar else FakePubSub()
    )
    yield server
    server.close()


@pytest.fixture(scope="session")
def gcs(tmp_path_factory: pytest.TempPathFactory, pubsub: PubSubServer) -> Iterator[GcsEmulator]:
    """The emulator that most tests share."""
    server = GcsEmulator(tmp_path_factory.mktemp("gcs"), pubsub.url, uses_tls=True).start()
    yield server
    server.close()


@pytest.fixture
def own_gcs(tmp_path: Path) -> Iterator[GcsEmulator]:
    """An emulator for one test, which may kill and restart it."""
    server = GcsEmulator(tmp_path).start()
    yield server
    server.close()


@pytest.fixture(scope="session")
def client(gcs: GcsEmulator) -> Client:
    """The Cloud Storage client library."""
    return gcs.client()


@pytest.fixture(scope="session")
def credentials(gcs: GcsEmulator) -> service_account.Credentials:
    """The credentials that the emulator accepts for signatures."""
    return gcs.credentials()


@pytest.fixture(scope="session")
def endpoint(gcs: GcsEmulator) -> str:
    """The base URL of the emulator."""
    return gcs.endpoint


@pytest.fixture
def bucket(client: Client) -> Any:
    """An empty bucket for one test."""
    return client.create_bucket(f"t-{uuid.uuid4().hex[:20]}")
