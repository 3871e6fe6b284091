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
OWN_SUITE_TESTS = (
    "tests/emulator/pipeline/test_emotions.py::test_without_given_models",
    "tests/emulator/suite/test_runner.py::test_what_was_known",
)
"""Tests that start a suite for themselves and use no other."""
LONG_TESTS = (
    "tests/unit/functions/recorder/capture/test_session.py",
    "tests/unit/functions/stitching/",
    "tests/unit/shared/adapters/",
    "tests/unit/shared/media/",
    "tests/unit/functions/personal_data/test_erasure.py",
    "tests/unit/functions/slide_generation/",
    "tests/unit/functions/frame_extraction/",
    "tests/unit/infra/terraform/",
    "tests/unit/project/",
)
"""Files that take long, in the order in which they are begun."""


def group_of(nodeid: str) -> str:
    """The name of the group of tests that stay together; "" for a test of a file of its own."""
    # Their own suites and the second one first: they stand among files of the shared one.
    for room in (OWN_SUITE_TESTS, SECOND_SUITE_TESTS, SHARED_SUITE_TESTS, GCS_EMULATOR_TESTS):
        if nodeid.startswith(room):
            return room[0]
    return ""


def rank(item: pytest.Item) -> int:
    """The place of the item's room among those that are begun one after the other."""
    order = (
        SHARED_SUITE_TESTS[0],
        SECOND_SUITE_TESTS[0],
        OWN_SUITE_TESTS[0],
        GCS_EMULATOR_TESTS[0],
        *LONG_TESTS,
    )
    name = group_of(item.nodeid) or item.nodeid
    return next((n for n, one in enumerate(order) if name.startswith(one)), len(order))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--sweep", action="store_true", help="run the slow sweeps as well")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):
        # One of several processes: what takes longest is begun first.
        items.sort(key=rank)
    if config.getoption("--sweep"):
        return
    kept = [item for item in items if "sweep" not in item.keywords]
    config.hook.pytest_deselected(items=[one for one in items if "sweep" in one.keywords])
    items[:] = kept


class SuiteScheduling(LoadScopeScheduling):  # type: ignore[misc]  # the library has no annotations
    """Each process gets a room at a time, and all that a room has started serves all of it. The
    two suites mostly wait, for leases, timers and browsers."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid) or nodeid.partition("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> SuiteScheduling:
    return SuiteScheduling(config, log)
