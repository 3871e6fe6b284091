"""Slow sweeps are opt-in: `--sweep`. Side by side, tests that share a suite stay together."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

pytest_plugins = [
    "tests.fixtures.suite.suite",
    "tests.fixtures.models.gemini",
    "tests.fixtures.models.tts",
]

# No test measures time: neither how long an example takes nor how long it takes to make one.
settings.register_profile("moodreel", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("moodreel")

SHARED_SUITE_TESTS = ("tests/emulator/", "tests/fuzz/", "tests/contract/test_job_store.py")
SECOND_SUITE_TESTS = (
    "tests/chaos/", "tests/e2e/", "tests/emulator/suite/test_runner.py", "tests/emulator/cameras/",
)  # fmt: skip
GCS_EMULATOR_TESTS = ("tests/contract/gcs/",)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--sweep", action="store_true", help="run the slow sweeps as well")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--sweep"):
        return
    kept = [item for item in items if "sweep" not in item.keywords]
    config.hook.pytest_deselected(items=[one for one in items if "sweep" in one.keywords])
    items[:] = kept


class SuiteScheduling(LoadScopeScheduling):  # type: ignore[misc]  # the library has no annotations
    """Each process gets a room at a time, and all that a room has started serves all of it. The
    two suites mostly wait, for leases, timers and browsers."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        # The second suite first: some of its files stand among those of the shared one.
        for room in (SECOND_SUITE_TESTS, SHARED_SUITE_TESTS, GCS_EMULATOR_TESTS):
            if path.startswith(room):
                return room[0]
        return path


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> SuiteScheduling:
    return SuiteScheduling(config, log)
