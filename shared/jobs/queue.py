"""The queue of each owner's jobs: how many of them run at once, and which one runs next.

A job enters the queue when its uploads have arrived, and again by a redrive, an edit or a release
of its deck. It leaves the queue when fewer of its owner's jobs are running than may run at once.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from shared.flows.documents import (
    CommitResult,
    Create,
    Doc,
    Filter,
    Query,
    ServerTime,
    Update,
    job_path,
)
from shared.flows.effects import ClockAndIds, Flow, LogEvent, commit, publish, read, run_query
from shared.jobs import announcements
from shared.jobs.model import Job, Status
from shared.jobs.queries import read_snapshot
from shared.jobs.units.outcomes import inputs_uploaded
from shared.jobs.update import update_job
from shared.jobs.webhooks.events import (
    JOB_STARTED,
    event_for_subscribers,
    event_messages,
    new_job_event,
)
from shared.pipeline import RECIPES

OWNERS_PER_SWEEP = 200
FILL_S = 60
"""After this time a sweep fills no further queue, so that time is left for the check of units."""
CURSOR_PATH = "maintenance/queues"
"""The document with the owner whose queue was filled last."""
LAST_ID = "~"
"""Sorts after every document id."""


def queued_jobs(owner: str) -> Query:
    """Returns the query for the job of an owner that is queued for the longest time."""
    return Query(
        "jobs",
        (Filter("owner", "==", owner), Filter("status", "==", Status.QUEUED)),
        order_by="queued_at",
        limit=1,
    )


def running_jobs(owner: str, limit: int) -> Query:
    """Returns the query for an owner's running jobs."""
    return Query(
        "jobs",
        (Filter("owner", "==", owner), Filter("status", "==", Status.RUNNING)),
        limit=limit,
    )


def queued_after(owner: str) -> Query:
    """Returns the query for a queued job of the next owner after `owner`."""
    return Query(
        "jobs",
        (Filter("status", "==", Status.QUEUED),),
        order_by="owner",
        after=(owner, LAST_ID) if owner else None,
        limit=1,
    )


def queued_fields(now: datetime) -> dict[str, Any]:
    """Returns the fields of a job that enters the queue.

    `queued_at` comes from the server's clock: with the clocks of workers a job could enter before
    the head that another worker has read, and then both would leave the queue.
    """
    return {"status": Status.QUEUED, "queued_at": ServerTime.NOW, "updated_at": now}


def fill(owner: str, clock: ClockAndIds) -> Flow[None]:
    """Starts an owner's queued jobs, the oldest first, while fewer are running than may run at
    once. Repeated and concurrent calls start no job too many.

    The head is read before the running jobs are counted. When another call starts the head in
    between, the write of this one conflicts. A head that cannot be read moves to the end, so that
    it blocks no other job.
    """
    unreadable: set[str] = set()
    while True:
        heads = yield from run_query(queued_jobs(owner))
        if not heads or heads[0].id in unreadable:
            return
        running = yield from run_query(running_jobs(owner, clock.jobs_per_owner))
        if len(running) >= clock.jobs_per_owner:
            return
        now = clock.now()
        fields = {"status": Status.RUNNING, "running_since": now, "updated_at": now}
        head = heads[0]
        try:
            job = _parse_job(head)
            writes = update_job(job, fields)
        except (LookupError, TypeError, ValueError) as error:
            yield LogEvent(
                "queue.job_unreadable",
                {"severity": "ERROR", "job": head.id, "reason": repr(error)},
            )
            unreadable.add(head.id)
            yield from commit(Update(head.path, {"queued_at": ServerTime.NOW}, head.version))
            continue
        started = new_job_event(JOB_STARTED, job, now, status=Status.RUNNING)
        event = yield from event_for_subscribers(started)
        result = yield from commit(*writes, *event)
        if result is CommitResult.OK or (yield from _has_started(head.path, now)):
            yield LogEvent("job.started", {"job": head.id})
            yield from publish_open_units(head.id)
            yield from publish(event_messages(event))


def _parse_job(doc: Doc) -> Job:
    """Parses a job. Raises LookupError, TypeError or ValueError when this version cannot run it,
    for example after a rollback from a version with more recipes."""
    job = Job.from_doc(doc)
    if job.recipe_name not in RECIPES:
        raise LookupError(f"there is no recipe {job.recipe_name}")
    return job


def _has_started(path: str, at: datetime) -> Flow[bool]:
    """Whether a job was started `at`: then the write was committed although its response was lost,
    and the client's retry conflicted with it."""
    (doc,) = yield from read(path)
    if doc is None or doc.data["status"] != Status.RUNNING:
        return False
    return bool(doc.data["running_since"] == at)


def publish_open_units(job_id: str) -> Flow[None]:
    """Publishes the messages of a running job's admitted units that are not DONE."""
    snapshot = yield from read_snapshot(job_id)
    if snapshot is not None and snapshot.job.status is Status.RUNNING:
        # A job enters the queue when its uploads have arrived. They are not looked up here: the
        # stage that ends another job of the owner has no role for uploads.
        uploaded = frozenset(job_input.name for job_input in snapshot.job.inputs)
        yield from publish(announcements.pending_messages(snapshot, uploaded))


def enqueue_uploaded(job: Job, clock: ClockAndIds) -> Flow[None]:
    """Moves a job that awaits uploads to the queue when all of them have arrived."""
    uploaded = yield from inputs_uploaded(job)
    if all(job_input.name in uploaded for job_input in job.inputs):
        # After a conflict the job has left this status, or the delivery of the new upload decides.
        yield from commit(*update_job(job, queued_fields(clock.now())))


def advance(job: Job, clock: ClockAndIds) -> Flow[bool]:
    """Moves a job forward in its owner's queue: after its uploads, or when it is queued, or when it
    has left a slot to another one. Returns whether the job is running now."""
    if job.status is Status.AWAITING_UPLOAD:
        yield from enqueue_uploaded(job, clock)
    yield from fill(job.owner, clock)
    (doc,) = yield from read(job_path(job.id))
    return doc is not None and doc.data["status"] == Status.RUNNING


def fill_queues(clock: ClockAndIds) -> Flow[int]:
    """Fills the queues of the owners with queued jobs, one after the other, from where the last
    sweep stopped, for FILL_S at most. Returns their number."""
    started_at = clock.now()
    (cursor,) = yield from read(CURSOR_PATH)
    owner = "" if cursor is None else str(cursor.data["owner"])
    seen: set[str] = set()
    while len(seen) < OWNERS_PER_SWEEP and (clock.now() - started_at).total_seconds() < FILL_S:
        jobs = yield from run_query(queued_after(owner))
        if not jobs and not owner:
            break
        owner = str(jobs[0].data["owner"]) if jobs else ""
        if owner in seen:
            break
        if owner:
            seen.add(owner)
            yield from _fill_isolated(owner, clock)
    if seen:
        yield from _store_cursor(cursor, owner)
    return len(seen)


def _fill_isolated(owner: str, clock: ClockAndIds) -> Flow[None]:
    """Fills an owner's queue. An error is logged and not raised, so that other owners are
    served."""
    try:
        yield from fill(owner, clock)
    except Exception as error:
        fields = {"severity": "ERROR", "owner": owner, "reason": repr(error)}
        yield LogEvent("queue.fill_failed", fields)


def _store_cursor(cursor: Doc | None, owner: str) -> Flow[None]:
    """Stores where the next sweep continues."""
    fields = {"owner": owner}
    yield from commit(
        Create(CURSOR_PATH, fields) if cursor is None else Update(CURSOR_PATH, fields)
    )
