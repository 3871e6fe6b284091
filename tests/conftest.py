"""Slow sweeps are opt-in: `--sweep`. Side by side, the tests of the shared suite stay together."""

from __future__ import annotations

import pytest

pytest_plugins = ["tests.running_suite"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--sweep", action="store_true", help="run the slow sweeps as well")


@pytest.hookimpl(tryfirst=True)  # before the plugin reads the groups
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--sweep"):
        kept = [item for item in items if "sweep" not in item.keywords]
        config.hook.pytest_deselected(items=[one for one in items if "sweep" in one.keywords])
        items[:] = kept
    for item in items:
        if item.get_closest_marker("suite") or "suite" in getattr(item, "fixturenames", ()):
            # Two suites: tests of either mostly wait for leases, timers and browsers.
            second = item.path.parent.name in ("chaos", "e2e")
            item.add_marker(pytest.mark.xdist_group(f"suite{1 + second}"))
