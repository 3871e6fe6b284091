"""JOIN: one recording from its start to its removal.

While it runs it is looked after: when nobody holds its camera any more, it is ended. When it has
stopped it becomes a clip. When its time is over, or somebody deletes it, all of it goes.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from functions.recorder.capture.segments import Segment, segments_path
from functions.recorder.clip.clip import make_clip
from shared.cameras.camera import Camera, camera_path
from shared.cameras.recording import (
    EndedBy,
    Recording,
    RecordingState,
    clip_prefix,
    recording_path,
    segments_prefix,
)
from shared.cameras.session import CHECK_INTERVAL_S, RECORDER, mark_capture_ended
from shared.entrypoints.task import TaskContext
from shared.errors import FirestoreUnavailable, PermanentError, StorageUnavailable
from shared.flows.documents import CommitResult, Delete, Doc, Update, Write, job_path
from shared.flows.effects import Later
from shared.jobs import failure
from shared.jobs.model import Job, Status
from shared.pipeline import FUNCTIONS, Bucket
from shared.recipes.stored_object import StoredObject
from shared.runtime.interpreter import Interpreter
from shared.tasks.task import Task, TaskDone, TaskOutcome, task_path

SESSION_TIMEOUT_S = 180
"""A camera of which nothing was said for so long is held by nobody."""
NOTHING_RECORDED = ("nothing-recorded", "The camera showed nothing while this was recorded.")
RECORDER_LOST = ("recorder-lost", "Nobody held the camera any more; what was recorded is the clip.")
NOT_JOINED = (
    "not-joined",
    "The recording could not be made into a clip; record in shorter pieces.",
)
UNAVAILABLE_WAIT_S = 60
"""How long a storage or a ledger that does not answer is left alone."""
MAX_DELETES_PER_BATCH = 400


def process_recording(context: TaskContext) -> TaskOutcome:
    """Do what the recording needs now. However long storage or ledger are away, it is tried again:
    only workers that die over it, or run out of time, are counted."""
    try:
        return _looked_after(context)
    except (StorageUnavailable, FirestoreUnavailable) as away:
        return Later(UNAVAILABLE_WAIT_S, away.code, str(away), progress=True)


def _looked_after(context: TaskContext) -> TaskOutcome:
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
                # The last one that there is: given up, it would be kept for ever.
                return _failed(context, recording, *NOT_JOINED)
            return _join(context, recording)
        case RecordingState.STOPPING:
            # Its worker did not say that the last segment is written: nobody will.
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
    (shift,) = context.services.store.read(
        [task_path(RECORDER, camera.recorder_task)] if camera.recorder_task else []
    )
    return shift is not None and not Task.from_doc(RECORDER, shift).has_ended


def _end(context: TaskContext, recording: Recording, why: str) -> TaskOutcome:
    """End it in its worker's place."""
    (doc,) = context.services.store.read([camera_path(recording.camera)])
    now = recording.ended_at or context.services.clock.now()
    lost = dict(zip(("code", "message"), RECORDER_LOST, strict=True))
    error = lost if why == EndedBy.RECORDER_LOST else None
    fields: dict[str, Any] = {"state": RecordingState.JOINING, "ended_by": why, "ended_at": now}
    writes: list[Write] = [Update(recording.path, {**fields, "error": error}, recording.version)]
    if doc is not None and recording.id in (camera := Camera.from_doc(doc)).active_requests:
        writes.append(mark_capture_ended(camera, recording.id, why, now)[0])
    context.services.store.commit(writes)
    return Later(0, progress=True)


def _join(context: TaskContext, recording: Recording) -> TaskOutcome:
    store = context.services.store
    segments = [Segment.from_doc(doc) for doc in store.list_documents(segments_path(recording.id))]
    try:
        made = make_clip(
            recording,
            segments,
            context.services.objects,
            attempt=context.attempt,
            should_stop=context.should_stop,
        )
    except PermanentError as refused:
        return _failed(context, recording, refused.code, str(refused))
    if context.is_lease_lost and made is not None and _is_unwanted(context, recording.id):
        # It was deleted meanwhile: whoever removed it did not see this clip.
        context.services.objects.delete(Bucket.OUTPUTS, made[0].name, made[0].generation)
    context.check()
    if made is None:
        known = recording.error or dict(zip(("code", "message"), NOTHING_RECORDED, strict=True))
        return _failed(context, recording, known["code"], known["message"])
    stored, clip = made
    fields = {
        "state": RecordingState.DONE,
        "clip": clip.to_dict(),
        "size_bytes": clip.size_bytes,
        "stored_bytes": clip.size_bytes,
        "elapsed_s": clip.duration_sec,
        "fps": clip.fps,
    }
    if recording.request.job_object:
        _hand_on(context, recording, stored)
    if not _changed(context, recording, fields):
        context.services.objects.delete(stored.bucket, stored.name, stored.generation)
        return Later(1, progress=True)
    _drop_segments(context, recording.id)
    context.services.log("recording.joined", recording=recording.id, gaps=len(clip.gaps))
    return _until_expiry(context, recording)


def _is_unwanted(context: TaskContext, recording_id: str) -> bool:
    (doc,) = context.services.store.read([recording_path(recording_id)])
    return doc is None or doc.data["state"] == RecordingState.DELETED


def _hand_on(context: TaskContext, recording: Recording, stored: StoredObject) -> None:
    """The clip is the upload that a job waits for: its chain begins with it."""
    context.services.objects.copy(
        stored, Bucket.UPLOADS, recording.request.job_object, spec=f"recording {recording.id}"
    )


def _changed(context: TaskContext, recording: Recording, fields: dict[str, Any]) -> bool:
    """Write what became of it; → False when somebody has deleted it meanwhile."""
    done = context.services.store.commit([Update(recording.path, fields, recording.version)])
    if done is CommitResult.OK:
        return True
    # A batch whose answer was lost meets itself when the client repeats it.
    (doc,) = context.services.store.read([recording.path])
    return doc is not None and doc.data["state"] == fields["state"]


def _failed(context: TaskContext, recording: Recording, code: str, message: str) -> TaskOutcome:
    _tell_job(context, recording, code, message)
    fields = {
        "state": RecordingState.FAILED,
        "error": {"code": code, "message": message, "at": context.services.clock.now()},
        "stored_bytes": 0,
    }
    if not _changed(context, recording, fields):
        return Later(1, progress=True)
    _drop_segments(context, recording.id)
    context.services.log("recording.failed", severity="WARNING", recording=recording.id, code=code)
    return _until_expiry(context, recording)


def _tell_job(context: TaskContext, recording: Recording, code: str, message: str) -> None:
    """The job that waits for the clip fails with it, before the recording has: a crash in between
    finds it done."""
    paths = [job_path(recording.request.job)] if recording.request.job else []
    for doc in context.services.store.read(paths):
        if doc is not None and doc.data["status"] == Status.AWAITING_UPLOAD:
            job = Job.from_doc(doc)
            Interpreter(context.services).run(
                failure.fail_awaiting_uploads(job, (code, message), context.services.clock_and_ids)
            )


def _until_expiry(context: TaskContext, recording: Recording) -> TaskOutcome:
    left = recording.request.expires_at - context.services.clock.now()
    return Later(max(60.0, left.total_seconds()), progress=True)


def _expire(context: TaskContext, recording: Recording) -> TaskOutcome:
    if recording.request.expires_at > context.services.clock.now():
        return _until_expiry(context, recording)
    return _remove(context, recording)


def _remove(context: TaskContext, recording: Recording) -> TaskOutcome:
    """Clip, segments and documents go, and what a worker left that died before it wrote them
    down."""
    _drop_segments(context, recording.id)
    context.services.objects.delete_prefix(Bucket.WORK, segments_prefix(recording.id))
    context.services.objects.delete_prefix(Bucket.OUTPUTS, clip_prefix(recording.id))
    context.services.store.commit([Delete(recording.path)])
    return TaskDone()


def _drop_segments(context: TaskContext, recording_id: str) -> None:
    """Objects before documents: what is known is what can be removed."""
    store = context.services.store
    docs: tuple[Doc, ...] = store.list_documents(segments_path(recording_id))
    for doc in docs:
        for place in Segment.from_doc(doc).objects:
            context.services.objects.delete(Bucket.WORK, place.name, place.generation)
    for start in range(0, len(docs), MAX_DELETES_PER_BATCH):
        store.commit([Delete(doc.path) for doc in docs[start : start + MAX_DELETES_PER_BATCH]])
