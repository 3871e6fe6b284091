"""Servers that are not available: retries, and what becomes of the other results."""

from __future__ import annotations

from dataclasses import replace

import pytest

from functions.result_delivery.deliver import _Run
from shared.flows.documents import Update
from shared.jobs.result_deliveries.delivery import (
    RESULT_DELIVERY,
    DeliveryState,
    FileState,
    delivery_path,
)
from shared.pipeline import FUNCTIONS
from shared.tasks.errors import DeadlineNear
from tests.fakes.put_server import PutReply, running_put_server
from tests.fixtures.deliveries import JOB, RESULTS, DeliveryHarness
from tests.unit.functions.result_delivery.test_urls import add_job, expect_error, requested


def test_server_that_is_not_available_does_not_stop_the_others(
    deliveries: DeliveryHarness,
) -> None:
    """Each result is tried once in a run; the longest wait is kept."""
    unavailable = [PutReply(status=503, headers={"Retry-After": s}) for s in ("400", "300")]
    with running_put_server(*unavailable, PutReply()) as puts:
        add_job(deliveries, puts)
        began_at = deliveries.now
        deliveries.deliver()
        assert [row.state for row in deliveries.delivery.files] == [
            FileState.PENDING, FileState.PENDING, FileState.DELIVERED,
        ]  # fmt: skip
        (doc,) = deliveries.store.read([delivery_path(JOB)])
        assert doc is not None
        assert (doc.data["due_at"] - began_at).total_seconds() == 400
        assert deliveries.run().state is DeliveryState.DELIVERED

    first, second, third = (f"/{name}" for name in RESULTS)
    assert requested(puts) == [first, second, third, first, second]


def test_only_results_that_were_tried_fail_after_the_last_attempt(
    deliveries: DeliveryHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time of each run ends with the first result."""
    check = _Run._check

    def end_after_the_first(run: _Run, name: str, sent: int, token: str) -> None:
        if run._retries:
            raise DeadlineNear
        check(run, name, sent, token)

    monkeypatch.setattr(_Run, "_check", end_after_the_first)
    attempts = FUNCTIONS[RESULT_DELIVERY].max_attempts - 1
    with running_put_server(*[PutReply(status=503)] * attempts, PutReply()) as puts:
        add_job(deliveries, puts, "frames.zip", "manifest.json")
        assert "answered 503" in expect_error(deliveries, "url-unavailable")

    assert [row.state for row in deliveries.delivery.files] == [
        FileState.FAILED, FileState.DELIVERED,
    ]  # fmt: skip
    assert requested(puts) == [*["/frames.zip"] * attempts, "/manifest.json"]


def test_complete_delivery_whose_worker_crashes_is_done(deliveries: DeliveryHarness) -> None:
    with running_put_server() as puts:
        add_job(deliveries, puts, "frames.zip")
    (row,) = deliveries.delivery.files
    sent = replace(row, state=FileState.DELIVERED).to_dict()
    attempts = FUNCTIONS[RESULT_DELIVERY].max_attempts
    deliveries.store.commit([Update(delivery_path(JOB), {"files": [sent], "attempt": attempts})])

    assert deliveries.run().state is DeliveryState.DELIVERED
    assert deliveries.history == ["delivered"]
    assert deliveries.events[0]["event"] == "job.delivered"
