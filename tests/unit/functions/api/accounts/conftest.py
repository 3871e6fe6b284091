"""The identity service and the mail server of a test."""

from __future__ import annotations

import pytest

from shared.entrypoints import bootstrap
from tests.fakes.clock import ManualClock
from tests.unit.functions.api.accounts.account_services import AccountServices


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> AccountServices:
    services = AccountServices(ManualClock())
    monkeypatch.setattr(bootstrap, "accounts", lambda: services)
    monkeypatch.setattr(bootstrap, "mailer", lambda: services)
    return services
