"""The smoke test of a deployment, against the real API."""

from __future__ import annotations

import pytest

from infra.local.suite.handle import SuiteHandle
from infra.tools import deployment

pytestmark = pytest.mark.suite


def test_local_api_passes_the_smoke_test(suite: SuiteHandle) -> None:
    assert deployment.find_problems(suite.url("api")) == []


def test_other_server_fails_the_smoke_test(suite: SuiteHandle) -> None:
    assert deployment.find_problems(suite.url("mails"))
