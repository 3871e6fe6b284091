"""FINALIZE task: supervises one recording from its start to its removal.

While the recording runs, the task ends it when no recorder task holds its camera any more. When it
has stopped, the task makes its clip. When it expires or is deleted, the task removes it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, NamedTuple

from functions.recorder.capture.segments import Segment, segments_path
from functions.recorder.clip.clip import make_clip
from shared.cameras.camera import Camera, camera_path
from shared.cameras.recorder_tasks import RECORDER
from shared.cameras.recording import (
    EndedBy,
    Recording,
    RecordingState,
    clip_prefix,
    recording_path,
    segments_prefix,
)
from shared.cameras.session import CHECK_INTERVAL_S, mark_capture_ended
from shared.entrypoints.task import TaskContext
from shared.errors import FirestoreUnavailable, PermanentError, StorageUnavailable
from shared.flows.documents import CommitResult, Delete, Doc, Update, Write, all_documents, job_path
from shared.flows.effects import Later
from shared.jobs import failure
from shared.jobs.model import Job, Status
from shared.pipeline import FUNCTIONS, Bucket
from shared.recipes.stored_object import StoredObject
from shared.runtime.interpreter import Interpreter
from shared.tasks.task import Task, TaskDone, TaskOutcome, task_path


class ErrorInfo(NamedTuple):
    """Why a recording has no clip, or an incomplete one."""

    code: str
    message: str


SESSION_TIMEOUT_S = 180
"""After this time without a status, a camera counts as held by no task."""
NOTHING_RECORDED = ErrorInfo(
    "nothing-recorded", "The camera sent no pictures during the recording."
)
RECORDER_LOST = ErrorInfo(
    "recorder-lost", "The recorder stopped unexpectedly; the clip ends there."
)
NOT_JOINED = ErrorInfo(
    "not-joined",
    "The recording could not be made into a clip; make shorter recordings.",
)
UNAVAILABLE_WAIT_S = 60
"""How long to wait when Cloud Storage or Firestore is unavailable."""
MAX_DELETES_PER_BATCH = 400


def process_recording(context: TaskContext) -> TaskOutcome:
    """Takes the recording's next step. While Cloud Storage or Firestore is unavailable it is
    retried without limit: only workers that crash or run out of time count as attempts."""
    try:
        return _process(context)
    except (StorageUnavailable, FirestoreUnavailable) as error:
        return Later(UNAVAILABLE_WAIT_S, error.code, str(error), progress=True)


def _process(context: TaskContext) -> TaskOutcome:
    (doc,) = context.services.store.read([recording_path(context.task.data["recording"])])
    if doc is None:
        return TaskDone()
    recording = Recording.from_doc(doc)
    match recording.state:
        case RecordingState.DELETED:
            return _remove(context, recording)
        case RecordingState.DONE | RecordingState.FAILED:
            return _expire(context, recording)
        case RecordingState.JOINING:
            if context.attempt >= FUNCTIONS[RECORDER].max_attempts:
                # The last attempt: a task that is given up would never remove the recording.
                return _fail(context, recording, *NOT_JOINED)
            return _join(context, recording)
        case RecordingState.STOPPING:
            # Its worker ended without committing the end of the capture.
            return _end(context, recording, recording.ended_by)
        case _:
            if _is_held(context, recording):
                return Later(CHECK_INTERVAL_S, progress=True)
            return _end(context, recording, EndedBy.RECORDER_LOST.value)


def _is_held(context: TaskContext, recording: Recording) -> bool:
    (doc,) = context.services.store.read([camera_path(recording.camera)])
    if doc is None:
        return False
    camera = Camera.from_doc(doc)
    if recording.id not in camera.active_requests:
        return False
    latest = camera.last_seen_at or recording.created_at
    if context.services.clock.now() - max(latest, recording.created_at) < timedelta(
        seconds=SESSION_TIMEOUT_S
    ):
        return True
    (recorder_task,) = context.services.store.read(
        [task_path(RECORDER, camera.recorder_task)] if camera.recorder_task else []
    )
    return recorder_task is not None and not Task.from_doc(RECORDER, recorder_task).has_ended


def _end(context: TaskContext, recording: Recording, reason: str) -> TaskOutcome:
    """Ends the capture on behalf of its worker."""
    (doc,) = context.services.store.read([camera_path(recording.camera)])
    ended_at = recording.ended_at or context.services.clock.now()
    error = RECORDER_LOST._asdict() if reason == EndedBy.RECORDER_LOST else None
    fields: dict[str, Any] = {
        "state": RecordingState.JOINING, "ended_by": reason, "ended_at": ended_at,
    }  # fmt: skip
    writes: list[Write] = [Update(recording.path, {**fields, "error": error}, recording.version)]
    if doc is not None and recording.id in (camera := Camera.from_doc(doc)).active_requests:
        writes.append(mark_capture_ended(camera, recording.id, reason, ended_at)[0])
    context.services.store.commit(writes)
    return Later(0, progress=True)


def _join(context: TaskContext, recording: Recording) -> TaskOutcome:
    store = context.services.store
    docs = store.run_query(all_documents(segments_path(recording.id)))
    segments = [Segment.from_doc(doc) for doc in docs]
    try:
        result = make_clip(
            recording,
            segments,
            context.services.objects,
            attempt=context.attempt,
            should_stop=context.should_stop,
        )
    except PermanentError as error:
        return _fail(context, recording, error.code, str(error))
    if context.is_lease_lost and result is not None and _is_deleted(context, recording.id):
        # The recording was removed before this clip was created.
        context.services.objects.delete(Bucket.OUTPUTS, result[0].name, result[0].generation)
    context.check()
    if result is None:
        reason = recording.error or NOTHING_RECORDED._asdict()
        return _fail(context, recording, reason["code"], reason["message"])
    stored, clip = result
    fields = {
        "state": RecordingState.DONE,
        "clip": clip.to_dict(),
        "size_bytes": clip.size_bytes,
        "stored_bytes": clip.size_bytes,
        "elapsed_s": clip.duration_sec,
        "fps": clip.fps,
    }
    if recording.request.job_object:
        _upload_to_job(context, recording, stored)
    if not _commit(context, recording, fields):
        context.services.objects.delete(stored.bucket, stored.name, stored.generation)
        return Later(1, progress=True)
    _drop_segments(context, recording.id)
    context.services.log("recording.joined", recording=recording.id, gaps=len(clip.gaps))
    return _until_expiry(context, recording)


def _is_deleted(context: TaskContext, recording_id: str) -> bool:
    (doc,) = context.services.store.read([recording_path(recording_id)])
    return doc is None or doc.data["state"] == RecordingState.DELETED


def _upload_to_job(context: TaskContext, recording: Recording, stored: StoredObject) -> None:
    """Copies the clip to the upload that a job waits for, which starts the job's pipeline."""
    context.services.objects.copy(
        stored, Bucket.UPLOADS, recording.request.job_object, spec=f"recording {recording.id}"
    )


def _commit(context: TaskContext, recording: Recording, fields: dict[str, Any]) -> bool:
    """Updates the recording's document. Returns False when it has been deleted."""
    update = Update(recording.path, fields, recording.version)
    if context.services.store.commit([update]) is CommitResult.OK:
        return True
    # When the response to a commit is lost, the client repeats it and finds its own write.
    (doc,) = context.services.store.read([recording.path])
    return doc is not None and doc.data["state"] == fields["state"]


def _fail(context: TaskContext, recording: Recording, code: str, message: str) -> TaskOutcome:
    _fail_job(context, recording, code, message)
    fields = {
        "state": RecordingState.FAILED,
        "error": {"code": code, "message": message, "at": context.services.clock.now()},
        "stored_bytes": 0,
    }
    if not _commit(context, recording, fields):
        return Later(1, progress=True)
    _drop_segments(context, recording.id)
    context.services.log("recording.failed", severity="WARNING", recording=recording.id, code=code)
    return _until_expiry(context, recording)


def _fail_job(context: TaskContext, recording: Recording, code: str, message: str) -> None:
    """Fails the job that waits for the clip. This happens before the recording fails: after a
    crash in between, the next attempt finds the job failed, and fails the recording."""
    paths = [job_path(recording.request.job)] if recording.request.job else []
    for doc in context.services.store.read(paths):
        if doc is not None and doc.data["status"] == Status.AWAITING_UPLOAD:
            job = Job.from_doc(doc)
            Interpreter(context.services).run(
                failure.fail_job_awaiting_uploads(
                    job, (code, message), context.services.clock_and_ids
                )
            )


def _until_expiry(context: TaskContext, recording: Recording) -> TaskOutcome:
    wait = recording.request.expires_at - context.services.clock.now()
    return Later(max(60.0, wait.total_seconds()), progress=True)


def _expire(context: TaskContext, recording: Recording) -> TaskOutcome:
    if recording.request.expires_at > context.services.clock.now():
        return _until_expiry(context, recording)
    return _remove(context, recording)


def _remove(context: TaskContext, recording: Recording) -> TaskOutcome:
    """Deletes clip, segments and documents, and objects of workers that crashed before they
    recorded them."""
    _drop_segments(context, recording.id)
    context.services.objects.delete_prefix(Bucket.WORK, segments_prefix(recording.id))
    context.services.objects.delete_prefix(Bucket.OUTPUTS, clip_prefix(recording.id))
    context.services.store.commit([Delete(recording.path)])
    return TaskDone()


def _drop_segments(context: TaskContext, recording_id: str) -> None:
    """Deletes the objects before the documents that name them, so that a crash loses no name."""
    store = context.services.store
    docs: tuple[Doc, ...] = store.run_query(all_documents(segments_path(recording_id)))
    for doc in docs:
        for stored in Segment.from_doc(doc).objects:
            context.services.objects.delete(Bucket.WORK, stored.name, stored.generation)
    for start in range(0, len(docs), MAX_DELETES_PER_BATCH):
        store.commit([Delete(doc.path) for doc in docs[start : start + MAX_DELETES_PER_BATCH]])
