"""Fixtures: one storage emulator per module, and a harness with its own buckets per test."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from shared.adapters.storage.objects import CloudObjectStore
from shared.adapters.storage.signing import key_signer
from shared.entrypoints import bootstrap
from shared.pipeline import Bucket
from tests.fixtures.gcs.server import GcsEmulator
from tests.fixtures.personal_data import PersonalDataHarness


@pytest.fixture(scope="module")
def gcs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GcsEmulator]:
    server = GcsEmulator(tmp_path_factory.mktemp("gcs")).start()
    yield server
    server.stop()


@pytest.fixture
def harness(gcs: GcsEmulator, monkeypatch: pytest.MonkeyPatch) -> PersonalDataHarness:
    return make_harness(gcs, monkeypatch)


def make_harness(gcs: GcsEmulator, monkeypatch: pytest.MonkeyPatch) -> PersonalDataHarness:
    client = gcs.client()
    buckets = {role: f"erasing-{role}-{time.monotonic_ns()}" for role in Bucket}
    for name in buckets.values():
        client.create_bucket(name)
    signer = key_signer(str(gcs.folder / "signer.json"))
    harness = PersonalDataHarness(CloudObjectStore(client, buckets, signer), buckets)
    # Objects are created at the time of this machine, so the harness starts at that time.
    harness.clock.time = datetime.now(UTC) + timedelta(seconds=5)
    monkeypatch.setattr(bootstrap, "account_admin", lambda: harness.account_admin)
    return harness
