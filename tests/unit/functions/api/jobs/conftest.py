"""The GCS emulator that the tests of jobs share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fixtures.gcs.server import GcsEmulator


@pytest.fixture(scope="package")
def gcs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GcsEmulator]:
    server = GcsEmulator(tmp_path_factory.mktemp("gcs")).start()
    yield server
    server.stop()
