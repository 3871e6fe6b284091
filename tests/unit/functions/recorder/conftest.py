"""A RecorderHarness with its own buckets for each test."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from shared.adapters.storage.objects import CloudObjectStore
from shared.adapters.storage.signing import key_signer
from shared.pipeline import Bucket
from tests.fixtures.gcs.server import GcsEmulator
from tests.fixtures.recorder import RecorderHarness


@pytest.fixture
def recorder(gcs: GcsEmulator) -> Iterator[RecorderHarness]:
    client = gcs.client()
    buckets = {role: f"recorder-{role}-{time.monotonic_ns()}" for role in Bucket}
    for name in buckets.values():
        client.create_bucket(name)
    signer = key_signer(str(gcs.folder / "signer.json"))
    harness = RecorderHarness(CloudObjectStore(client, buckets, signer), buckets)
    yield harness
    harness.close()
