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
    Committed,
    Create,
    Update,
    Write,
    job_path,
    stage_path,
)
from shared.flows.effects import Clockwork, Flow, commit, publish
from shared.jobs import rules
from shared.jobs.claims import arrived
from shared.jobs.commands.redrive import taken_up
from shared.jobs.commit import stop_stage
from shared.jobs.maintenance.sweep import MOVING
from shared.jobs.model import Job, StageState, Status, blank_stage, event
from shared.jobs.queries import read_whole
from shared.pipeline import STAGES
from shared.recipes.results import DeckResult

REVISIONS_MOST = 100
"""Each leaves the documents of its stages behind, which go with the job in one batch: Firestore
promises 500 writes."""


class DeckChanged(WrongState):
    """The deck was edited meanwhile; read it again and edit that one."""

    code = "deck-changed"


class TooManyRevisions(WrongState):
    """The deck was edited as often as one job allows; begin a new job with it."""

    code = "too-many-revisions"


def release(job_id: str, clockwork: Clockwork) -> Flow[None]:
    """Let the film be made of the deck as it is. Again is no error. Raises NotFound, or WrongState
    when there is no deck that waits."""
    while True:
        whole = yield from _whole(job_id)
        job = whole.job
        if job.status in (Status.RUNNING, Status.DONE) and _has_deck(job, whole):
            break
        if job.status is not Status.AWAITING_REVIEW:
            raise WrongState(f"No deck waits for you: the job is {job.status}.")
        now = clockwork.now()
        held = [one for one in job.recipe.after_deck if whole.stages[one].total is not None]
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
                    {"state": StageState.QUEUED, "queued_at": now, "touched_at": now},
                )
                for name in held
            ),
            event(job_id, now, "released", epoch=job.epoch, revision=job.revision),
        )
        if done is Committed.OK:
            break
    whole = yield from _whole(job_id)
    if not whole.job.terminal and whole.job.recipe.deck_stage is not None:
        yield from publish(rules.after_join(whole, whole.job.recipe.deck_stage))


def revise(
    job_id: str,
    clockwork: Clockwork,
    *,
    base: int,
    spec: Mapping[str, Any],
    options: Mapping[str, Any],
    kept_days: int,
) -> Flow[int]:
    """Open a revision whose deck comes from `spec`; → its number.

    `base` is the revision that was edited: the present one, or, when that one failed, the one that
    was drawn last. `options` are the job's from now on. Found already made by the very same edit,
    it only announces again. Raises NotFound, DeckChanged, TooManyRevisions, or WrongState when the
    job cannot be edited now.
    """
    made = base
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
            and job.revision > base
            and (job.status is not Status.FAILED or job.revision == made)
        ):
            made = job.revision
            break
        _check_editable(whole, base)
        now, made = clockwork.now(), job.revision + 1
        there = (yield from arrived(job)) if job.status is Status.FAILED else frozenset[str]()
        writes = _revision(whole, spec, options, there, now, kept_days)
        if (yield from commit(*writes)) is Committed.OK:
            break
    whole = yield from _whole(job_id)
    if whole.job.revision == made and not whole.job.terminal:
        # What fell behind with a failed job is announced with it; the rest is under way.
        there = yield from arrived(whole.job)
        yield from publish(rules.pending(whole, there))
    return made


def _check_editable(whole: rules.Whole, base: int) -> None:
    job = whole.job
    deck = DeckResult.find(job.facts)
    drawn = deck.revision if deck is not None and job.status is Status.FAILED else None
    if base not in (job.revision, drawn):
        raise DeckChanged
    if job.status is Status.CANCELLED:
        raise WrongState("The job is cancelled; begin a new one.")
    if job.status is not Status.FAILED and not _has_deck(job, whole):
        raise WrongState("The deck is not written yet; wait until it is.")
    if deck is None:
        raise WrongState("The job failed before there was a deck; take it up again first.")
    if job.revision >= REVISIONS_MOST:
        raise TooManyRevisions


def _has_deck(job: Job, whole: rules.Whole) -> bool:
    """Whether the deck of the present revision is written and drawn."""
    name = job.recipe.deck_stage
    return name is not None and whole.stages[name].state is StageState.DONE


def _revision(
    whole: rules.Whole,
    spec: Mapping[str, Any],
    options: Mapping[str, Any],
    there: frozenset[str],
    now: datetime,
    kept_days: int,
) -> list[Write]:
    """The batch that opens a revision, guarded by the job's version."""
    job, revision = whole.job, whole.job.revision + 1
    again = [name for name in job.recipe.stages if STAGES[name].per_revision]
    stages, writes, epoch = dict(job.stages), list[Write](), job.epoch
    status = Status.RUNNING
    if job.status is Status.FAILED:
        # Like a redrive: what comes before the deck is taken up again in an epoch of its own.
        epoch = rules.epoch_of_redrive(job)
        status = Status.AWAITING_UPLOAD if _lacks_uploads(whole, there) else Status.RUNNING
        before = [name for name in job.recipe.media_stages if name not in again]
        stages, writes = taken_up(whole, before, status, now)
    for name in again:
        old = whole.stages[name]
        if old.state in MOVING:
            writes.append(stop_stage(job.id, old, now))
        fields = blank_stage(job.id, job.owner, name, revision, now)
        if name == job.recipe.deck_stage:
            fields |= {"state": StageState.QUEUED, "total": 1, "parts": [dict(spec)],
                       "queued_at": now}  # fmt: skip
        stages[name] = fields["state"]
        writes.append(Create(stage_path(job.id, name, revision), fields))
    writes.append(event(job.id, now, "revised", epoch=epoch, revision=revision))
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


def _lacks_uploads(whole: rules.Whole, there: frozenset[str]) -> bool:
    return rules.pending_status(whole, there) is Status.AWAITING_UPLOAD


def _whole(job_id: str) -> Flow[rules.Whole]:
    whole = yield from read_whole(job_id)
    if whole is None or whole.job.status is Status.DELETED:
        raise NotFound("There is no such job.")
    return whole
