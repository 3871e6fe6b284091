"""Makes the clip of a stopped recording, over as many invocations as it takes.

Parts that are complete are the progress, so nothing is lost when a worker crashes or its time ends.
The segments are kept until the recording has its clip or expires.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from functions.recorder.capture.segments import Segment, segments_path
from functions.recorder.clip.clip import make_clip
from functions.recorder.clip.parts import count_complete_parts, drop_parts
from shared.cameras.browser_copy import BROWSER_COPY, is_copied_at_once, new_copy
from shared.cameras.recording import Recording, RecordingState, clip_prefix
from shared.cameras.recording_events import recording_event
from shared.cameras.redrive import JOINED_PART_COUNT
from shared.entrypoints.task import TaskContext
from shared.errors import PermanentError
from shared.flows.documents import (
    CommitResult,
    Delete,
    Doc,
    Update,
    Write,
    all_documents,
    job_path,
)
from shared.flows.effects import Later
from shared.flows.envelope import Envelope
from shared.jobs.model import Job, Status
from shared.jobs.units import failure
from shared.jobs.uploads import declare_size
from shared.jobs.webhooks.events import event_for_subscribers, event_messages
from shared.pipeline import FUNCTIONS, Bucket
from shared.recipes.stored_object import StoredObject
from shared.runtime.interpreter import Interpreter
from shared.tasks.errors import DeadlineNear, LeaseLost
from shared.tasks.task import TaskOutcome


class ErrorInfo(NamedTuple):
    """Why a recording has no clip, or an incomplete one."""

    code: str
    message: str


NOTHING_RECORDED = ErrorInfo(
    "nothing-recorded", "The camera sent no pictures during the recording."
)
NOT_JOINED = ErrorInfo(
    "not-joined",
    "The recording could not be made into a clip. What was recorded is kept until the recording "
    "expires, and can be joined again.",
)
MAX_DELETES_PER_BATCH = 400


def join_recording(context: TaskContext, recording: Recording) -> TaskOutcome | None:
    """Joins the segments of a recording. Returns None when the recording has ended.

    The last attempt only records the failure: a task that is given up would never remove the
    recording. Attempts count since the last complete part.
    """
    if context.attempt >= FUNCTIONS[context.task.function].max_attempts:
        return _continue(context, recording) or fail_recording(context, recording, NOT_JOINED)
    try:
        return _join(context, recording)
    except LeaseLost:
        _discard_when_deleted(context, recording)
        raise
    except DeadlineNear:
        outcome = _continue(context, recording)
        if outcome is None:
            raise
        return outcome
    except PermanentError as error:
        return fail_recording(context, recording, ErrorInfo(error.code, str(error)))


def _continue(context: TaskContext, recording: Recording) -> Later | None:
    """Returns the outcome that continues the join in another invocation, None when no part was
    completed since the last one."""
    count = count_complete_parts(context.services.objects, recording.id)
    if count <= context.task.data.get(JOINED_PART_COUNT, 0):
        return None
    context.services.log("recording.join_continues", recording=recording.id, parts=count)
    return Later(0, fields={JOINED_PART_COUNT: count}, progress=True)


def _join(context: TaskContext, recording: Recording) -> TaskOutcome | None:
    services = context.services
    result = make_clip(
        recording,
        read_segments(context, recording.id),
        services.objects,
        check=context.check,
    )
    if context.is_lease_lost:
        raise LeaseLost
    if result is None:
        reason = recording.error or NOTHING_RECORDED._asdict()
        error = ErrorInfo(reason["code"], reason["message"])
        return fail_recording(context, recording, error, has_pictures=False)
    stored, clip = result
    described = clip.to_dict()
    fields: dict[str, Any] = {
        "state": RecordingState.DONE,
        "clip": described,
        "size_bytes": clip.size_bytes,
        "stored_bytes": clip.size_bytes,
        "elapsed_s": clip.duration_sec,
        "fps": clip.fps,
    }
    if recording.request.job_object:
        upload_to_job(context, recording, stored)
    copy: tuple[Write, ...] = ()
    messages: tuple[Envelope, ...] = ()
    if is_copied_at_once(described):
        expires_at = recording.request.expires_at
        field, task, message = new_copy(
            recording.id, recording.owner, expires_at, services.clock.now()
        )
        fields[BROWSER_COPY], copy, messages = field, (task,), (message,)
    if not _commit(context, recording, fields, copy, messages):
        _discard_clip(context, recording, stored)
        return Later(1, progress=True)
    services.log("recording.joined", recording=recording.id, gaps=len(clip.gaps))
    return None


def fail_recording(
    context: TaskContext, recording: Recording, error: ErrorInfo, *, has_pictures: bool = True
) -> TaskOutcome | None:
    """Fails a recording, and the job that waits for its clip. Segments with pictures are kept.
    Returns None when the recording has failed, or the outcome with which it is tried again."""
    _fail_job(context, recording, error)
    segments = read_segments(context, recording.id) if has_pictures else []
    fields = {
        "state": RecordingState.FAILED,
        "error": {**error._asdict(), "at": context.services.clock.now()},
        "stored_bytes": sum(
            stored.size_bytes for segment in segments for stored in segment.objects
        ),
    }
    if not _commit(context, recording, fields):
        return Later(1, progress=True)
    context.services.log(
        "recording.failed", severity="WARNING", recording=recording.id, code=error.code
    )
    return None


def drop_leftovers(context: TaskContext, recording: Recording) -> None:
    """Deletes what an ended recording does not need: parts, and segments unless they may be joined
    again. A worker may have crashed before it did."""
    clip = recording.clip
    drop_parts(context.services.objects, recording.id, keep=clip["path"] if clip else "")
    if not recording.is_redrivable:
        drop_segments(context, recording.id)


def read_segments(context: TaskContext, recording_id: str) -> list[Segment]:
    """Returns the segments of a recording."""
    docs = context.services.store.run_query(all_documents(segments_path(recording_id)))
    return [Segment.from_doc(doc) for doc in docs]


def drop_segments(context: TaskContext, recording_id: str) -> None:
    """Deletes the objects before the documents that name them, so that a crash loses no name."""
    store = context.services.store
    docs: tuple[Doc, ...] = store.run_query(all_documents(segments_path(recording_id)))
    for doc in docs:
        for stored in Segment.from_doc(doc).objects:
            context.services.objects.delete(Bucket.WORK, stored.name, stored.generation)
    for start in range(0, len(docs), MAX_DELETES_PER_BATCH):
        store.commit([Delete(doc.path) for doc in docs[start : start + MAX_DELETES_PER_BATCH]])


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


def _commit(
    context: TaskContext,
    recording: Recording,
    fields: Mapping[str, Any],
    extra_writes: tuple[Write, ...] = (),
    messages: tuple[Envelope, ...] = (),
) -> bool:
    """Ends a recording and tells the webhooks of its owner. Returns False when the recording has
    been changed by others. `messages` are published after the batch with the `extra_writes`."""
    services = context.services
    update = Update(recording.path, fields, recording.version)
    event = Interpreter(services).run(
        event_for_subscribers(recording_event(recording, fields, services.clock.now()))
    )
    if services.store.commit([update, *extra_writes, *event]) is not CommitResult.OK:
        # When the response to a commit is lost, the client repeats it and finds its own write.
        (doc,) = services.store.read([recording.path])
        if doc is None or any(doc.data[name] != fields[name] for name in fields):
            return False
    services.publisher.publish([*event_messages(event), *messages])
    return True


def _discard_clip(context: TaskContext, recording: Recording, stored: StoredObject) -> None:
    """Deletes a clip that could not be committed, unless another attempt has committed it."""
    (doc,) = context.services.store.read([recording.path])
    clip = None if doc is None else Recording.from_doc(doc).clip
    if clip is None or clip["path"] != stored.name:
        context.services.objects.delete(stored.bucket, stored.name, stored.generation)
    _discard_when_deleted(context, recording)


def _discard_when_deleted(context: TaskContext, recording: Recording) -> None:
    """Deletes what was written for a recording that was removed in the meantime."""
    (doc,) = context.services.store.read([recording.path])
    if doc is None or doc.data["state"] == RecordingState.DELETED:
        context.services.objects.delete_prefix(Bucket.OUTPUTS, clip_prefix(recording.id))


def _fail_job(context: TaskContext, recording: Recording, error: ErrorInfo) -> None:
    """Fails the job that waits for the clip. This happens before the recording fails: after a
    crash in between, the next attempt finds the job failed, and fails the recording."""
    paths = [job_path(recording.request.job)] if recording.request.job else []
    for doc in context.services.store.read(paths):
        if doc is not None and doc.data["status"] == Status.AWAITING_UPLOAD:
            job = Job.from_doc(doc)
            Interpreter(context.services).run(
                failure.fail_job_awaiting_uploads(job, error, context.services.clock_and_ids)
            )
