"""How responses show the delivery of a job's results."""

from __future__ import annotations

from functions.api.jobs.views.stages import ErrorView, error_view
from shared.http.schemas import ResponseModel
from shared.jobs.model import Job
from shared.jobs.result_deliveries.delivery import (
    DeliveryState,
    FileState,
    ResultDelivery,
    delivery_path,
)
from shared.ports.store import JobStore


class DeliveredFileView(ResponseModel):
    """A result and whether it is delivered."""

    name: str
    state: FileState
    error: ErrorView | None


class ResultDeliveryView(ResponseModel):
    """Where the results of a job are delivered when it is done: `folder` is the `gs://` folder, and
    `hosts` has the hosts of URLs by the name of the result; the URLs are not shown. `files` are the
    results of the `revision`, once the job is done. A redrive of the job repeats a delivery that
    has failed."""

    state: DeliveryState
    folder: str | None
    hosts: dict[str, str]
    revision: int
    files: tuple[DeliveredFileView, ...]
    delivered_bytes: int
    total_bytes: int
    error: ErrorView | None


def delivery_view(job: Job, store: JobStore) -> ResultDeliveryView | None:
    """Returns the delivery of a job, or None."""
    if not job.has_delivery:
        return None
    (doc,) = store.read([delivery_path(job.id)])
    if doc is None:
        return None
    delivery = ResultDelivery.from_doc(doc)
    bucket = delivery.destination.bucket
    return ResultDeliveryView(
        state=delivery.state,
        folder=f"gs://{bucket}/{delivery.folder}" if bucket else None,
        hosts=dict(delivery.destination.hosts),
        revision=delivery.revision,
        files=tuple(
            DeliveredFileView(name=row.name, state=row.state, error=error_view(row.error))
            for row in delivery.files
        ),
        delivered_bytes=delivery.delivered_bytes,
        total_bytes=delivery.total_bytes,
        error=error_view(delivery.error),
    )
