"""The rules of at-least-once delivery, as pure functions of the documents that were read.

The flows in `units/deliver.py` act on the results. `test_rule_removal.py` disables each rule in
turn and shows that a job is then lost, doubled or stuck.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.flows.decision import Decision
from shared.flows.envelope import JOIN, Envelope
from shared.jobs.model import Job, Status
from shared.jobs.stage import Stage, StageState, Unit, UnitState
from shared.pipeline import (
    FUNCTIONS,
    STALLED_S,
    find_producer,
)

MAX_CHECK_INTERVAL_S = 3600
"""The longest time after which the sweeper checks a unit again."""
CLOCK_SKEW_S = 10
"""How much the clocks of two workers, or of a worker and Pub/Sub, may differ."""


@dataclass(frozen=True, slots=True)
class View:
    """The documents that decide about a delivery, read together."""

    job: Job | None
    stage: Stage | None
    unit: Unit | None


@dataclass(frozen=True, slots=True)
class JobSnapshot:
    """A job with its stages and units at the current revision."""

    job: Job
    stages: Mapping[str, Stage]
    units: Mapping[tuple[str, str], Unit]
    outdated: tuple[Stage, ...] = ()
    """Stages of older revisions."""


def decide(view: View, envelope: Envelope, now: datetime) -> Decision:
    """Decides about a delivery; never LATER. The order matters: a delivery that is out of date is
    dropped before it is repeated."""
    job, stage, unit = view.job, view.stage, view.unit
    if job is None or stage is None or is_out_of_date(job, envelope):
        return Decision.DROP
    if FUNCTIONS[envelope.stage].reports_outcome:
        if not job.is_terminal or envelope.part != outcome_part(job.status, job.epoch):
            return Decision.DROP
    elif job.status not in (Status.RUNNING, Status.AWAITING_REVIEW) or is_awaiting_review(
        job, envelope.stage
    ):
        return Decision.DROP
    if unit is None:
        # The part is not admitted. The one that admits it announces it.
        return Decision.DROP
    if is_done(unit):
        return Decision.REPEAT
    if unit.state is UnitState.FAILED:
        return Decision.DROP
    if is_leased(unit, now) or unit.not_before > now:
        return Decision.BUSY
    if envelope.part == JOIN and not stage.is_complete:
        # The worker that completes the stage announces its join.
        return Decision.DROP
    if unit.attempt >= FUNCTIONS[envelope.stage].max_attempts:
        return Decision.EXHAUSTED
    return Decision.GO


def is_out_of_date(job: Job, envelope: Envelope) -> bool:
    """Whether the envelope is of a deleted job, or of an older epoch, revision or upload."""
    if job.status is Status.DELETED:
        return True
    if envelope.epoch is not None and envelope.epoch < job.epoch:
        return True
    if FUNCTIONS[envelope.stage].per_revision and envelope.revision < job.revision:
        return True
    if envelope.upload is not None:
        current = {job_input.name: job_input.upload for job_input in job.inputs}
        return current.get(envelope.part) != envelope.upload
    return False


def is_awaiting_review(job: Job, stage: str) -> bool:
    """Whether a stage waits for the review of the deck."""
    return job.status is Status.AWAITING_REVIEW and stage in job.recipe.stages_after_deck


def with_epoch(job: Job | None, envelope: Envelope) -> Envelope:
    """Returns the envelope with the epoch of `job`. An object's event has no epoch, and a decision
    about it must not apply to a later epoch."""
    if job is None or envelope.epoch is not None:
        return envelope
    return replace(envelope, epoch=job.epoch)


def is_done(unit: Unit | None) -> bool:
    """Whether the unit is DONE, which is final: it never runs again."""
    return unit is not None and unit.state is UnitState.DONE


def is_leased(unit: Unit | None, now: datetime) -> bool:
    """Whether a worker holds the unit. A lease that is not renewed expires."""
    return unit is not None and unit.state is UnitState.LEASED and unit.lease_until > now


def lease_end(now: datetime, lease_s: float) -> datetime:
    """Returns the end of a lease that is claimed or renewed at `now`."""
    return now + timedelta(seconds=lease_s)


def check_after_lease(now: datetime, lease_s: float) -> datetime:
    """Returns when the sweeper checks a unit whose lease is claimed or renewed at `now`."""
    return lease_end(now, lease_s) + timedelta(seconds=STALLED_S)


def outcome_part(status: Status, epoch: int) -> str:
    """Returns the part of the notification unit: the outcome and its epoch, so that every outcome
    is announced once."""
    return f"{status}.e{epoch}"


def is_ready(
    view: View, envelope: Envelope, producer: Unit | None, uploaded: Collection[str]
) -> bool:
    """Whether the inputs of a unit exist. `producer` is the unit whose object triggers it, if the
    stage is triggered by objects, and `uploaded` names the uploaded inputs."""
    job, stage = view.job, view.stage
    if job is None or stage is None or is_awaiting_review(job, envelope.stage):
        return False
    if FUNCTIONS[envelope.stage].reports_outcome:
        return True
    if envelope.part == JOIN:
        return stage.is_complete
    if envelope.stage == job.recipe.stages[0]:
        return envelope.part in uploaded
    return find_producer(envelope.stage) is None or is_done(producer)


def is_retired(view: View, envelope: Envelope) -> bool:
    """Whether a unit will not run any more: its job has ended or its deck was edited."""
    job = view.job
    if job is None or view.stage is None or is_out_of_date(job, envelope):
        return True
    if FUNCTIONS[envelope.stage].reports_outcome:
        return envelope.part != outcome_part(job.status, job.epoch)
    return job.is_terminal


def check_interval(job: Job, unit: Unit, now: datetime) -> timedelta:
    """Returns after how long the sweeper checks a unit again: as long as it has waited already, so
    that a backlog of hours adds few messages."""
    limits = timedelta(seconds=STALLED_S), timedelta(seconds=MAX_CHECK_INTERVAL_S)
    return min(max(now - waiting_since(job, unit), limits[0]), limits[1])


def waiting_since(job: Job, unit: Unit) -> datetime:
    """Returns since when a unit of a running job waits: since it was admitted, or since the job
    runs."""
    return max(unit.admitted_at, job.running_since or unit.admitted_at)


def is_superseded(unit: Unit, published_at: datetime | None) -> bool:
    """Whether the sweeper or dead_letter has announced a unit after this message of it was
    published: another copy is queued."""
    if published_at is None or unit.announced_at is None:
        return False
    # The copy that was announced then must not count as an older one.
    return published_at < unit.announced_at - timedelta(seconds=CLOCK_SKEW_S)


def are_result_stages_done(job: Job, also: str) -> bool:
    """Whether ALL result stages are done, counting stage `also` as done. Then the job is done."""
    return all(
        name == also or job.stages[name] == StageState.DONE for name in job.recipe.result_stages
    )


def next_epoch(job: Job) -> int:
    """Returns the epoch of a redrive. Messages and workers of older epochs are dropped."""
    return job.epoch + 1


def units_to_reset(units: Mapping[tuple[str, str], Unit]) -> list[Unit]:
    """Returns the units whose attempts and errors a redrive resets: all but DONE. None is deleted:
    as many parts as before stay admitted."""
    return [
        unit
        for unit in units.values()
        if not is_done(unit) and not FUNCTIONS[unit.stage].reports_outcome
    ]


def status_after_redrive(snapshot: JobSnapshot, uploaded: Collection[str]) -> Status:
    """Returns the status of a job after a redrive: the one that was pending."""
    first = snapshot.stages[snapshot.job.recipe.stages[0]]
    if first.state is not StageState.DONE:
        missing = [
            part
            for part in first.part_ids
            if part not in uploaded and not is_done(snapshot.units.get((first.name, part)))
        ]
        if missing:
            return Status.AWAITING_UPLOAD
    after_deck = [snapshot.stages[name] for name in snapshot.job.recipe.stages_after_deck]
    if any(stage.state is StageState.WAITING and stage.total is not None for stage in after_deck):
        # A stage that is planned but not queued waits for the review.
        return Status.AWAITING_REVIEW
    return Status.QUEUED
