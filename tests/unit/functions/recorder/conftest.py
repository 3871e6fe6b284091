"""A studio of its own for every test, on one storage stand-in."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from shared.adapters.storage.objects import CloudObjects
from shared.adapters.storage.signing import key_signer
from shared.pipeline import Bucket
from tests.fixtures.gcs.server import StandIn
from tests.fixtures.recorder import Studio


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    server = StandIn(tmp_path_factory.mktemp("gcs")).start()
    yield server
    server.stop()


@pytest.fixture
def studio(stand_in: StandIn) -> Iterator[Studio]:
    client = stand_in.client()
    buckets = {role: f"recorder-{role}-{time.monotonic_ns()}" for role in Bucket}
    for name in buckets.values():
        client.create_bucket(name)
    signer = key_signer(str(stand_in.folder / "signer.json"))
    made = Studio(CloudObjects(client, buckets, signer), buckets)
    yield made
    made.close()
