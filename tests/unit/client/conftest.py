"""A service that each test has for itself."""

from __future__ import annotations

import pytest

from tests.fixtures.client_service import ClientService
from tests.fixtures.gcs.server import GcsEmulator


@pytest.fixture
def service(gcs: GcsEmulator) -> ClientService:
    """The API and the GCS emulator, with buckets of the test."""
    return ClientService.create(gcs)
