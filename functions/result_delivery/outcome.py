"""What is recorded when a delivery ends: its document, the history of the job, and an event."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from shared.flows.documents import Update, Write, job_path
from shared.flows.effects import ClockAndIds, Failed, Flow, LogEvent, commit, publish, read
from shared.jobs.history import history_event
from shared.jobs.model import Job, Status
from shared.jobs.result_deliveries.delivery import (
    URLS,
    DeliveredFile,
    FileState,
    ResultDelivery,
)
from shared.jobs.webhooks.events import (
    JOB_DELIVERED,
    JOB_DELIVERY_FAILED,
    event_messages,
    new_job_event,
)
from shared.tasks.record import outcome_fields
from shared.tasks.task import Task, TaskDone


def fail_pending(
    files: Iterable[DeliveredFile], code: str, message: str
) -> tuple[DeliveredFile, ...]:
    """Returns the files, of which those that are not delivered have failed."""
    return tuple(
        row.failed(code, message) if row.state is FileState.PENDING else row for row in files
    )


def end_delivery(
    delivery: ResultDelivery, files: tuple[DeliveredFile, ...], job: Job | None, now: datetime
) -> TaskDone | Failed:
    """Returns the outcome of a delivery whose files are all delivered or failed. The URLs are kept
    for a redrive if one has failed, and for the next revision if the job has a deck."""
    delivered_bytes = sum(row.size_bytes for row in files if row.state is FileState.DELIVERED)
    fields: dict[str, Any] = {
        "files": [row.to_dict() for row in files], "delivered_bytes": delivered_bytes, "copy": None,
    }  # fmt: skip
    failed = next((row for row in files if row.state is FileState.FAILED), None)
    if failed is None or failed.error is None:
        writes = _ending_writes(delivery, files, None, job, now)
        if job is None or job.recipe.deck_stage is None:
            fields[URLS] = None
        return TaskDone(fields, writes, tuple(event_messages(writes)))
    error = {
        "code": failed.error["code"],
        "message": f"{failed.name} was not delivered. {failed.error['message']}",
    }
    writes = _ending_writes(delivery, files, error, job, now)
    messages = tuple(event_messages(writes))
    return Failed(error["code"], error["message"], fields, writes, messages)


def fail_exhausted_delivery(task: Task, clock: ClockAndIds) -> Flow[Mapping[str, Any]]:
    """Fails what is pending of a delivery whose worker crashed in the last attempt too. Returns
    the fields of its document. A delivery of which nothing is pending is done."""
    delivery = ResultDelivery.from_task(task)
    files = fail_pending(delivery.files, *task.last_error())
    (doc,) = yield from read(job_path(delivery.job))
    job = None if doc is None else Job.from_doc(doc)
    outcome = end_delivery(delivery, files, job, clock.now())
    if isinstance(outcome, TaskDone):
        # It ends here: this write changes the version with which the caller would fail it.
        update = Update(task.path, outcome_fields(outcome, clock.now()), task.version)
        yield from commit(update, *outcome.writes)
        yield from publish(list(outcome.messages))
        return {}
    if outcome.writes:
        yield from commit(*outcome.writes)
        yield from publish(list(outcome.messages))
        yield LogEvent("delivery.failed", {"severity": "WARNING", "code": outcome.code})
    return outcome.fields


def _ending_writes(
    delivery: ResultDelivery,
    files: tuple[DeliveredFile, ...],
    error: Mapping[str, str] | None,
    job: Job | None,
    now: datetime,
) -> tuple[Write, ...]:
    """Returns the event of the history, and the one for webhooks."""
    if job is None or job.status is Status.DELETED:
        return ()
    bucket = delivery.destination.bucket
    details = {
        "folder": f"gs://{bucket}/{delivery.folder}" if bucket else None,
        "files": [
            {"name": row.name, "state": row.state, "error": row.error} for row in files
        ],
        "error": error,
    }  # fmt: skip
    name = JOB_DELIVERED if error is None else JOB_DELIVERY_FAILED
    code = {} if error is None else {"code": error["code"]}
    return (
        history_event(
            job.id, now, "delivered" if error is None else "delivery_failed",
            epoch=job.epoch, revision=delivery.revision, **code,
        ),
        new_job_event(name, job, now, delivery=details),
    )  # fmt: skip
