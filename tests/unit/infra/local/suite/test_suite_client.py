"""A runner that does not stop."""

from __future__ import annotations

import subprocess
import sys

import pytest

from infra.local.suite import suite_client
from infra.local.suite.layout import SetupError


def test_runner_that_does_not_stop_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suite_client, "_STOP_TIMEOUT_S", 0.1)
    runner = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
    with pytest.raises(SetupError, match="did not stop within 0 s and was killed"):
        suite_client._wait_until_stopped(runner)
    assert runner.returncode == -9
