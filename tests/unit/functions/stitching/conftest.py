"""A store of one's own for the handlers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fixtures.gcs.server import StandIn
from tests.fixtures.stage_harness import Bench


@pytest.fixture(scope="package")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    made = StandIn(tmp_path_factory.mktemp("gcs")).start()
    yield made
    made.close()


@pytest.fixture
def bench(storage: StandIn) -> Bench:
    return Bench.on(storage)
