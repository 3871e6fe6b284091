"""The history of a job: the events that users read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from shared.flows.documents import Put, Write, event_path
from shared.jobs.model import Status
from shared.pipeline import PIPELINE_STAGES

HistoryEvent = Literal[
    "created", "upload_renewed", "stage_done", "redriven", "revised", "released", "notified",
    "delivered", "delivery_failed",
]  # fmt: skip
"""The events of a job's history, besides the statuses that a job reaches."""

_AFTER_THE_END = ("notified", "delivered", "delivery_failed")


def history_event(
    job_id: str, at: datetime, name: HistoryEvent | Status, *, epoch: int, **details: Any
) -> Write:
    """Returns the write of an event of the job's history. The same event written twice is one
    document."""
    key = ".".join([str(epoch), name, *(str(value) for value in details.values())])[:200]
    return Put(
        event_path(job_id, key.replace("/", "_")),
        {"job": job_id, "at": at, "what": str(name), "epoch": epoch, **details},
    )


def history_order(event: Mapping[str, Any]) -> tuple[int, datetime, int, int]:
    """Returns the sort key of a stored event. A transaction writes several events with one time:
    the end of a stage comes before the status that the job reaches by it."""
    what, stage = event["what"], event.get("stage")
    rank = 2 if what in _AFTER_THE_END else 1 if what in tuple(Status) else 0
    position = PIPELINE_STAGES.index(stage) if stage in PIPELINE_STAGES else -1
    return event["epoch"], event["at"], rank, position
