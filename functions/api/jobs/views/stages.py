"""The response models of a job's stages: their counts, and what they wait for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from shared.errors import Service
from shared.flows.documents import Doc, stage_path
from shared.http.schemas import ResponseModel, Timestamp
from shared.jobs.model import Job, Status
from shared.jobs.queries import ACTIVE_STATES, free_units
from shared.jobs.stage import Stage, StageState, Unit, revision_of
from shared.jobs.units.waiting import StageWait, stage_wait
from shared.pipeline import FUNCTIONS
from shared.ports.store import JobStore


class ErrorView(ResponseModel):
    """The reason for a failure: a stable code, a message, and the stage in which it occurred."""

    code: str
    message: str
    stage: str | None = None


class WaitView(ResponseModel):
    """What a stage waits for: a service that is overloaded or unavailable, which `service_label`
    names in English. The work continues by itself at `next_try_at`; waiting consumes no attempt."""

    service: Service
    service_label: str
    code: str
    since: Timestamp
    next_try_at: Timestamp


class StageView(ResponseModel):
    """The state of a stage. `total` is null until the number of parts is known. `progress` is 0
    to 1, includes that of running parts and of the join, and is 1 only when the stage is done.
    `attempts` is 0 before the stage starts, then 1 plus the retries of all its parts. `worked_s` is
    the time that instances worked on its parts that ended, with all attempts and revisions.
    `counts` has numeric results of the stage, for example `calls` to a paid API and cache `hits`;
    it is empty until the stage is done. `waiting` is null unless a part waits for a service."""

    name: str
    state: StageState
    done: int
    total: int | None
    progress: float
    attempts: int
    worked_s: float
    queued_at: Timestamp | None
    started_at: Timestamp | None
    finished_at: Timestamp | None
    counts: dict[str, float]
    error: ErrorView | None
    waiting: WaitView | None


def stage_views(job: Job, store: JobStore) -> tuple[StageView, ...]:
    """Returns the stages of a job at the current revision, in the order in which they run."""
    docs = store.read(
        stage_path(job.id, name, revision_of(name, job.revision)) for name in job.recipe.stages
    )
    stages = [doc for doc in docs if doc is not None]
    shards = _read_shards(job, stages, store)
    units: list[Unit] = []
    if any(_may_wait(job, doc) for doc in stages):
        units = [Unit.from_doc(doc) for doc in store.run_query(free_units(job.id))]
    return tuple(
        _stage_view(job, doc, shards[doc.path], _find_wait(job, doc, units)) for doc in stages
    )


def job_progress(job: Job, stages: Iterable[StageView]) -> float:
    """Returns the progress of a job, 0 to 1: its stages, weighted by their typical work."""
    if job.status is Status.DONE:
        return 1.0
    weights = {name: FUNCTIONS[name].progress_weight for name in job.recipe.stages}
    completed = sum(weights[stage.name] * stage.progress for stage in stages)
    return _below_one(completed / sum(weights.values()))


def error_view(error: Mapping[str, Any] | None) -> ErrorView | None:
    """Returns a stored error; None for None."""
    if error is None:
        return None
    return ErrorView(code=error["code"], message=error["message"], stage=error.get("stage"))


def _read_shards(job: Job, stages: Iterable[Doc], store: JobStore) -> Mapping[str, list[Doc]]:
    """Returns the shards by the path of their stage, which are read together. A stage that has not
    started has counted nothing, so its shards are not read."""
    paths = {
        doc.path: Stage.from_doc(doc).shard_paths(job.id) if doc.data["started_at"] else ()
        for doc in stages
    }
    needed = [path for shard_paths in paths.values() for path in shard_paths]
    found = {doc.path: doc for doc in store.read(needed) if doc is not None} if needed else {}
    return {
        stage: [found[path] for path in shard_paths if path in found]
        for stage, shard_paths in paths.items()
    }


def _may_wait(job: Job, stage: Doc) -> bool:
    """Whether units of the stage were claimed and may still run. After the end of a job only those
    of the notification do."""
    has_ended = job.is_terminal and stage.data["stage"] != job.recipe.outcome_stage
    is_active = stage.data["state"] in ACTIVE_STATES and stage.data["started_at"] is not None
    return is_active and not has_ended


def _find_wait(job: Job, stage: Doc, units: Iterable[Unit]) -> StageWait | None:
    if not _may_wait(job, stage):
        return None
    key = (stage.data["stage"], stage.data["revision"])
    return stage_wait(unit for unit in units if (unit.stage, unit.revision) == key)


def _stage_view(job: Job, doc: Doc, shards: Iterable[Doc], wait: StageWait | None) -> StageView:
    data, counts = doc.data, [shard.data for shard in shards]
    total, state = data["total"], StageState(data["state"])
    # The notification has no shards.
    is_complete = state is StageState.DONE and total is not None
    done = total if is_complete else sum(count["done"] for count in counts)
    # The retries of parts are counted on the shards, those of the join on the stage.
    retries = data["retries"] + sum(count["retries"] for count in counts)
    # The commit of a part counts it in `done` and resets its own progress to 0.
    in_progress = sum(sum(count["progress"].values()) for count in counts)
    facts = job.facts.get(data["stage"]) or {}
    return StageView(
        name=data["stage"],
        state=state,
        done=done,
        total=total,
        progress=_progress(data["stage"], state, done + in_progress, total, counts),
        attempts=1 + retries if data["started_at"] else 0,
        worked_s=_worked_ms(job, data, counts) / 1000,
        queued_at=data["queued_at"],
        started_at=data["started_at"],
        finished_at=data["finished_at"],
        counts={
            name: value
            for name, value in facts.items()
            if isinstance(value, int | float) and not isinstance(value, bool)
        },
        error=error_view(data["error"]),
        waiting=None if wait is None else _wait_view(wait),
    )


def _worked_ms(job: Job, stage: Mapping[str, Any], shards: Iterable[Mapping[str, Any]]) -> int:
    """Returns the working time of a stage. The join writes the sum to the job."""
    if stage["state"] == StageState.DONE and stage["stage"] in job.worked_ms:
        return job.worked_ms[stage["stage"]]
    return int(stage.get("earlier_ms", 0)) + sum(int(shard["worked_ms"]) for shard in shards)


def _wait_view(wait: StageWait) -> WaitView:
    return WaitView(
        service=Service(wait.service),
        service_label=Service(wait.service).label,
        code=wait.code,
        since=wait.since,
        next_try_at=wait.next_try_at,
    )


def _progress(
    name: str,
    state: StageState,
    completed: float,
    total: int | None,
    counts: Iterable[Mapping[str, Any]],
) -> float:
    """Returns the progress of a stage: of its parts and its join. 1 only when it is DONE."""
    if state is StageState.DONE:
        return 1.0
    if not total:
        return 0.0
    share = FUNCTIONS[name].join_share
    join = max((count.get("join_progress", 0) for count in counts), default=0)
    return _below_one((1 - share) * min(1.0, completed / total) + share * join)


def _below_one(progress: float) -> float:
    """Returns the progress of something that is not done, in whole thousandths."""
    return min(0.999, int(progress * 1000 + 1e-6) / 1000)
