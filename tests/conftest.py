"""Slow sweeps are opt-in: `--sweep`."""

from __future__ import annotations

import pytest

pytest_plugins = ["tests.running_suite"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--sweep", action="store_true", help="run the slow sweeps as well")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--sweep"):
        return
    kept = [item for item in items if "sweep" not in item.keywords]
    config.hook.pytest_deselected(items=[one for one in items if "sweep" in one.keywords])
    items[:] = kept
