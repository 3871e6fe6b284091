"""FINALIZE task: supervises one recording from its start to its removal.

While the recording runs, the task ends it when no recorder task holds its camera any more. When it
has stopped, the task makes its clip. When it expires or is deleted, the task removes it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from functions.recorder.clip.join import (
    ErrorInfo,
    drop_leftovers,
    drop_segments,
    join_recording,
)
from shared.cameras.browser_copy import CLIP_COPY, copy_prefix, copy_task_path
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
from shared.errors import FirestoreUnavailable, StorageUnavailable
from shared.flows.documents import CommitResult, Delete, Update, Write
from shared.flows.effects import Later
from shared.pipeline import Bucket
from shared.tasks.task import Task, TaskDone, TaskOutcome, TaskState, task_path

SESSION_TIMEOUT_S = 180
"""After this time without a status, a camera counts as held by no task."""
RECORDER_LOST = ErrorInfo(
    "recorder-lost", "The recorder stopped unexpectedly; the clip ends there."
)
UNAVAILABLE_WAIT_S = 60
"""How long to wait when Cloud Storage or Firestore is unavailable."""
COPY_WAIT_S = 5
"""How long to wait for the worker that copies a deleted clip."""


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
            return join_recording(context, recording) or _process(context)
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


def _until_expiry(context: TaskContext, recording: Recording) -> TaskOutcome:
    wait = recording.request.expires_at - context.services.clock.now()
    return Later(max(60.0, wait.total_seconds()), progress=True)


def _expire(context: TaskContext, recording: Recording) -> TaskOutcome:
    if recording.request.expires_at > context.services.clock.now():
        drop_leftovers(context, recording)
        return _until_expiry(context, recording)
    return _remove(context, recording)


def _remove(context: TaskContext, recording: Recording) -> TaskOutcome:
    """Deletes clip, segments and documents, and objects of workers that crashed before they
    recorded them."""
    if recording.state is not RecordingState.DELETED:
        # An expired one: after this no copy of its clip is begun.
        update = Update(recording.path, {"state": RecordingState.DELETED}, recording.version)
        if context.services.store.commit([update]) is not CommitResult.OK:
            return Later(1, progress=True)
    if not _end_copy(context, recording):
        return Later(COPY_WAIT_S, progress=True)
    drop_segments(context, recording.id)
    objects, copies = context.services.objects, copy_prefix(recording.id)
    objects.delete_prefix(Bucket.WORK, segments_prefix(recording.id))
    objects.delete_prefix(Bucket.OUTPUTS, clip_prefix(recording.id))
    objects.delete_prefix(Bucket.WORK, copies)
    objects.delete_prefix(Bucket.OUTPUTS, copies)
    context.services.store.commit([Delete(recording.path)])
    return TaskDone()


def _end_copy(context: TaskContext, recording: Recording) -> bool:
    """Deletes the task that copies the clip. Returns False while a worker holds it: the worker
    stops when it sees that the recording is deleted, and what it writes until then is deleted with
    the recording."""
    store = context.services.store
    (doc,) = store.read([copy_task_path(recording.id)])
    if doc is None:
        return True
    task = Task.from_doc(CLIP_COPY, doc)
    if task.state is TaskState.LEASED and task.lease_until > context.services.clock.now():
        return False
    return store.commit([Delete(task.path, task.version)]) is CommitResult.OK
