"""Starts the delivery of a job's results when the job is done, and again after it has failed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from shared.errors import WrongState
from shared.flows.documents import CommitResult, Update
from shared.flows.effects import ClockAndIds, Flow, commit, publish, read
from shared.jobs.model import Job, Status
from shared.jobs.result_deliveries.delivery import (
    RESULT_DELIVERY,
    DeliveredFile,
    DeliveryState,
    FileState,
    ResultDelivery,
    delivery_path,
    files_to_deliver,
)
from shared.pipeline import STALLED_S
from shared.tasks.task import TaskState, task_envelope


def start_result_delivery(job: Job, part: str, clock: ClockAndIds) -> Flow[None]:
    """Makes the delivery of a job that is done due, and announces it. It can be repeated.

    The notification of the outcome does it, once for every revision and epoch, so that no other
    stage needs to know about deliveries. A delivery of an earlier revision that runs loses its
    lease.

    Args:
        job: The job.
        part: The part of the notification, which names the outcome and the epoch.
        clock: The clock.
    """
    if not job.has_delivery or job.status is not Status.DONE:
        return
    outcome = f"{job.revision}.{part}"
    while True:
        (doc,) = yield from read(delivery_path(job.id))
        if doc is None:
            return
        delivery = ResultDelivery.from_doc(doc)
        if delivery.revision > job.revision:
            return
        if delivery.outcome == outcome:
            if delivery.state in (DeliveryState.DELIVERED, DeliveryState.FAILED):
                return
            break
        fields = {
            **_due_fields(clock.now()),
            "outcome": outcome,
            "revision": job.revision,
            "files": [
                row.to_dict() for row in files_to_deliver(delivery.destination, job)
            ],
        }  # fmt: skip
        if (yield from commit(Update(doc.path, fields, doc.version))) is CommitResult.OK:
            break
    yield from publish([task_envelope(RESULT_DELIVERY, job.id)])


def redrive_delivery(job_id: str, clock: ClockAndIds) -> Flow[None]:
    """Delivers what a failed delivery has not delivered. A repeated call is no error. Raises
    WrongState when the delivery has not failed."""
    while True:
        (doc,) = yield from read(delivery_path(job_id))
        delivery = None if doc is None else ResultDelivery.from_doc(doc)
        if doc is None or delivery is None or delivery.state is DeliveryState.DELIVERED:
            raise WrongState("The job is done and its results are delivered.")
        if delivery.state is not DeliveryState.FAILED:
            break
        files = [_again(row).to_dict() for row in delivery.files]
        fields = {**_due_fields(clock.now()), "files": files}
        fields["delivered_bytes"] = sum(
            row.size_bytes for row in delivery.files if row.state is FileState.DELIVERED
        )
        if (yield from commit(Update(doc.path, fields, doc.version))) is CommitResult.OK:
            break
    yield from publish([task_envelope(RESULT_DELIVERY, job_id)])


def _again(row: DeliveredFile) -> DeliveredFile:
    if row.state is FileState.DELIVERED:
        return row
    return replace(row, state=FileState.PENDING, error=None)


def _due_fields(now: datetime) -> dict[str, Any]:
    """Returns the fields of a delivery that is due. Its token is no worker's any more."""
    return {
        "state": TaskState.OPEN,
        "attempt": 0,
        "token": "",
        "lease_until": now,
        "due_at": now,
        "announced_at": None,
        "next_check_at": now + timedelta(seconds=STALLED_S),
        "error": None,
        "finished_at": None,
        "waits": 0,
        "waiting_since": None,
        "delivered_bytes": 0,
        "copy": None,
    }
