"""A Cloud Storage emulator for the stitching tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fixtures.gcs.server import GcsEmulator
from tests.fixtures.stage_harness import StageHarness


@pytest.fixture(scope="package")
def gcs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GcsEmulator]:
    emulator = GcsEmulator(tmp_path_factory.mktemp("gcs")).start()
    yield emulator
    emulator.close()


@pytest.fixture
def harness(gcs: GcsEmulator) -> StageHarness:
    return StageHarness.create(gcs)
