"""A house of its own for every test, on one storage stand-in."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from shared.adapters.storage.objects import CloudObjects
from shared.adapters.storage.signing import key_signer
from shared.entrypoints import bootstrap
from shared.pipeline import Bucket
from tests.fixtures.gcs.server import StandIn
from tests.fixtures.personal_data import House


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    server = StandIn(tmp_path_factory.mktemp("gcs")).start()
    yield server
    server.stop()


@pytest.fixture
def house(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> House:
    return furnished(stand_in, monkeypatch)


def furnished(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> House:
    client = stand_in.client()
    buckets = {role: f"erasing-{role}-{time.monotonic_ns()}" for role in Bucket}
    for name in buckets.values():
        client.create_bucket(name)
    signer = key_signer(str(stand_in.folder / "signer.json"))
    made = House(CloudObjects(client, buckets, signer), buckets)
    # Objects bear the time of this machine; the ledger's clock goes with it.
    made.clock.time = datetime.now(UTC) + timedelta(seconds=5)
    monkeypatch.setattr(bootstrap, "doorkeeper", lambda: made.keeper)
    return made
