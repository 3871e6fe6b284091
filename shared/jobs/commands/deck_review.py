"""Deck review: the user edits a deck, and releases it so that the film is made.

An edit creates a new revision. The deck's stage and all later stages run again under it, with their
own documents, and messages and workers of older revisions are dropped. Earlier results stay until
they are replaced.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from shared.errors import NotFound, WrongState, WrongUpload
from shared.flows.documents import (
    CommitResult,
    Create,
    Update,
    Write,
    stage_path,
)
from shared.flows.effects import ClockAndIds, Flow, commit
from shared.jobs import queue, rules
from shared.jobs.commands.redrive import reset_stages, status_fields
from shared.jobs.creation import blank_stage, planned_documents, planned_fields
from shared.jobs.history import history_event
from shared.jobs.model import Job, Status
from shared.jobs.queries import ACTIVE_STATES, read_snapshot
from shared.jobs.stage import Stage, StageState
from shared.jobs.units.end import stop_stage
from shared.jobs.units.outcomes import inputs_uploaded
from shared.jobs.update import update_job
from shared.pipeline import FUNCTIONS
from shared.recipes.results import DeckResult

MAX_REVISIONS = 100
"""Each revision keeps documents of its stages, which are deleted with the job in one batch.
Firestore guarantees 500 writes in a batch."""


class DeckChanged(WrongState):
    """The deck was edited meanwhile; read it again and edit that one."""

    code = "deck-changed"


class TooManyRevisions(WrongState):
    """The deck was edited as often as a job allows; create a new job with it."""

    code = "too-many-revisions"


def release(job_id: str, clock: ClockAndIds, revision: int | None = None) -> Flow[None]:
    """Releases the deck, so that the film is made of it. A repeated call is no error. Raises
    NotFound, DeckChanged when the job has another revision than the given one, or WrongState when
    no deck awaits review."""
    while True:
        snapshot = yield from _read_existing(job_id)
        job = snapshot.job
        if revision not in (None, job.revision):
            raise DeckChanged
        if job.status in (Status.QUEUED, Status.RUNNING, Status.DONE) and _has_deck(job, snapshot):
            break
        if job.status is not Status.AWAITING_REVIEW:
            raise WrongState(f"No deck awaits review: the job is {job.status}.")
        now = clock.now()
        waiting_stages = [
            name for name in job.recipe.stages_after_deck if snapshot.stages[name].total is not None
        ]
        result = yield from commit(
            *update_job(
                job,
                queue.queued_fields(now)
                | {f"stages.{name}": StageState.QUEUED for name in waiting_stages},
            ),
            *(
                Update(
                    stage_path(job_id, name, job.revision),
                    {"state": StageState.QUEUED, "queued_at": now},
                )
                for name in waiting_stages
            ),
            history_event(job_id, now, "released", epoch=job.epoch, revision=job.revision),
        )
        if result is CommitResult.OK:
            break
    yield from queue.fill(job.owner, clock)


def open_revision(
    job_id: str,
    clock: ClockAndIds,
    *,
    base_revision: int,
    spec: Mapping[str, Any],
    options: Mapping[str, Any],
    retention_days: int,
) -> Flow[int]:
    """Opens a revision whose deck comes from `spec`. Returns its number.

    When the same edit has already opened it, only the queue of the owner is filled.

    Args:
        base_revision: The revision that was edited: the current one, or, when that one failed, the
            last one whose deck was rendered.
        spec: The spec of the only part of the deck's stage.
        options: The job's new options.
        retention_days: How long the job is kept from now on.

    Raises:
        NotFound: When there is no such job.
        DeckChanged: When another edit has opened a revision.
        TooManyRevisions: When the job has MAX_REVISIONS.
        WrongState: When the job cannot be edited now.
    """
    new_revision = base_revision
    while True:
        snapshot = yield from _read_existing(job_id)
        job = snapshot.job
        deck_stage = job.recipe.deck_stage
        if deck_stage is None:
            raise WrongState(f"A job of the recipe {job.recipe_name} has no deck.")
        is_same_edit = snapshot.stages[deck_stage].parts == (spec,) and job.options == options
        # A repeated call retries a revision that failed, unless this call has opened it.
        if (
            is_same_edit
            and job.revision > base_revision
            and (job.status is not Status.FAILED or job.revision == new_revision)
        ):
            new_revision = job.revision
            break
        _check_editable(snapshot, base_revision)
        now, new_revision = clock.now(), job.revision + 1
        uploaded = (
            (yield from inputs_uploaded(job)) if job.status is Status.FAILED else frozenset[str]()
        )
        writes = _revision_writes(snapshot, spec, options, uploaded, now, retention_days)
        if (yield from commit(*writes)) is CommitResult.OK:
            break
    yield from queue.fill(job.owner, clock)
    return new_revision


def _worked_ms(job: Job, stage: Stage) -> int:
    """Returns the working time of a stage in all revisions so far."""
    if stage.state is StageState.DONE:
        return job.worked_ms.get(stage.name, 0)
    return stage.earlier_ms + stage.worked_ms


def _check_editable(snapshot: rules.JobSnapshot, base: int) -> None:
    job = snapshot.job
    deck = DeckResult.find(job.facts)
    rendered = deck.revision if deck is not None and job.status is Status.FAILED else None
    if base not in (job.revision, rendered):
        raise DeckChanged
    if job.status is Status.CANCELLED:
        raise WrongState("The job is cancelled; begin a new one.")
    if job.has_wrong_upload:
        raise WrongState(WrongUpload.default_message())
    if job.status is not Status.FAILED and not _has_deck(job, snapshot):
        raise WrongState("The deck is not written yet; wait until it is.")
    if deck is None:
        raise WrongState("The job failed before there was a deck; redrive it first.")
    if job.revision >= MAX_REVISIONS:
        raise TooManyRevisions


def _has_deck(job: Job, snapshot: rules.JobSnapshot) -> bool:
    """Whether the deck of the current revision is written and rendered."""
    name = job.recipe.deck_stage
    return name is not None and snapshot.stages[name].state is StageState.DONE


def _revision_writes(
    snapshot: rules.JobSnapshot,
    spec: Mapping[str, Any],
    options: Mapping[str, Any],
    uploaded: frozenset[str],
    now: datetime,
    retention_days: int,
) -> list[Write]:
    """Returns the batch that creates a revision, guarded by the job's version."""
    job, revision = snapshot.job, snapshot.job.revision + 1
    revised = [name for name in job.recipe.stages if FUNCTIONS[name].per_revision]
    stages, writes, epoch = dict(job.stages), list[Write](), job.epoch
    status = Status.QUEUED
    if job.status is Status.FAILED:
        # Like a redrive: the stages before the deck are resumed in a new epoch.
        epoch = rules.next_epoch(job)
        status = Status.AWAITING_UPLOAD if _lacks_uploads(snapshot, uploaded) else Status.QUEUED
        before = [name for name in job.recipe.result_stages if name not in revised]
        stages, writes = reset_stages(snapshot, before, status, now)
    for name in revised:
        old = snapshot.stages[name]
        if old.state in ACTIVE_STATES:
            writes.append(stop_stage(job.id, old))
        fields = blank_stage(job.id, job.owner, name, revision, _worked_ms(job, old))
        if name == job.recipe.deck_stage:
            planned = planned_fields([spec], now, parts_in_flight=1)
            fields |= planned
            writes += planned_documents(job.id, job.owner, name, revision, planned, now)
        stages[name] = fields["state"]
        writes.append(Create(stage_path(job.id, name, revision), fields))
    writes.append(history_event(job.id, now, "revised", epoch=epoch, revision=revision))
    writes += update_job(
        job,
        {
            **status_fields(status, now),
            "epoch": epoch,
            "revision": revision,
            "options": dict(options),
            "stages": stages,
            "error": None,
            "expires_at": now + timedelta(days=retention_days),
        },
    )
    return writes


def _lacks_uploads(snapshot: rules.JobSnapshot, uploaded: frozenset[str]) -> bool:
    return rules.status_after_redrive(snapshot, uploaded) is Status.AWAITING_UPLOAD


def _read_existing(job_id: str) -> Flow[rules.JobSnapshot]:
    snapshot = yield from read_snapshot(job_id)
    if snapshot is None or snapshot.job.status is Status.DELETED:
        raise NotFound("There is no such job.")
    return snapshot
