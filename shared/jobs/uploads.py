"""Re-declared uploads: an input that gets another file gets the next upload number.

The URLs of older numbers stay valid for hours and their resumable sessions for a week, so their
objects can still arrive. Such an object is superseded: nothing reads it, and whoever sees it
deletes it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from shared.flows.documents import CommitResult, Update, Write, job_path, unit_path
from shared.flows.effects import Flow, commit, read
from shared.flows.envelope import Envelope, upload_name
from shared.jobs.history import history_event
from shared.jobs.model import Job, JobInput, Status
from shared.jobs.stage import Unit, UnitState
from shared.jobs.storage import storage_fields
from shared.recipes.upload_results import Uploads


def is_superseded(job: Job, envelope: Envelope) -> bool:
    """Whether the envelope is of an upload with an older number than the declared one. An upload
    with a later number is not superseded: it exists after Firestore was restored from a backup."""
    if envelope.upload is None:
        return False
    declared = {job_input.name: job_input.upload for job_input in job.inputs}
    return envelope.upload < declared.get(envelope.part, 0)


def supersede_upload(job: Job, unit: Unit, renewed: JobInput, now: datetime) -> tuple[Write, ...]:
    """Returns the batch that declares another upload of an input. It conflicts with every change of
    the job, and with every claim of the unit that examines the input: so no unit examines or
    records an upload that is superseded, and its object can be deleted.

    Args:
        job: The job.
        unit: The unit that examines the input, not leased and not DONE.
        renewed: The input with the next upload number.
        now: The current time.
    """
    fields = renewed_fields(job, renewed) | {"updated_at": now}
    return (
        Update(job_path(job.id), fields, job.version),
        *free_unit_writes(job, unit, renewed, now),
    )


def next_upload(job: Job, current: JobInput) -> JobInput:
    """Returns an input with the next upload number. It is uploaded, also if it was a copy or was
    fetched."""
    upload = current.upload + 1
    name = upload_name(job.recipe_name, job.id, current.name, upload)
    return replace(current, object=name, upload=upload, source="", fetch="")


def renewed_fields(job: Job, renewed: JobInput) -> dict[str, Any]:
    """Returns the fields of a job that declares another upload of an input."""
    inputs = tuple(renewed if item.name == renewed.name else item for item in job.inputs)
    return storage_fields(job, inputs, job.artifacts)


def free_unit_writes(job: Job, unit: Unit, renewed: JobInput, now: datetime) -> tuple[Write, Write]:
    """Returns the writes that free the unit that examines an input, also from the worker that holds
    it, and the event that another upload is declared."""
    path = unit_path(job.id, job.recipe.stages[0], 0, renewed.name)
    free = {"state": UnitState.FREE, "token": "", "lease_until": now}
    return (
        Update(path, free, unit.version),
        history_event(
            job.id,
            now,
            "upload_renewed",
            epoch=job.epoch,
            input=renewed.name,
            upload=renewed.upload,
        ),
    )


def declare_size(job_id: str, object_name: str, size_bytes: int) -> Flow[bool]:
    """Declares the size of an input that is not uploaded by the user, before its object exists.

    Returns whether the job takes this object: not if the job is deleted or cancelled, or declares
    another upload.
    """
    while True:
        (doc,) = yield from read(job_path(job_id))
        if doc is None or doc.data["status"] in (Status.DELETED, Status.CANCELLED):
            return False
        job = Job.from_doc(doc)
        inputs = tuple(
            replace(item, size_bytes=size_bytes) if item.object == object_name else item
            for item in job.inputs
        )
        if all(item.object != object_name for item in inputs):
            return False
        if inputs == job.inputs:
            return True
        fields = storage_fields(job, inputs, job.artifacts)
        if (yield from commit(Update(doc.path, fields, job.version))) is CommitResult.OK:
            return True


def with_stored_sizes(inputs: Iterable[JobInput], uploads: Uploads) -> tuple[JobInput, ...]:
    """Returns the inputs with the sizes of the uploads that were examined."""
    return tuple(
        replace(item, size_bytes=uploads.inputs[item.name].stored_object.size_bytes)
        if item.name in uploads.inputs
        else item
        for item in inputs
    )
