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
from shared.cameras.session import LOOK_AFTER_S, RECORDER, stopped
from shared.entrypoints.task import ErrandTask
from shared.errors import LedgerUnavailable, PermanentError, StorageUnavailable
from shared.flows.documents import Committed, Delete, Doc, Update, Write, job_path
from shared.jobs import failure
from shared.jobs.model import Job, Status
from shared.pipeline import STAGES, Bucket
from shared.recipes.stored_object import StoredObject
from shared.runtime.interpreter import Driver
from shared.tasks.task import Errand, ErrandOutcome, Postponed, Settled, errand_path

SILENT_S = 180
"""A camera of which nothing was said for so long is held by nobody."""
NOTHING = ("nothing-recorded", "The camera showed nothing while this was recorded.")
LOST = ("recorder-lost", "Nobody held the camera any more; what was recorded is the clip.")
UNJOINED = ("not-joined", "The recording could not be made into a clip; record in shorter pieces.")
AWAY_S = 60
"""How long a storage or a ledger that does not answer is left alone."""
DELETES_AT_ONCE = 400


def look_after(task: ErrandTask) -> ErrandOutcome:
    """Do what the recording needs now. However long storage or ledger are away, it is tried again:
    only workers that die over it, or run out of time, are counted."""
    try:
        return _looked_after(task)
    except (StorageUnavailable, LedgerUnavailable) as away:
        return Postponed(AWAY_S, away.code, str(away), progress=True)


def _looked_after(task: ErrandTask) -> ErrandOutcome:
    (doc,) = task.world.store.read([recording_path(task.errand.data["recording"])])
    if doc is None:
        return Settled()
    recording = Recording.from_doc(doc)
    match recording.state:
        case RecordingState.DELETED:
            return _remove(task, recording)
        case RecordingState.DONE | RecordingState.FAILED:
            return _expire(task, recording)
        case RecordingState.JOINING:
            if task.attempt >= STAGES[RECORDER].attempts:
                # The last one that there is: given up, it would be kept for ever.
                return _failed(task, recording, *UNJOINED)
            return _join(task, recording)
        case RecordingState.STOPPING:
            # Its worker did not say that the last segment is written: nobody will.
            return _end(task, recording, recording.ended_by)
        case _:
            if _is_held(task, recording):
                return Postponed(LOOK_AFTER_S, progress=True)
            return _end(task, recording, EndedBy.RECORDER_LOST.value)


def _is_held(task: ErrandTask, recording: Recording) -> bool:
    (doc,) = task.world.store.read([camera_path(recording.camera)])
    if doc is None:
        return False
    camera = Camera.from_doc(doc)
    if recording.id not in camera.wants:
        return False
    latest = camera.seen_at or recording.created_at
    if task.world.clock.now() - max(latest, recording.created_at) < timedelta(seconds=SILENT_S):
        return True
    (shift,) = task.world.store.read([errand_path(RECORDER, camera.shift)] if camera.shift else [])
    return shift is not None and not Errand.from_doc(RECORDER, shift).ended


def _end(task: ErrandTask, recording: Recording, why: str) -> ErrandOutcome:
    """End it in its worker's place."""
    (doc,) = task.world.store.read([camera_path(recording.camera)])
    now = recording.ended_at or task.world.clock.now()
    lost = dict(zip(("code", "message"), LOST, strict=True))
    error = lost if why == EndedBy.RECORDER_LOST else None
    fields: dict[str, Any] = {"state": RecordingState.JOINING, "ended_by": why, "ended_at": now}
    writes: list[Write] = [Update(recording.path, {**fields, "error": error}, recording.version)]
    if doc is not None and recording.id in (camera := Camera.from_doc(doc)).wants:
        writes.append(stopped(camera, recording.id, why, now)[0])
    task.world.store.commit(writes)
    return Postponed(0, progress=True)


def _join(task: ErrandTask, recording: Recording) -> ErrandOutcome:
    store = task.world.store
    segments = [Segment.from_doc(doc) for doc in store.list_under(segments_path(recording.id))]
    try:
        made = make_clip(
            recording,
            segments,
            task.world.objects,
            attempt=task.attempt,
            should_stop=task.should_stop,
        )
    except PermanentError as refused:
        return _failed(task, recording, refused.code, str(refused))
    if task.lease_lost and made is not None and _is_unwanted(task, recording.id):
        # It was deleted meanwhile: whoever removed it did not see this clip.
        task.world.objects.remove(Bucket.OUTPUTS, made[0].name, made[0].generation)
    task.check()
    if made is None:
        known = recording.error or dict(zip(("code", "message"), NOTHING, strict=True))
        return _failed(task, recording, known["code"], known["message"])
    stored, clip = made
    fields = {
        "state": RecordingState.DONE,
        "clip": clip.to_dict(),
        "size_bytes": clip.size_bytes,
        "stored_bytes": clip.size_bytes,
        "elapsed_s": clip.duration_sec,
        "fps": clip.fps,
    }
    if recording.wish.job_object:
        _hand_on(task, recording, stored)
    if not _changed(task, recording, fields):
        task.world.objects.remove(stored.bucket, stored.name, stored.generation)
        return Postponed(1, progress=True)
    _drop_segments(task, recording.id)
    task.world.log("recording.joined", recording=recording.id, gaps=len(clip.gaps))
    return _until_expiry(task, recording)


def _is_unwanted(task: ErrandTask, recording_id: str) -> bool:
    (doc,) = task.world.store.read([recording_path(recording_id)])
    return doc is None or doc.data["state"] == RecordingState.DELETED


def _hand_on(task: ErrandTask, recording: Recording, stored: StoredObject) -> None:
    """The clip is the upload that a job waits for: its chain begins with it."""
    task.world.objects.copy(
        stored, Bucket.UPLOADS, recording.wish.job_object, spec=f"recording {recording.id}"
    )


def _changed(task: ErrandTask, recording: Recording, fields: dict[str, Any]) -> bool:
    """Write what became of it; → False when somebody has deleted it meanwhile."""
    done = task.world.store.commit([Update(recording.path, fields, recording.version)])
    if done is Committed.OK:
        return True
    # A batch whose answer was lost meets itself when the client repeats it.
    (doc,) = task.world.store.read([recording.path])
    return doc is not None and doc.data["state"] == fields["state"]


def _failed(task: ErrandTask, recording: Recording, code: str, message: str) -> ErrandOutcome:
    _tell_job(task, recording, code, message)
    fields = {
        "state": RecordingState.FAILED,
        "error": {"code": code, "message": message, "at": task.world.clock.now()},
        "stored_bytes": 0,
    }
    if not _changed(task, recording, fields):
        return Postponed(1, progress=True)
    _drop_segments(task, recording.id)
    task.world.log("recording.failed", severity="WARNING", recording=recording.id, code=code)
    return _until_expiry(task, recording)


def _tell_job(task: ErrandTask, recording: Recording, code: str, message: str) -> None:
    """The job that waits for the clip fails with it, before the recording has: a crash in between
    finds it done."""
    paths = [job_path(recording.wish.job)] if recording.wish.job else []
    for doc in task.world.store.read(paths):
        if doc is not None and doc.data["status"] == Status.AWAITING_UPLOAD:
            job = Job.from_doc(doc)
            Driver(task.world).run(failure.give_up(job, (code, message), task.world.clockwork))


def _until_expiry(task: ErrandTask, recording: Recording) -> ErrandOutcome:
    left = recording.wish.expires_at - task.world.clock.now()
    return Postponed(max(60.0, left.total_seconds()), progress=True)


def _expire(task: ErrandTask, recording: Recording) -> ErrandOutcome:
    if recording.wish.expires_at > task.world.clock.now():
        return _until_expiry(task, recording)
    return _remove(task, recording)


def _remove(task: ErrandTask, recording: Recording) -> ErrandOutcome:
    """Clip, segments and documents go, and what a worker left that died before it wrote them
    down."""
    _drop_segments(task, recording.id)
    task.world.objects.remove_under(Bucket.WORK, segments_prefix(recording.id))
    task.world.objects.remove_under(Bucket.OUTPUTS, clip_prefix(recording.id))
    task.world.store.commit([Delete(recording.path)])
    return Settled()


def _drop_segments(task: ErrandTask, recording_id: str) -> None:
    """Objects before documents: what is known is what can be removed."""
    store = task.world.store
    docs: tuple[Doc, ...] = store.list_under(segments_path(recording_id))
    for doc in docs:
        for place in Segment.from_doc(doc).places:
            task.world.objects.remove(Bucket.WORK, place.name, place.generation)
    for start in range(0, len(docs), DELETES_AT_ONCE):
        store.commit([Delete(doc.path) for doc in docs[start : start + DELETES_AT_ONCE]])
