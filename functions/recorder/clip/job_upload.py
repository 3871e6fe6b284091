"""The upload that a recording makes for the job that waits for its clip."""

from __future__ import annotations

from shared.cameras.recording import Recording
from shared.entrypoints.task import TaskContext
from shared.jobs.uploads import declare_size
from shared.pipeline import Bucket
from shared.recipes.stored_object import StoredObject
from shared.runtime.interpreter import Interpreter


def upload_to_job(context: TaskContext, recording: Recording, stored: StoredObject) -> None:
    """Copies the clip to the job's upload, which starts the pipeline. Copies nothing for a job that
    is deleted or cancelled, or that declares another file.

    The job declares the size before the copy exists. So both are counted, and the copy still is
    when the recording is deleted.
    """
    request = recording.request
    if Interpreter(context.services).run(
        declare_size(request.job, request.job_object, stored.size_bytes)
    ):
        context.services.objects.copy(
            stored, Bucket.UPLOADS, request.job_object, spec=f"recording {recording.id}"
        )
