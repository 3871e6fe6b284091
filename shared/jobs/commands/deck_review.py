"""What a person does with a deck: edit it, and let the film be made of it.

An edit opens a revision: the stage of the deck and all that follow run again under it, with
documents of their own, and whatever an older revision still has in flight is dropped. What was
made before stays until it is replaced.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from shared.errors import NotFound, WrongState
from shared.flows.documents import (
    CommitResult,
    Create,
    Update,
    Write,
    job_path,
    stage_path,
)
from shared.flows.effects import ClockAndIds, Flow, commit, publish
from shared.jobs import rules
from shared.jobs.claims import inputs_uploaded
from shared.jobs.commands.redrive import reset_stages
from shared.jobs.commit import stop_stage
from shared.jobs.maintenance.sweep import ACTIVE_STATES
from shared.jobs.model import Job, StageState, Status, blank_stage, history_event
from shared.jobs.queries import read_snapshot
from shared.pipeline import FUNCTIONS
from shared.recipes.results import DeckResult

MAX_REVISIONS = 100
"""Each leaves the documents of its stages behind, which go with the job in one batch: Firestore
promises 500 writes."""


class DeckChanged(WrongState):
    """The deck was edited meanwhile; read it again and edit that one."""

    code = "deck-changed"


class TooManyRevisions(WrongState):
    """The deck was edited as often as one job allows; begin a new job with it."""

    code = "too-many-revisions"


def release(job_id: str, clock: ClockAndIds) -> Flow[None]:
    """Let the film be made of the deck as it is. Again is no error. Raises NotFound, or WrongState
    when there is no deck that waits."""
    while True:
        whole = yield from _whole(job_id)
        job = whole.job
        if job.status in (Status.RUNNING, Status.DONE) and _has_deck(job, whole):
            break
        if job.status is not Status.AWAITING_REVIEW:
            raise WrongState(f"No deck waits for you: the job is {job.status}.")
        now = clock.now()
        held = [one for one in job.recipe.stages_after_deck if whole.stages[one].total is not None]
        done = yield from commit(
            Update(
                job_path(job_id),
                {"status": Status.RUNNING, "updated_at": now}
                | {f"stages.{name}": StageState.QUEUED for name in held},
                job.version,
            ),
            *(
                Update(
                    stage_path(job_id, name, job.revision),
                    {"state": StageState.QUEUED, "queued_at": now, "last_progress_at": now},
                )
                for name in held
            ),
            history_event(job_id, now, "released", epoch=job.epoch, revision=job.revision),
        )
        if done is CommitResult.OK:
            break
    whole = yield from _whole(job_id)
    if not whole.job.is_terminal and whole.job.recipe.deck_stage is not None:
        yield from publish(rules.messages_after_join(whole, whole.job.recipe.deck_stage))


def open_revision(
    job_id: str,
    clock: ClockAndIds,
    *,
    base_revision: int,
    spec: Mapping[str, Any],
    options: Mapping[str, Any],
    retention_days: int,
) -> Flow[int]:
    """Open a revision whose deck comes from `spec`; → its number.

    `base` is the revision that was edited: the present one, or, when that one failed, the one that
    was drawn last. `options` are the job's from now on. Found already made by the very same edit,
    it only announces again. Raises NotFound, DeckChanged, TooManyRevisions, or WrongState when the
    job cannot be edited now.
    """
    made = base_revision
    while True:
        whole = yield from _whole(job_id)
        job = whole.job
        deck_stage = job.recipe.deck_stage
        if deck_stage is None:
            raise WrongState(f"A job of the recipe {job.recipe_name} has no deck.")
        same = whole.stages[deck_stage].parts == (spec,) and job.options == options
        # What failed is tried again by whoever asks again, unless it was this very call's.
        if (
            same
            and job.revision > base_revision
            and (job.status is not Status.FAILED or job.revision == made)
        ):
            made = job.revision
            break
        _check_editable(whole, base_revision)
        now, made = clock.now(), job.revision + 1
        there = (
            (yield from inputs_uploaded(job)) if job.status is Status.FAILED else frozenset[str]()
        )
        writes = _revision(whole, spec, options, there, now, retention_days)
        if (yield from commit(*writes)) is CommitResult.OK:
            break
    whole = yield from _whole(job_id)
    if whole.job.revision == made and not whole.job.is_terminal:
        # What fell behind with a failed job is announced with it; the rest is under way.
        there = yield from inputs_uploaded(whole.job)
        yield from publish(rules.pending_messages(whole, there))
    return made


def _check_editable(snapshot: rules.JobSnapshot, base: int) -> None:
    job = snapshot.job
    deck = DeckResult.find(job.facts)
    drawn = deck.revision if deck is not None and job.status is Status.FAILED else None
    if base not in (job.revision, drawn):
        raise DeckChanged
    if job.status is Status.CANCELLED:
        raise WrongState("The job is cancelled; begin a new one.")
    if job.status is not Status.FAILED and not _has_deck(job, snapshot):
        raise WrongState("The deck is not written yet; wait until it is.")
    if deck is None:
        raise WrongState("The job failed before there was a deck; take it up again first.")
    if job.revision >= MAX_REVISIONS:
        raise TooManyRevisions


def _has_deck(job: Job, snapshot: rules.JobSnapshot) -> bool:
    """Whether the deck of the present revision is written and drawn."""
    name = job.recipe.deck_stage
    return name is not None and snapshot.stages[name].state is StageState.DONE


def _revision(
    snapshot: rules.JobSnapshot,
    spec: Mapping[str, Any],
    options: Mapping[str, Any],
    there: frozenset[str],
    now: datetime,
    kept_days: int,
) -> list[Write]:
    """The batch that opens a revision, guarded by the job's version."""
    job, revision = snapshot.job, snapshot.job.revision + 1
    again = [name for name in job.recipe.stages if FUNCTIONS[name].per_revision]
    stages, writes, epoch = dict(job.stages), list[Write](), job.epoch
    status = Status.RUNNING
    if job.status is Status.FAILED:
        # Like a redrive: what comes before the deck is taken up again in an epoch of its own.
        epoch = rules.next_epoch(job)
        status = Status.AWAITING_UPLOAD if _lacks_uploads(snapshot, there) else Status.RUNNING
        before = [name for name in job.recipe.result_stages if name not in again]
        stages, writes = reset_stages(snapshot, before, status, now)
    for name in again:
        old = snapshot.stages[name]
        if old.state in ACTIVE_STATES:
            writes.append(stop_stage(job.id, old, now))
        fields = blank_stage(job.id, job.owner, name, revision, now)
        if name == job.recipe.deck_stage:
            fields |= {"state": StageState.QUEUED, "total": 1, "parts": [dict(spec)],
                       "queued_at": now}  # fmt: skip
        stages[name] = fields["state"]
        writes.append(Create(stage_path(job.id, name, revision), fields))
    writes.append(history_event(job.id, now, "revised", epoch=epoch, revision=revision))
    writes.append(
        Update(
            job_path(job.id),
            {
                "status": status,
                "epoch": epoch,
                "revision": revision,
                "options": dict(options),
                "stages": stages,
                "error": None,
                "updated_at": now,
                "expires_at": now + timedelta(days=kept_days),
            },
            job.version,
        )
    )
    return writes


def _lacks_uploads(snapshot: rules.JobSnapshot, there: frozenset[str]) -> bool:
    return rules.status_after_redrive(snapshot, there) is Status.AWAITING_UPLOAD


def _whole(job_id: str) -> Flow[rules.JobSnapshot]:
    whole = yield from read_snapshot(job_id)
    if whole is None or whole.job.status is Status.DELETED:
        raise NotFound("There is no such job.")
    return whole
