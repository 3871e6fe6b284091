"""Stops a job whose upload is not the file that its sender expects."""

from __future__ import annotations

from typing import Any

from shared.errors import NotFound, PermanentError, UploadDiffers, WrongUpload
from shared.flows.documents import CommitResult, Update, Write, job_path, stage_path, unit_path
from shared.flows.effects import ClockAndIds, Flow, commit, publish, read
from shared.jobs.model import Job, JobInput, Status
from shared.jobs.queries import read_outcome_messages
from shared.jobs.queue import fill
from shared.jobs.rules import is_done
from shared.jobs.stage import StageState, Unit
from shared.jobs.units.end import end_writes, job_failure_writes
from shared.jobs.update import update_job
from shared.jobs.uploads import free_unit_writes, next_upload, renewed_fields


def reject_upload(
    job: Job, rejected: JobInput, difference: str, clock: ClockAndIds
) -> Flow[tuple[PermanentError, JobInput | None]]:
    """Fails a job because of its upload, and declares the next upload of the input, so that nothing
    reads the rejected one.

    If the upload is not examined, the job fails with UploadDiffers, and continues with another
    upload after a redrive. Otherwise units that are DONE have used it, so the job fails with
    WrongUpload and cannot be resumed. A job that is done or cancelled stays as it is.

    Returns the error, and the input as it is declared now; None when the rejected upload is still
    the declared one. Raises NotFound.

    Args:
        job: The job, as it was read before.
        rejected: The input, with the number of the rejected upload.
        difference: A sentence for the user, without a period.
        clock: The clock.
    """
    first = job.recipe.stages[0]
    paths = job_path(job.id), unit_path(job.id, first, 0, rejected.name)
    while True:
        doc, unit_doc = yield from read(*paths)
        if doc is None or unit_doc is None or doc.data["status"] == Status.DELETED:
            raise NotFound("There is no such job.")
        job, unit = Job.from_doc(doc), Unit.from_doc(unit_doc)
        current = next(item for item in job.inputs if item.name == rejected.name)
        again = UploadDiffers(f"{difference}; upload the file again and redrive the job.")
        final = WrongUpload(f"{difference}; create a new job with the right file.")
        error: PermanentError
        if current.upload != rejected.upload:
            # Another upload was declared meanwhile. The rejected one is superseded.
            if job.status is not Status.FAILED:
                replaced = f"{difference}; another upload of the file was declared in its place."
                return UploadDiffers(replaced), current
            # Possibly by this batch, whose response was lost: the outcome is announced below.
            error, renewed = (final if job.has_wrong_upload else again), current
            break
        if job.status in (Status.DONE, Status.CANCELLED):
            return final, None
        error, now = (final if is_done(unit) else again), clock.now()
        renewed = next_upload(job, current)
        fields = renewed_fields(job, renewed) | {"updated_at": now}
        details: dict[str, Any] = {"code": error.code, "message": str(error)}
        writes: list[Write]
        if error is final:
            writes = update_job(job, {**fields, "status": Status.FAILED, "error": details})
            if not job.is_terminal:
                writes += end_writes(job, Status.FAILED, now)
        else:
            details["stage"] = first
            stage = {"state": StageState.FAILED, "error": details, "finished_at": now}
            writes = list(free_unit_writes(job, unit, renewed, now))
            if job.is_terminal:
                writes += update_job(job, fields)
            else:
                writes.append(Update(stage_path(job.id, first, 0), stage))
                writes += job_failure_writes(job, details, now, fields)
        if (yield from commit(*writes)) is CommitResult.OK:
            break
    (doc,) = yield from read(job_path(job.id))
    if doc is not None:
        yield from publish((yield from read_outcome_messages(Job.from_doc(doc))))
    yield from fill(job.owner, clock)
    return error, renewed
