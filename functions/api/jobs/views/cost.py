"""The response model of a job's cost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import date

from functions.api.jobs.views.stages import StageView
from shared.http.schemas import ResponseModel
from shared.jobs.model import Job
from shared.jobs.storage import stored_bytes
from shared.pricing.job_cost import (
    CostKind,
    StageUse,
    excluded_services,
    stage_items,
    storage_item,
)
from shared.pricing.prices import read_since


class CostItemView(ResponseModel):
    """The cost of one kind of work of a stage, in US dollars; `stage` is null for storage."""

    stage: str | None
    kind: CostKind
    quantity: float
    unit: str
    usd: float


class CostView(ResponseModel):
    """The cost of a job so far at the list prices of Google Cloud, in US dollars, without free
    tiers: working time, deliveries, speech, speech recognition, and the storage until the job
    expires. The working time of a part, with all its attempts, is added when the part ends.
    `excludes` names services that the job has called and whose cost is not known. `prices_of` is
    the day on which the oldest price was read."""

    usd: float
    items: tuple[CostItemView, ...]
    excludes: tuple[str, ...]
    prices_of: date


def cost_view(job: Job, stages: Iterable[StageView]) -> CostView:
    """Returns the cost of a job with these stages."""
    uses = [
        StageUse(stage.name, round(1000 * stage.worked_s), _count_deliveries(stage))
        for stage in stages
    ]
    kept_s = (job.expires_at - job.created_at).total_seconds()
    items = [*stage_items(uses, job.facts), storage_item(stored_bytes(job), kept_s)]
    return CostView(
        usd=round(sum(item.usd for item in items), 8),
        items=tuple(CostItemView(**asdict(item)) for item in items),
        excludes=excluded_services(job.facts),
        prices_of=read_since(),
    )


def _count_deliveries(stage: StageView) -> int:
    """Returns the deliveries of a stage that has started: its parts that are done, their retries,
    and the join."""
    return stage.done + stage.attempts if stage.attempts else 0
