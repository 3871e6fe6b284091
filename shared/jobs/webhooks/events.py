"""Events other than the outcome of a job, and the tasks that tell a user about them.

The notification of a job announces its outcome. Every other event is a task of the function
`webhook`: `deliveries/{id}` of the kind EVENT, created in the batch that makes the event happen. So
an event is neither lost nor invented, and the sweeper announces a task whose message was lost. The
task creates the deliveries to the webhooks of the user, and sends an email if the event has one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from shared.flows.documents import Create, Update, Write, stage_path
from shared.flows.effects import ClockAndIds, Flow
from shared.flows.envelope import Envelope
from shared.jobs.model import Job
from shared.jobs.webhooks.bodies import EVENTS, event_body, job_data
from shared.jobs.webhooks.deliveries import (
    RETENTION_DAYS,
    WEBHOOK,
    deliver_to_webhooks,
    event_id,
    find_subscribers,
    task_id_of,
)
from shared.pipeline import PIPELINE_STAGES
from shared.tasks.task import Task, new_task, task_envelope

JOB_STARTED = "job.started"
JOB_AWAITING_REVIEW = "job.awaiting_review"
JOB_DELIVERED = "job.delivered"
JOB_DELIVERY_FAILED = "job.delivery_failed"
RECORDING_DONE = "recording.done"
RECORDING_FAILED = "recording.failed"
EXPORT_READY = "export.ready"
API_KEY_CREATED = "api_key.created"
"""A security notice: it is sent by email only, to every user."""
WEBHOOK_EVENTS = (
    *EVENTS.values(), JOB_STARTED, JOB_AWAITING_REVIEW, JOB_DELIVERED, JOB_DELIVERY_FAILED,
    RECORDING_DONE, RECORDING_FAILED, EXPORT_READY,
)  # fmt: skip
"""The events that webhooks receive."""
EVENT = "event"
"""The kind of the tasks that tell a user about an event."""


def new_event(
    event: str,
    owner: str,
    data: Mapping[str, Any],
    now: datetime,
    *,
    key: tuple[object, ...],
    job_id: str = "",
    email: str = "",
) -> Create:
    """Returns the write that creates the task of an event. It belongs in the batch that makes the
    event happen `now`.

    Args:
        data: What the body of a call says about the event. Emails are written from it too.
        key: Identifies the event among those with its name, with `now`.
        job_id: The job with which the task is deleted, or "".
        email: The address of the user, or "".
    """
    identifier = event_id(event, *key, now.isoformat())
    fields = {
        "kind": EVENT,
        # Not in the log of any webhook.
        "webhook": "",
        "job": job_id,
        "event": event,
        "event_id": identifier,
        "body": event_body(event, now, data),
        "email": email,
        "expires_at": now + timedelta(days=RETENTION_DAYS),
    }
    return new_task(WEBHOOK, task_id_of(identifier), owner, fields, now)


def new_job_event(event: str, job: Job, now: datetime, **changes: Any) -> Create:
    """Returns the write that creates the task of an event of a job, which has `changes` then."""
    data = {**job_data(job), **changes}
    return new_event(
        event, job.owner, data, now,
        key=(job.id, job.revision, job.epoch), job_id=job.id, email=job.email,
    )  # fmt: skip


def event_messages(writes: list[Write] | tuple[Write, ...]) -> list[Envelope]:
    """Returns the messages that run the tasks of events that a batch creates."""
    return [
        task_envelope(WEBHOOK, write.path.rpartition("/")[2])
        for write in writes
        if isinstance(write, Create) and write.data.get("kind") == EVENT
    ]


def event_for_subscribers(create: Create) -> Flow[tuple[Create, ...]]:
    """Returns the write of an event without an email, or nothing when no webhook receives it."""
    found = yield from find_subscribers(create.data["owner"], create.data["event"])
    return (create,) if found else ()


def deliver_event(task: Task, clock: ClockAndIds) -> Flow[None]:
    """Creates the deliveries of an event and announces them. It can be repeated."""
    data = task.data
    if data["event"] not in WEBHOOK_EVENTS:
        return
    yield from deliver_to_webhooks(
        task.owner, data["event"], data["event_id"], data["body"], data["job"],
        event_guard(task), clock,
    )  # fmt: skip


def event_guard(task: Task) -> tuple[Write, ...]:
    """Returns the write that refuses a batch when the job of the event was deleted. It changes
    nothing: every job has this stage, in the revision 0."""
    if not task.data["job"]:
        return ()
    job_id = task.data["job"]
    return (Update(stage_path(job_id, PIPELINE_STAGES[0], 0), {"job": job_id}),)
