"""A harness with its own buckets for each test."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from shared.adapters.storage.objects import CloudObjectStore
from shared.adapters.storage.signing import key_signer
from shared.entrypoints import bootstrap
from shared.pipeline import Bucket
from tests.fixtures.gcs.server import GcsEmulator
from tests.fixtures.personal_data import PersonalDataHarness


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
