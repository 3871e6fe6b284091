"""The documents of a new job, of its stages and of the units that are admitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from shared.flows.documents import Create, Write, job_path, shard_path, stage_path, unit_path
from shared.flows.envelope import JOIN
from shared.jobs.history import history_event
from shared.jobs.model import JobInput, Status
from shared.jobs.stage import StageState, UnitState
from shared.jobs.totals import totals_writes
from shared.jobs.user_metadata import UserMetadata
from shared.pipeline import STALLED_S, Recipe

SCHEMA = 1
NOT_WAITING: Mapping[str, Any] = {"waits": 0, "waiting_since": None, "waiting_for": None}
"""The fields of a unit that no service refused, see `shared.jobs.units.waiting`."""


def blank_stage(
    job_id: str, owner: str, name: str, revision: int, earlier_ms: int = 0
) -> dict[str, Any]:
    """Returns the document of a stage that is not planned yet. `earlier_ms` is the working time of
    earlier revisions of the stage."""
    return {
        "job": job_id,
        "owner": owner,
        "stage": name,
        "revision": revision,
        "state": StageState.WAITING,
        "total": None,
        "parts": [],
        "parts_in_flight": 0,
        "shard_count": 0,
        "retries": 0,
        "earlier_ms": earlier_ms,
        "queued_at": None,
        "started_at": None,
        "finished_at": None,
        "error": None,
    }


def planned_fields(
    specs: Sequence[Mapping[str, Any]], now: datetime, *, parts_in_flight: int
) -> dict[str, Any]:
    """Returns the fields of a stage that is planned and queued.

    A stage has as many shards as parts in flight: Firestore sustains about one write a second per
    document, and each part in flight writes another one.
    """
    return {
        "state": StageState.QUEUED,
        "total": len(specs),
        "parts": [dict(spec) for spec in specs],
        "parts_in_flight": parts_in_flight,
        "shard_count": min(parts_in_flight, len(specs)),
        "queued_at": now,
    }


def planned_documents(
    job_id: str,
    owner: str,
    name: str,
    revision: int,
    fields: Mapping[str, Any],
    now: datetime,
) -> list[Write]:
    """Returns the writes that create the shards of a planned stage and its first units: the parts
    that are admitted at once, and the join. `fields` are the stage's `planned_fields`."""
    writes: list[Write] = []
    for number in range(fields["shard_count"]):
        shard = {
            "job": job_id,
            "owner": owner,
            "stage": name,
            "revision": revision,
            "shard": number,
            "done": 0,
            "progress": {},
            "join_progress": 0,
            "retries": 0,
            "worked_ms": 0,
        }
        writes.append(Create(shard_path(job_id, name, revision, number), shard))
    part_ids = [str(spec.get("input", i)) for i, spec in enumerate(fields["parts"])]
    for part in [*part_ids[: fields["parts_in_flight"]], JOIN]:
        writes.append(admit_unit(job_id, name, revision, part, now))
    return writes


def admit_unit(job_id: str, stage: str, revision: int, part: str, now: datetime) -> Write:
    """Returns the write that admits a unit. CONFLICT when it is admitted already."""
    return Create(
        unit_path(job_id, stage, revision, part),
        {"job": job_id, "stage": stage, "revision": revision, "part": part, **free_fields(now)},
    )


def free_fields(now: datetime, lost_ms: int = 0) -> dict[str, Any]:
    """Returns the fields of a unit that is admitted `now`, without attempts. `lost_ms` is the
    working time of attempts before a redrive."""
    return {
        "state": UnitState.FREE,
        "token": "",
        "lease_until": now,
        "not_before": now,
        "attempt": 0,
        "artifacts": [],
        "facts": {},
        "error": None,
        "claimed_at": None,
        "lost_ms": lost_ms,
        "admitted_at": now,
        "announced_at": None,
        "next_check_at": now + timedelta(seconds=STALLED_S),
        "successor": "",
        "repeated_at": None,
        **NOT_WAITING,
    }


def new_job(
    *,
    job_id: str,
    owner: str,
    email: str,
    recipe: Recipe,
    title: str,
    options: Mapping[str, Any],
    inputs: tuple[JobInput, ...],
    now: datetime,
    expires_at: datetime,
    user_metadata: UserMetadata | None = None,
    has_delivery: bool = False,
) -> tuple[Write, ...]:
    """Returns the batch that creates a job: its document, one for each stage, and the units of the
    uploads, which are all admitted. It is committed before any upload URL exists."""
    recipe = recipe.for_options(options)
    first = recipe.stages[0]
    job: dict[str, Any] = {
        "schema": SCHEMA,
        "owner": owner,
        "email": email,
        "recipe": recipe.name,
        "title": title,
        **(user_metadata or UserMetadata()).to_dict(),
        "status": Status.AWAITING_UPLOAD,
        "epoch": 0,
        "revision": 0,
        "options": dict(options),
        "inputs": [job_input.to_dict() for job_input in inputs],
        "stages": {
            name: StageState.QUEUED if name == first else StageState.WAITING
            for name in recipe.stages
        },
        "artifacts": [],
        "facts": {},
        "warnings": [],
        "error": None,
        "stored_bytes": sum(job_input.size_bytes for job_input in inputs),
        "worked_ms": {},
        "queued_at": None,
        "running_since": None,
        "created_at": now,
        "updated_at": now,
        "expires_at": expires_at,
    }
    if has_delivery:
        job["has_delivery"] = True
    writes: list[Write] = [Create(job_path(job_id), job)]
    writes += totals_writes(owner, job_id, {}, job)
    for stage in recipe.stages:
        fields = blank_stage(job_id, owner, stage, 0)
        if stage == first:
            specs = [{"input": job_input.name} for job_input in inputs]
            planned = planned_fields(specs, now, parts_in_flight=len(inputs))
            fields |= planned
            writes += planned_documents(job_id, owner, stage, 0, planned, now)
        writes.append(Create(stage_path(job_id, stage, 0), fields))
    writes.append(history_event(job_id, now, "created", epoch=0))
    return tuple(writes)
