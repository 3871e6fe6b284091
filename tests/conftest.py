"""Options, hypothesis settings, and the order of the tests in one process and in several.

Tests that are marked `extended` run with `--extended`, and those that are marked `sweep`, which
take very long, with `--sweep`, which includes the extended ones. When several processes run the
tests, each process takes one group at a time, so that tests of one group share what they start.
"""

from __future__ import annotations

import fcntl
import gc
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

pytest_plugins = [
    "tests.fixtures.suite.suite",
    "tests.fixtures.models.chat_server",
    "tests.fixtures.models.gemini",
    "tests.fixtures.models.stt",
    "tests.fixtures.models.tts",
    "tests.fixtures.gcs.fixtures",
]

# No test measures time: neither how long an example takes nor how long it takes to generate one.
settings.register_profile("moodreel", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("moodreel")

SHARED_SUITE_TESTS = ("tests/emulator/", "tests/fuzz/", "tests/contract/job_store/")
"""Tests that share one running suite."""
SECOND_SUITE_TESTS = (
    "tests/chaos/", "tests/e2e/", "tests/emulator/suite/test_runner.py", "tests/emulator/cameras/",
)  # fmt: skip
"""Tests that share a second suite, so that two processes can run tests of a suite."""
GCS_EMULATOR_TESTS = ("tests/contract/gcs/",)
"""Tests that share one Cloud Storage emulator."""
OWN_SUITE_TESTS = (
    "tests/emulator/pipeline/test_built_models.py",
    "tests/emulator/suite/test_restart.py",
)
"""Tests that start suites of their own and use no shared one."""
LONG_TESTS = (
    "tests/unit/functions/recorder/capture/",
    "tests/unit/functions/stitching/",
    "tests/unit/shared/adapters/",
    "tests/unit/shared/media/",
    "tests/unit/functions/personal_data/",
    "tests/unit/functions/slide_generation/",
    "tests/unit/functions/frame_extraction/",
    "tests/unit/infra/terraform/",
    "tests/unit/project/",
)
"""Long tests outside the groups, in the order in which they start."""

PRINTED_CHARACTERS = 3000
"""Of the end of a failure's traceback, printed at once. The end of the run shows the whole."""


def group_of(nodeid: str) -> str:
    """Returns the name of the test's group, or "" for a test that belongs to no group."""
    # The first match counts: the first two groups have files below folders of the third.
    for group in (OWN_SUITE_TESTS, SECOND_SUITE_TESTS, SHARED_SUITE_TESTS, GCS_EMULATOR_TESTS):
        if nodeid.startswith(group):
            return group[0]
    return ""


def start_rank(item: pytest.Item) -> int:
    """Returns the rank of the item's group or file in the order in which they start."""
    # OWN_SUITE_TESTS are below the first folder and have its rank.
    order = (SHARED_SUITE_TESTS[0], SECOND_SUITE_TESTS[0], GCS_EMULATOR_TESTS[0], *LONG_TESTS)
    name = group_of(item.nodeid) or item.nodeid
    return next((n for n, prefix in enumerate(order) if name.startswith(prefix)), len(order))


def check_suite_tests(items: list[pytest.Item]) -> None:
    """Raises UsageError for a test of the suite in no group: it would start one more suite."""
    for item in items:
        if item.get_closest_marker("suite") and not group_of(item.nodeid):
            folders = ", ".join(SHARED_SUITE_TESTS)
            raise pytest.UsageError(f"{item.nodeid} needs the suite: move it to {folders}")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--extended", action="store_true", help="run the extended tests as well")
    parser.addoption("--sweep", action="store_true", help="run the extended tests and all sweeps")


class FailurePrinter:
    """Prints each failure at once: the output of a run that is killed shows what failed."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        terminal = self._config.pluginmanager.get_plugin("terminalreporter")
        if report.failed and terminal:
            terminal.ensure_newline()
            terminal.write_line(f"FAILED {report.nodeid} ({report.when})")
            terminal.write_line(report.longreprtext[-PRINTED_CHARACTERS:])


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(FailurePrinter(config))


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Collects the tests without garbage collection, of which none is garbage: each run of it would
    visit a million objects, also later during the tests."""
    is_worker = hasattr(session.config, "workerinput")
    with compile_once() if is_worker else nullcontext():
        gc.disable()
        try:
            return (yield)
        finally:
            gc.freeze()
            gc.enable()


@contextmanager
def compile_once() -> Iterator[None]:
    """In a new checkout, the first of several processes compiles all tests inside the block. The
    others wait for it, since each would compile all of them as well."""
    compiled = (Path(__file__).parent / "unit" / "project" / "__pycache__").glob("*-pytest-*.pyc")
    if sys.dont_write_bytecode or any(compiled):
        yield
        return
    with Path(__file__).open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fcntl.flock(lock, fcntl.LOCK_SH)
            fcntl.flock(lock, fcntl.LOCK_UN)
        yield


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    check_suite_tests(items)
    if hasattr(config, "workerinput"):
        # In one of several processes, the longest groups start first.
        items.sort(key=start_rank)
    if config.getoption("--sweep"):
        return
    left_out = {"sweep"} if config.getoption("--extended") else {"sweep", "extended"}
    selected = [item for item in items if not left_out & item.keywords.keys()]
    config.hook.pytest_deselected(items=[item for item in items if left_out & item.keywords.keys()])
    items[:] = selected


class GroupScheduling(LoadScopeScheduling):  # type: ignore[misc]  # the library has no annotations
    """Gives each process one group at a time, so that session fixtures start once per group. Files
    outside the groups are scheduled one by one."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid) or nodeid.partition("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> GroupScheduling:
    return GroupScheduling(config, log)
