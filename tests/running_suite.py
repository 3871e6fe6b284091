"""The local suite, started once for all tests that ask for it, on a block of ports of its own."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator

import pytest

from infra.local.layout import Place
from infra.local.ports import free_base
from infra.local.services import rows_to_start
from infra.local.supervisor import log_tail
from infra.local.tenant import Tenant, rented
from shared.adapters import connect
from shared.config import Settings
from shared.driver import Neighbours, SystemClock
from shared.logs import log

LEASE_S = 15
"""In the cloud 45: tests that end processes wait for a lease to run out."""


@pytest.fixture(scope="session")
def suite(request: pytest.FixtureRequest) -> Iterator[Tenant]:
    """A suite with everything that is built; its state and logs go when all tests were green."""
    place = Place(free_base())
    with rented(place, env={"MOODREEL_LEASE_S": str(LEASE_S)}) as tenant:
        yield tenant
    if not request.session.testsfailed:
        shutil.rmtree(place.folder)


@pytest.fixture
def own_place() -> Iterator[Place]:
    """Free ports and an empty folder, for a test that starts a suite by itself."""
    place = Place(free_base())
    yield place
    shutil.rmtree(place.folder, ignore_errors=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Iterator[None]:
    """A failed test shows what the suite said and the end of every function's log."""
    report: pytest.TestReport = yield  # type: ignore[assignment]
    tenant = getattr(item, "funcargs", {}).get("suite")
    if report.failed and isinstance(tenant, Tenant):
        report.sections.append(("the runner", tenant.said()))
        for row in rows_to_start():
            log = tenant.place.logs / f"{row.name}.log"
            report.sections.append((f"log of {row.name}", log_tail(log)))
    return report  # type: ignore[return-value]


@pytest.fixture(scope="session")
def world(suite: Tenant) -> Iterator[Neighbours]:
    """The suite's ledger, buckets and topics, through the production adapters."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in suite.env.items():
            patch.setenv(name, value)
        settings = Settings.from_env(suite.env)
        yield Neighbours(
            store=connect.ledger(settings),
            objects=connect.objects(settings),
            publisher=connect.publisher(settings),
            clock=SystemClock(),
            log=log,
            new_token=lambda: secrets.token_hex(8),
        )
