"""Commits a join: its stage is done, the next stages are planned, the job is updated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from shared.flows.documents import CommitResult, Update, Write, stage_path
from shared.flows.effects import ClockAndIds, Flow, commit, publish
from shared.jobs import rules
from shared.jobs.creation import planned_documents, planned_fields
from shared.jobs.history import history_event
from shared.jobs.model import Job, Status
from shared.jobs.queries import read_view
from shared.jobs.stage import StageState, UnitClaim, revision_of
from shared.jobs.storage import storage_fields
from shared.jobs.units.commit import unit_done
from shared.jobs.units.end import end_writes, revision_detail
from shared.jobs.units.outcomes import UnitDone
from shared.jobs.update import update_job
from shared.jobs.uploads import with_stored_sizes
from shared.jobs.webhooks.events import JOB_AWAITING_REVIEW, event_messages, new_job_event
from shared.recipes.stored_object import Artifact
from shared.recipes.upload_results import Uploads


def commit_join(claim: UnitClaim, result: UnitDone, clock: ClockAndIds) -> Flow[bool]:
    """Commits a join. Returns False when the claim was lost.

    The batch is guarded by the job's version, so of two stages that end at once the second one sees
    that the other is done. Raises ValueError when the batch conflicts although neither the job nor
    the unit has changed: a document that it creates exists already.
    """
    refused: tuple[Any, Any] | None = None
    while True:
        view = yield from read_view(claim.envelope)
        if view.job is None or view.stage is None or view.unit is None:
            return False
        if view.unit.token != claim.token:
            return False
        if rules.is_done(view.unit):
            return True
        if rules.is_out_of_date(view.job, claim.envelope):
            # The deck was edited during the work: this result is obsolete.
            return False
        versions = view.job.version, view.unit.version
        if versions == refused:
            raise ValueError(f"the stages after {claim.envelope.stage} are planned already")
        refused = versions
        now = clock.now()
        writes = [
            unit_done(claim, view.unit, result, now),
            *join_writes(
                view.job,
                claim.envelope.stage,
                result,
                now,
                worked_ms=view.stage.earlier_ms + view.stage.worked_ms + view.unit.spent_ms(now),
                parts_in_flight=clock.parts_in_flight,
            ),
        ]
        if (yield from commit(*writes)) is CommitResult.OK:
            yield from publish(event_messages(writes))
            return True


def join_writes(
    job: Job,
    stage: str,
    result: UnitDone,
    now: datetime,
    *,
    worked_ms: int,
    parts_in_flight: int,
) -> list[Write]:
    """Returns the writes of a join: its stage, the planned stages and the job.

    On a terminal job they do not change the status. `worked_ms` is set, not
    incremented: with the job's version in the batch they are right however often the unit is
    delivered. Raises ValueError when the next stage is not planned.
    """
    plan = result.plan or {}
    next_stage = job.recipe.next_stage(stage)
    if (
        next_stage is not None
        and job.stages[next_stage] == StageState.WAITING
        and (not plan.get(next_stage))
    ):
        raise ValueError(f"{stage} joined without planning {next_stage}")
    artifacts = _merge_artifacts(job, result)
    inputs = job.inputs
    if stage == Uploads.STAGE:
        inputs = with_stored_sizes(inputs, Uploads.from_dict(result.facts or {}))
    new_warnings = [warning for warning in result.warnings if warning not in job.warnings]
    fields: dict[str, Any] = {
        f"stages.{stage}": StageState.DONE,
        **storage_fields(job, inputs, artifacts),
        f"worked_ms.{stage}": worked_ms,
        f"facts.{stage}": dict(result.facts or {}),
        "warnings": [*job.warnings, *new_warnings],
        "updated_at": now,
    }
    writes: list[Write] = [
        Update(
            stage_path(job.id, stage, revision_of(stage, job.revision)),
            {"state": StageState.DONE, "finished_at": now, "error": None},
        )
    ]
    review = result.review and not job.is_terminal
    for name, specs in plan.items():
        needs_review = review and name in job.recipe.stages_after_deck
        fields[f"stages.{name}"] = StageState.WAITING if needs_review else StageState.QUEUED
        writes += _plan_stage(
            job, name, specs, now, parts_in_flight=parts_in_flight, needs_review=needs_review
        )
    revision = revision_detail(revision_of(stage, job.revision))
    writes.append(
        history_event(job.id, now, "stage_done", epoch=job.epoch, stage=stage, **revision)
    )
    if not job.is_terminal:
        if rules.are_result_stages_done(job, also=stage):
            fields["status"] = Status.DONE
            writes += end_writes(job, Status.DONE, now)
        elif review:
            fields["status"] = Status.AWAITING_REVIEW
            writes.append(_review_event(job, now))
            reviewed = replace(job, status=Status.AWAITING_REVIEW, artifacts=artifacts)
            writes.append(new_job_event(JOB_AWAITING_REVIEW, reviewed, now))
    writes += update_job(job, fields)
    return writes


def _plan_stage(
    job: Job,
    name: str,
    specs: tuple[Mapping[str, Any], ...],
    now: datetime,
    *,
    parts_in_flight: int,
    needs_review: bool,
) -> list[Write]:
    """Returns the writes that plan a stage. With `needs_review` it waits for the user's review."""
    revision = revision_of(name, job.revision)
    fields = planned_fields(specs, now, parts_in_flight=parts_in_flight)
    documents = planned_documents(job.id, job.owner, name, revision, fields, now)
    if needs_review:
        fields |= {"state": StageState.WAITING, "queued_at": None}
    return [Update(stage_path(job.id, name, revision), fields), *documents]


def _review_event(job: Job, now: datetime) -> Write:
    return history_event(
        job.id, now, Status.AWAITING_REVIEW, epoch=job.epoch, revision=job.revision
    )


def _merge_artifacts(job: Job, result: UnitDone) -> tuple[Artifact, ...]:
    """Returns the job's artifacts with those of `result` in place of the ones they replace."""
    replaced = {artifact.name for artifact in result.artifacts} | set(result.replaced_names)
    unchanged = [artifact for artifact in job.artifacts if artifact.name not in replaced]
    return (*unchanged, *result.artifacts)
