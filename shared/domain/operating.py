"""What people and caretakers do to a job: cancel, redrive, delete, sweep, and dead letters.

Each is a flow that may be repeated at will: found already made, it only repeats what follows.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import cast

from shared.domain import errands, rules
from shared.domain.counting import recount
from shared.domain.documents import (
    Committed,
    Delete,
    Update,
    Write,
    job_path,
    stage_path,
    unit_path,
)
from shared.domain.effects import (
    Clockwork,
    Discard,
    Flow,
    Purge,
    Quarantine,
    Reply,
    Said,
    Stalled,
    Tombstones,
    arrived,
    commit,
    list_under,
    publish,
    read,
)
from shared.domain.failing import fail
from shared.domain.flows import announce
from shared.domain.job import Job, StageDoc, StageState, Status, event, revision_of
from shared.domain.message import Envelope
from shared.domain.pipeline import STAGES, STALLED_S
from shared.domain.reading import outcome_of, read_view, read_whole
from shared.domain.recording import ended, stop_stage
from shared.errors import NotFound, WrongState

TOMBSTONE_DAYS = 8
"""Longer than a message or a signed upload URL lives (7 days each)."""
SECOND_PURGE_S = 15 * 60
"""Longer than any function runs: what was being written at the first purge is there by now."""
SWEEP_S = 200
"""How long one sweep begins with further jobs; the sweeper's timeout is 300 s."""
MOVING = (StageState.QUEUED, StageState.RUNNING)


def cancel(job_id: str, clockwork: Clockwork) -> Flow[None]:
    """End a job by its owner's wish. Raises NotFound, WrongState when it has ended otherwise."""
    while True:
        job = yield from _job(job_id)
        if job.status is Status.CANCELLED:
            break
        if job.terminal:
            raise WrongState(f"The job is {job.status} already; only a living one is cancelled.")
        now = clockwork.now()
        done = yield from commit(
            Update(job_path(job_id), {"status": Status.CANCELLED, "updated_at": now}, job.version),
            *ended(job, Status.CANCELLED, now),
        )
        if done is Committed.OK:
            break
    job = yield from _job(job_id)
    yield from publish((yield from outcome_of(job)))


def take_in(job_id: str) -> Flow[frozenset[str]]:
    """Announce those inputs that are uploaded and that nobody has looked at, as the event would
    have that may be lost; → the names of all that are uploaded. Raises NotFound."""
    whole = yield from read_whole(job_id)
    if whole is None or whole.job.status is Status.DELETED:
        raise NotFound("There is no such job.")
    there = yield from arrived(whole.job)
    first = whole.job.recipe.stages[0]
    if not whole.job.terminal and whole.stages[first].state is not StageState.DONE:
        yield from publish([one for one in rules.pending(whole, there) if one.stage == first])
    return there


def redrive(job_id: str, clockwork: Clockwork, kept_days: int) -> Flow[None]:
    """Take a failed job up again where it stopped. Raises NotFound, or WrongState when it has
    not failed."""
    tried: int | None = None
    there: frozenset[str] = frozenset()
    while True:
        whole = yield from read_whole(job_id)
        if whole is None or whole.job.status is Status.DELETED:
            raise NotFound("There is no such job.")
        job = whole.job
        if job.epoch == tried:
            # The batch was written and its answer lost: what it promised is yet to be announced.
            break
        if job.status is not Status.FAILED:
            raise WrongState(f"Only a failed job is redriven; this one is {job.status}.")
        there = yield from arrived(job)
        now = clockwork.now()
        epoch = tried = rules.epoch_of_redrive(job)
        status = rules.pending_status(whole, there)
        stages, writes = taken_up(whole, job.recipe.stages, status, now)
        writes.append(event(job_id, now, "redriven", epoch=epoch))
        writes.append(
            Update(
                job_path(job_id),
                {
                    "status": status,
                    "epoch": epoch,
                    "error": None,
                    "stages": stages,
                    "updated_at": now,
                    "expires_at": now + timedelta(days=kept_days),
                },
                job.version,
            )
        )
        if (yield from commit(*writes)) is Committed.OK:
            break
    whole = yield from read_whole(job_id)
    if whole is not None and not whole.job.terminal:
        yield from publish(rules.pending(whole, there))


def taken_up(
    whole: rules.Whole, names: Iterable[str], status: Status, now: datetime
) -> tuple[dict[str, str], list[Write]]:
    """The states of a failed job's stages when these are taken up again, and the writes for it:
    what is DONE stays, every other unit goes, with its attempts and its error."""
    job, names = whole.job, tuple(names)
    stages, writes = dict(job.stages), list[Write]()
    for name in names:
        stage = whole.stages[name]
        if stage.state is StageState.DONE and name != rules.NOTIFICATION:
            continue
        held = status is Status.AWAITING_REVIEW and name in job.recipe.after_deck
        planned = stage.total is not None and name != rules.NOTIFICATION and not held
        stages[name] = StageState.QUEUED if planned else StageState.WAITING
        writes.append(
            Update(
                stage_path(job.id, name, revision_of(name, job.revision)),
                {"state": stages[name], "error": None, "queued_at": now, "touched_at": now},
            )
        )
    writes += [
        Delete(unit_path(job.id, unit.stage, unit.revision, unit.part), unit.version)
        for unit in rules.doomed_by_redrive(whole.units)
        if unit.stage in names
    ]
    return stages, writes


def delete(job_id: str, clockwork: Clockwork) -> Flow[None]:
    """Remove a job and everything of it, leaving a tombstone. Raises NotFound."""
    while True:
        whole = yield from read_whole(job_id)
        if whole is None:
            raise NotFound("There is no such job.")
        job = whole.job
        if job.status is Status.DELETED:
            break
        now = clockwork.now()
        done = yield from commit(
            Update(
                job_path(job_id),
                {
                    "status": Status.DELETED,
                    "title": "",
                    "email": "",
                    "options": {},
                    "inputs": [],
                    "artefacts": [],
                    "stored_bytes": 0,
                    "facts": {},
                    "warnings": [],
                    "error": None,
                    "updated_at": now,
                    "purge_again_at": now + timedelta(seconds=SECOND_PURGE_S),
                    "expires_at": now + timedelta(days=TOMBSTONE_DAYS),
                },
                job.version,
            ),
            *(
                Delete(stage_path(job_id, one.name, one.revision))
                for one in (*whole.stages.values(), *whole.outdated)
            ),
        )
        if done is Committed.OK:
            break
    yield Purge(job_id)


def dead_letter(envelope: Envelope, clockwork: Clockwork) -> Flow[Reply]:
    """Decide about a message that was delivered too often: by the ledger's state alone."""
    if STAGES[envelope.stage].errands:
        return (yield from errands.dead_letter(envelope, clockwork))
    view = yield from read_view(envelope)
    job, stage, unit, now = view.job, view.stage, view.unit, clockwork.now()
    if job is None:
        if envelope.source is not None:
            yield Quarantine(envelope.source)
        return Reply.ACK
    if job.status is Status.DELETED:
        if envelope.source is not None:
            yield Discard(envelope.source)
        return Reply.ACK
    if stage is None or rules.out_of_date(job, envelope):
        return Reply.ACK
    if job.terminal and envelope.stage != rules.NOTIFICATION:
        yield from publish((yield from outcome_of(job)))
        return Reply.ACK
    if rules.is_done(unit):
        yield from announce(envelope, linked=True)
        return Reply.ACK
    if rules.lease_alive(unit, now):
        return Reply.NACK
    if not rules.worn_out(view, envelope, now):
        attempt = 0 if unit is None else unit.attempt
        yield Said("dead_letter.announced_again", {"attempt": attempt})
        yield from publish([rules.of_epoch(job, envelope)])
        return Reply.ACK
    yield from fail(rules.of_epoch(job, envelope), None, clockwork, token=None)
    return Reply.ACK


def sweep(clockwork: Clockwork) -> Flow[int]:
    """Announce again what has made no progress; → how many jobs and errands were looked at.

    A job that was looked at moves behind all others: however many wait for a person, are in work
    for long or cannot be read, none stands in the way of one that has stopped."""
    began = clockwork.now()
    seen: set[str] = set()
    # First, since it is soon done: however many jobs have stopped, calls go out when they are due.
    looked_after = yield from _errands(clockwork)
    while clockwork.now() - began < timedelta(seconds=SWEEP_S):
        stalled = cast("tuple[str, ...]", (yield Stalled(began - timedelta(seconds=STALLED_S))))
        fresh = [job_id for job_id in stalled if job_id not in seen]
        if not fresh:
            break
        for job_id in fresh:
            if not (yield from alone(job_id, _sweep_one(job_id, clockwork))):
                yield from _move_behind(job_id, clockwork.now())
        seen.update(fresh)
    tombs = cast("tuple[str, ...]", (yield Tombstones(began)))
    for job_id in tombs:
        yield from alone(job_id, _purge_again(job_id))
    return looked_after + len(seen) + len(tombs)


def _errands(clockwork: Clockwork) -> Flow[int]:
    """Errands' trouble is theirs: the jobs are looked at all the same."""
    try:
        return (yield from errands.sweep_errands(clockwork))
    except Exception as fault:
        yield Said("errands.unswept", {"severity": "ERROR", "why": repr(fault)})
        return 0


def alone(job_id: str, flow: Flow[None]) -> Flow[bool]:
    """One job's trouble is that job's: the others are looked at all the same; → whether it went
    well."""
    try:
        yield from flow
    except Exception as fault:
        yield Said("job.unswept", {"severity": "ERROR", "job": job_id, "why": repr(fault)})
        return False
    return True


def _move_behind(job_id: str, now: datetime) -> Flow[None]:
    docs = yield from list_under(f"{job_path(job_id)}/stages")
    moving = [doc for doc in docs if doc.data.get("state") in MOVING]
    if moving:
        yield from commit(*(Update(doc.path, {"touched_at": now}) for doc in moving))


def _purge_again(job_id: str) -> Flow[None]:
    (doc,) = yield from read(job_path(job_id))
    if doc is None:
        return
    yield Purge(job_id)
    ends = doc.data["expires_at"]
    if doc.data["purge_again_at"] >= ends:
        # Nothing that could still arrive lives any longer than the tombstone did.
        yield from commit(Delete(job_path(job_id), doc.version))
    else:
        yield from commit(Update(job_path(job_id), {"purge_again_at": ends}, doc.version))


def _sweep_one(job_id: str, clockwork: Clockwork) -> Flow[None]:
    whole = yield from read_whole(job_id)
    now = clockwork.now()
    if whole is None:
        # Its document has expired; what lies below it goes as well.
        yield Purge(job_id)
        return
    job = whole.job
    if job.status is Status.DELETED:
        return
    moving = [one for one in whole.stages.values() if one.state in MOVING and one.touched_at <= now]
    # What an edit overtook in the middle of a claim; nobody will end it.
    overtaken = [stop_stage(job.id, one, now) for one in whole.outdated if one.state in MOVING]
    touched = [_touch(job, stage, now) for stage in moving]
    if rules.stalled(whole, now):
        if (yield from recount(job_id)):
            whole = (yield from read_whole(job_id)) or whole
        if job.terminal:
            messages = yield from outcome_of(job)
        else:
            messages = rules.pending(whole, (yield from arrived(job)))
        if messages:
            yield Said("job.stalled", {"job": job_id, "announced": len(messages)})
            yield from publish(messages)
        touched = [
            stop_stage(job.id, stage, now)
            if job.terminal and stage.name != rules.NOTIFICATION
            else _touch(job, stage, now + rules.patience(job, stage, now, told=bool(messages)))
            for stage in moving
        ]
    # After publishing: a crash in between announces twice, never not at all.
    if touched or overtaken:
        yield from commit(*touched, *overtaken)


def _touch(job: Job, stage: StageDoc, at: datetime) -> Write:
    return Update(stage_path(job.id, stage.name, stage.revision), {"touched_at": at})


def _job(job_id: str) -> Flow[Job]:
    (doc,) = yield from read(job_path(job_id))
    if doc is None or doc.data["status"] == Status.DELETED:
        raise NotFound("There is no such job.")
    return Job.from_doc(doc)
