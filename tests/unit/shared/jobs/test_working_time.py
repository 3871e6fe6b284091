"""The working time of a stage: every attempt counts, once."""

from __future__ import annotations

import pytest

from shared.errors import PermanentError
from shared.flows.documents import shard_path
from shared.ports.models import VoiceOverloaded
from tests.fakes.simulation.one_unit import JOB, OneUnit


class WorkerCrashed(BaseException):
    """Ends the worker without a commit."""


def shard_ms(one: OneUnit) -> int:
    return int(one.store.documents[shard_path(JOB, "upload_trigger", 0, 0)][0]["worked_ms"])


def earlier_ms(one: OneUnit) -> int:
    return int(one.store.documents[f"jobs/{JOB}/stages/upload_trigger-0"][0]["earlier_ms"])


def test_attempt_that_is_released_counts() -> None:
    one = OneUnit([OSError("no connection")], work_s=2)
    one.deliver()
    assert (one.unit.lost_ms, shard_ms(one)) == (2000, 0)
    one.clock.sleep(600)
    one.deliver()
    assert shard_ms(one) == 4000


def test_attempt_that_waits_for_a_service_counts() -> None:
    one = OneUnit([VoiceOverloaded("The quota is used up."), OSError()], work_s=2)
    for _ in range(3):
        one.deliver()
        one.clock.sleep(600)
    assert shard_ms(one) == 6000


def test_crashed_worker_counts_until_its_lease_ends() -> None:
    one = OneUnit([WorkerCrashed()], work_s=2)
    with pytest.raises(WorkerCrashed):
        one.deliver()
    lease_s = (one.unit.lease_until - one.clock.now()).total_seconds() + 2
    one.clock.sleep(600)
    one.deliver()
    assert shard_ms(one) == 1000 * (lease_s + 2)


def test_failed_unit_counts_on_its_stage() -> None:
    one = OneUnit([OSError("no connection"), PermanentError("The file is damaged.")], work_s=2)
    one.deliver()
    one.clock.sleep(600)
    one.deliver()
    assert one.job["status"] == "failed"
    assert (earlier_ms(one), one.unit.lost_ms, shard_ms(one)) == (4000, 0, 0)
