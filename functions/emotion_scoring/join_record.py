"""The outcome of the join as an object in the work bucket, for an attempt that adopts it."""

from __future__ import annotations

from dataclasses import replace

from shared.entrypoints.stage import UnitContext
from shared.jobs.units.outcomes import UnitDone
from shared.pipeline import SCORES_PREFIX, Bucket
from shared.recipes.stored_object import Artifact
from shared.runtime.results_writer import find_json, write_json_once


def record_join(context: UnitContext, key: str, done: UnitDone) -> UnitDone:
    """Records artifacts, facts and warnings. All results must be written before. Returns `done`."""
    data = {
        "artifacts": [artifact.to_dict() for artifact in done.artifacts],
        "facts": done.facts,
        "warnings": list(done.warnings),
    }
    write_json_once(context.objects, Bucket.WORK, _object_name(context, key), data, spec=key)
    return done


def find_join(context: UnitContext, key: str) -> UnitDone | None:
    """Returns the outcome that an earlier attempt recorded for the inputs with the hash `key`."""
    data = find_json(context.objects, Bucket.WORK, _object_name(context, key), key)
    if data is None:
        return None
    return UnitDone(
        tuple(Artifact.from_dict(row) for row in data["artifacts"]),
        facts=data["facts"],
        warnings=tuple(data["warnings"]),
        adopted=True,
    )


def with_plan(context: UnitContext, done: UnitDone) -> UnitDone:
    """Returns the outcome with the plan of the stage that follows."""
    next_stage = context.job.recipe.next_stage("emotion_scoring")
    plan = {} if next_stage is None else {next_stage: ({"deck": "timeline"},)}
    return replace(done, plan=plan)


def _object_name(context: UnitContext, key: str) -> str:
    return f"{SCORES_PREFIX}{context.job.id}/{key[:12]}/join.json"
