"""The rules of at-least-once delivery, as pure decisions over what was read.

Each function is one rule of the chain's correctness; the flows in `deliver.py` act on the answers.
A test takes each of them away in turn and shows that a job is then lost, doubled or stuck.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

from shared.flows.envelope import JOIN, Envelope
from shared.jobs.model import Job, Stage, StageState, Status, Unit, UnitState
from shared.pipeline import (
    FUNCTIONS,
    STALLED_S,
    MessageTrigger,
    find_consumer,
    find_producer,
)

NOTIFICATION = "notification"
MAX_WAIT_S = 6 * 3600
"""How long a stage's units are announced again by dead_letter before it gives up."""


class Decision(Enum):
    """What to do with one delivery."""

    GO = "go"
    REPEAT = "repeat"
    BUSY = "busy"
    DROP = "drop"
    EXHAUSTED = "exhausted"


@dataclass(frozen=True, slots=True)
class View:
    """What a delivery is judged by, read at one moment."""

    job: Job | None
    stage: Stage | None
    unit: Unit | None


@dataclass(frozen=True, slots=True)
class JobSnapshot:
    """A job with all its stages and units: for those who look at a job from outside."""

    job: Job
    stages: Mapping[str, Stage]
    units: Mapping[tuple[str, str], Unit]
    outdated: tuple[Stage, ...] = ()
    """Stages of older revisions."""


def decide(view: View, envelope: Envelope, now: datetime) -> Decision:
    """Judge a delivery. The order matters: what is out of date is dropped before it is repeated."""
    job, stage, unit = view.job, view.stage, view.unit
    if job is None or stage is None or is_out_of_date(job, envelope):
        return Decision.DROP
    if envelope.stage == NOTIFICATION:
        if not job.is_terminal or envelope.part != outcome_part(job):
            return Decision.DROP
    elif job.is_terminal or is_held(job, envelope.stage) or not _planned(stage, envelope.part):
        return Decision.DROP
    if is_done(unit):
        return Decision.REPEAT
    if unit is not None and unit.state is UnitState.FAILED:
        return Decision.DROP
    if is_leased(unit, now) or (unit is not None and unit.not_before > now):
        return Decision.BUSY
    if envelope.stage != NOTIFICATION:
        if stage.total is None:
            return Decision.BUSY
        if envelope.part == JOIN and not stage.is_complete:
            # Whoever completes the stage announces its join.
            return Decision.DROP
    if unit is not None and unit.attempt >= FUNCTIONS[envelope.stage].max_attempts:
        return Decision.EXHAUSTED
    return Decision.GO


def is_out_of_date(job: Job, envelope: Envelope) -> bool:
    """Whether the envelope speaks of a deleted job, an older epoch, revision or upload."""
    if job.status is Status.DELETED:
        return True
    if envelope.epoch is not None and envelope.epoch < job.epoch:
        return True
    if FUNCTIONS[envelope.stage].per_revision and envelope.revision < job.revision:
        return True
    if envelope.upload is not None:
        current = {one.name: one.upload for one in job.inputs}
        return current.get(envelope.part) != envelope.upload
    return False


def is_held(job: Job, stage: str) -> bool:
    """Whether a stage waits until a person has looked at the deck."""
    return job.status is Status.AWAITING_REVIEW and stage in job.recipe.stages_after_deck


def with_epoch(job: Job | None, envelope: Envelope) -> Envelope:
    """The envelope in the epoch in which it was judged: an object names none, and what is decided
    about it must not reach into the next."""
    if job is None or envelope.epoch is not None:
        return envelope
    return replace(envelope, epoch=job.epoch)


def is_done(unit: Unit | None) -> bool:
    """DONE is terminal for a unit: it is never worked on again."""
    return unit is not None and unit.state is UnitState.DONE


def is_leased(unit: Unit | None, now: datetime) -> bool:
    """Whether someone works on the unit: a lease that nobody renews runs out."""
    return unit is not None and unit.state is UnitState.LEASED and unit.lease_until > now


def lease_end(now: datetime, lease_s: float) -> datetime:
    """Until when a claim or a renewal holds."""
    return now + timedelta(seconds=lease_s)


def _planned(stage: Stage, part: str) -> bool:
    """Whether the part is one of those that were planned, or nothing is planned yet."""
    return stage.total is None or part == JOIN or part in stage.part_ids


def outcome_part(job: Job) -> str:
    """Notification's part: the outcome and its epoch, so that every outcome is told once."""
    return f"{job.status}.e{job.epoch}"


def outcome_messages(job: Job, notification: Unit | None) -> list[Envelope]:
    """The message that tells a terminal job's outcome, unless it was told or given up."""
    if notification is not None and notification.state in (UnitState.DONE, UnitState.FAILED):
        return []
    if not job.is_terminal or job.status is Status.DELETED:
        return []
    return [Envelope(job.id, NOTIFICATION, outcome_part(job), job.revision, job.epoch)]


def units_to_announce(
    job: Job, stage: str, parts: Iterable[str], units: Mapping[tuple[str, str], Unit]
) -> list[Envelope]:
    """Messages for those parts of a stage that are not DONE. A DONE unit is never announced:
    one duplicate would cascade into hundreds of messages."""
    revision = job.revision if FUNCTIONS[stage].per_revision else 0
    return [
        Envelope(job.id, stage, part, revision, job.epoch)
        for part in parts
        if not is_done(units.get((stage, part)))
    ]


def messages_after_part(
    snapshot: JobSnapshot, stage: str, part: str, *, wake_consumer: bool
) -> list[Envelope]:
    """What follows a part that is DONE. `linked`: the object that would wake the next stage was
    not written just now, so its envelope is published in the event's place."""
    job, now_at = snapshot.job, snapshot.stages[stage]
    messages: list[Envelope] = []
    fed = find_consumer(stage, job.recipe)
    if wake_consumer and fed is not None:
        messages += units_to_announce(job, fed, [part], snapshot.units)
    if now_at.is_complete:
        messages += units_to_announce(job, stage, [JOIN], snapshot.units)
    return messages


def messages_after_join(snapshot: JobSnapshot, stage: str) -> list[Envelope]:
    """What follows a joined stage: the parts of the next one, unless objects wake them."""
    following = snapshot.job.recipe.next_stage(stage)
    if following is None or not isinstance(FUNCTIONS[following].trigger, MessageTrigger):
        return []
    if is_held(snapshot.job, following):
        return []
    plan = snapshot.stages[following]
    return units_to_announce(snapshot.job, following, plan.part_ids, snapshot.units)


def pending_messages(snapshot: JobSnapshot, uploaded: Collection[str]) -> list[Envelope]:
    """What a redrive or the sweeper announces: the missing parts, or the join, of EVERY
    incomplete stage whose inputs exist. `arrived` names the inputs that are uploaded."""
    messages: list[Envelope] = []
    job = snapshot.job
    for name in job.recipe.result_stages:
        stage = snapshot.stages[name]
        if stage.total is None or stage.state is StageState.DONE or is_held(job, name):
            continue
        if stage.is_complete:
            messages += units_to_announce(job, name, [JOIN], snapshot.units)
            continue
        producer = find_producer(name)
        ready = [
            part
            for part in stage.part_ids
            if (name != job.recipe.stages[0] or part in uploaded)
            and (producer is None or is_done(snapshot.units.get((producer, part))))
        ]
        messages += units_to_announce(job, name, ready, snapshot.units)
    return messages


def is_stalled(snapshot: JobSnapshot, now: datetime) -> bool:
    """Nobody works on the job, and no stage moved for two leases."""
    if any(is_leased(unit, now) for unit in snapshot.units.values()):
        return False
    newest = max(stage.last_progress_at for stage in snapshot.stages.values())
    return newest <= now - timedelta(seconds=STALLED_S)


def is_exhausted(view: View, envelope: Envelope, now: datetime) -> bool:
    """Whether dead_letter gives a unit up: its attempts are used, or its time. Before the uploads
    are in, a stage's time is the person's and not ours: then it is the job's."""
    job, stage, unit = view.job, view.stage, view.unit
    if unit is not None and unit.attempt >= FUNCTIONS[envelope.stage].max_attempts:
        return True
    if job is not None and job.status is Status.AWAITING_UPLOAD:
        return now >= job.expires_at
    since = None if stage is None else stage.queued_at
    return since is not None and now - since >= timedelta(seconds=MAX_WAIT_S)


def sweep_backoff(job: Job, stage: Stage, now: datetime, *, announced: bool) -> timedelta:
    """How much longer than two leases the sweeper leaves a stage alone: the longer it waits, the
    longer. A claim ends it at once.

    `told`: its messages were announced again just now; they may only wait for their turn, and each
    further copy would make the queue longer. Otherwise it waits for a person.
    """
    most = timedelta(minutes=10) if announced else timedelta(hours=1)
    return min(max(now - (stage.queued_at or job.updated_at), timedelta()) / 2, most)


def are_result_stages_done(job: Job, also: str) -> bool:
    """Whether the job is done once stage `also` is: when ALL its media stages are."""
    return all(
        name == also or job.stages[name] == StageState.DONE for name in job.recipe.result_stages
    )


def next_epoch(job: Job) -> int:
    """A redrive opens a new epoch: what the older one still has in flight is dropped."""
    return job.epoch + 1


def units_to_delete(units: Mapping[tuple[str, str], Unit]) -> list[Unit]:
    """A redrive deletes every unit that is not DONE, with its attempts and its error."""
    return [unit for unit in units.values() if not is_done(unit) and unit.stage != NOTIFICATION]


def status_after_redrive(snapshot: JobSnapshot, uploaded: Collection[str]) -> Status:
    """The status that a redrive returns to: whichever was pending."""
    first = snapshot.stages[snapshot.job.recipe.stages[0]]
    if first.state is not StageState.DONE:
        missing = [
            part
            for part in first.part_ids
            if part not in uploaded and not is_done(snapshot.units.get((first.name, part)))
        ]
        if missing:
            return Status.AWAITING_UPLOAD
    waits = [snapshot.stages[name] for name in snapshot.job.recipe.stages_after_deck]
    if any(one.state is StageState.WAITING and one.total is not None for one in waits):
        # Planned and not queued: that is how a review is waited for.
        return Status.AWAITING_REVIEW
    return Status.RUNNING
