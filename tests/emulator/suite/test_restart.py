"""A suite that is stopped and started again in the same folder."""

from __future__ import annotations

import os
import signal

import pytest

from infra.local.client.http import request
from infra.local.suite.handle import run_suite, wait_until
from infra.local.suite.layout import PROJECT, SuiteLayout
from tests.fixtures.suite.command import is_alive, run_emulator

pytestmark = pytest.mark.suite


@pytest.mark.extended
def test_state_survives_a_restart_and_no_process_survives_the_runner(
    own_layout: SuiteLayout,
) -> None:
    documents = f"v1/projects/{PROJECT}/databases/(default)/documents/things"
    admin = {"Authorization": "Bearer owner"}
    with run_suite(own_layout, "frames") as first:
        url = f"{first.url('firestore')}/{documents}"
        body = {"fields": {"size": {"integerValue": "5"}}}
        assert request("POST", f"{url}?documentId=x", body, headers=admin).status == 200
        uid = first.user("someone@moodreel.test").uid

    assert run_emulator(own_layout, "status").returncode == 1
    with run_suite(own_layout, "frames", clear_state=False) as second:
        document = request("GET", f"{url}/x", headers=admin).json()
        assert document["fields"] == {"size": {"integerValue": "5"}}
        assert second.user("someone@moodreel.test").uid == uid

        groups = [service["pid"] for service in second.services().values()]
        os.kill(second.runner_pid, signal.SIGKILL)
        wait_until(lambda: not any(map(is_alive, groups)), "the services to end")
