"""`recorder_tasks/{id}`: the recorder's errands, and the commands that lead to them.

WATCH is one invocation's hold of a camera's session. An invocation ends after minutes and a
recording may not: before one ends it makes the next shift, of a higher epoch, and goes on until
that one has pictures. JOIN belongs to one recording, under the recording's own id, from its start
to its end: it looks after it while it runs, makes the clip when it has stopped, and removes it
when its time is over. So nothing that was started depends on one process or one message.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from shared.cameras.camera import PREVIEW_S, Camera, CameraState, camera_path, secret_path
from shared.cameras.recording import (
    EndedBy,
    Recording,
    RecordingRequest,
    RecordingState,
    new_recording,
    recording_path,
)
from shared.errors import FirestoreUnavailable, NotFound, WrongState
from shared.flows.documents import CommitResult, Create, Delete, Doc, Update, Write
from shared.flows.effects import ClockAndIds, Flow, commit, publish, read
from shared.tasks.task import Task, TaskState, new_task, task_envelope, task_path

RECORDER = "recorder"
STREAM, FINALIZE = "stream", "finalize"
CHECK_INTERVAL_S = 120
"""How often a running recording is looked after by its JOIN."""
MAX_LAST_SEGMENT_WAIT_S = 60
"""How long a stopped recording waits for its last segment, when nobody says that it is written."""
MAX_COMMIT_ATTEMPTS = 8
"""A camera's document is written by its session as well: a command may meet that."""


def new_recorder_task(camera: Camera, clock: ClockAndIds) -> tuple[Create, dict[str, Any]]:
    """→ the write that makes a shift `after` the one that has the camera's session, and what is
    to stand in the camera's document so that this one takes it."""
    epoch = camera.epoch + 1
    # 20 letters and digits, as the ids of all that an envelope names.
    shift_id = (clock.new_token() + clock.new_token())[:20]
    fields = {"kind": STREAM, "camera": camera.id, "epoch": epoch, "previous": camera.recorder_task}
    making = new_task(RECORDER, shift_id, camera.owner, fields, clock.now())
    return making, {"recorder_task": shift_id, "epoch": epoch}


def start_recording(
    camera_id: str,
    recording_id: str,
    request: RecordingRequest,
    clock: ClockAndIds,
    *,
    extra_writes: tuple[Write, ...] = (),
) -> Flow[None]:
    """Begin a recording; `besides` happens in the same batch. The same id twice is one recording.
    Raises NotFound without the camera."""
    for _ in range(MAX_COMMIT_ATTEMPTS):
        camera, shift = yield from _camera(camera_id)
        (there,) = yield from read(recording_path(recording_id))
        if there is not None:
            yield from _announce(camera)
            return
        now = clock.now()
        wants = {
            **camera.active_requests,
            recording_id: request.to_active_request(recording_id, now),
        }
        joining = new_task(
            RECORDER, recording_id, camera.owner, {"kind": FINALIZE, "recording": recording_id}, now
        )
        later = now + timedelta(seconds=CHECK_INTERVAL_S)
        done = yield from commit(
            new_recording(recording_id, camera, request, now),
            Create(joining.path, {**joining.data, "due_at": later, "next_check_at": later}),
            *_wanting(camera, shift, {"active_requests": _wants(wants)}, clock),
            *extra_writes,
        )
        if done is CommitResult.OK:
            yield from _announce_anew(camera_id)
            return
    raise FirestoreUnavailable("The ledger is contended.")


def request_preview(
    camera_id: str, clock: ClockAndIds, *, duration_s: float = PREVIEW_S
) -> Flow[None]:
    """Somebody looks at the camera's preview, for so long from now on. Raises NotFound."""
    for _ in range(MAX_COMMIT_ATTEMPTS):
        camera, shift = yield from _camera(camera_id)
        until = clock.now() + timedelta(seconds=duration_s)
        if camera.preview_until is not None and camera.preview_until > until:
            until = camera.preview_until
        writes = _wanting(camera, shift, {"preview_until": until}, clock)
        if (yield from commit(*writes)) is CommitResult.OK:
            if len(writes) > 1:
                yield from _announce_anew(camera_id)
            return
    raise FirestoreUnavailable("The ledger is contended.")


def stop_recording(
    recording_id: str, clock: ClockAndIds, *, ended_by: EndedBy = EndedBy.STOP
) -> Flow[Recording]:
    """End a recording; → it as it is then. One that has ended already stays so. Raises NotFound."""
    for _ in range(MAX_COMMIT_ATTEMPTS):
        recording = yield from _recording(recording_id)
        if not recording.is_running:
            return recording
        now = clock.now()
        later = now + timedelta(seconds=MAX_LAST_SEGMENT_WAIT_S)
        task = task_path(RECORDER, recording_id)
        writes: list[Write] = [
            Update(
                recording.path,
                {"state": RecordingState.STOPPING, "ended_by": ended_by.value, "ended_at": now},
                recording.version,
            ),
            Update(task, {"due_at": later, "next_check_at": later}),
        ]
        (doc,) = yield from read(camera_path(recording.camera))
        camera = None if doc is None else Camera.from_doc(doc)
        if camera is not None and recording_id in camera.active_requests:
            want = replace(camera.active_requests[recording_id], stop_reason=ended_by.value)
            wants = {**camera.active_requests, recording_id: want}
            writes.append(Update(camera.path, {"active_requests": _wants(wants)}, camera.version))
        if (yield from commit(*writes)) is CommitResult.OK:
            return (yield from _recording(recording_id))
    raise FirestoreUnavailable("The ledger is contended.")


def delete_recording(recording_id: str, clock: ClockAndIds) -> Flow[None]:
    """Remove a recording with all that it holds, also while it runs. Raises NotFound."""
    for _ in range(MAX_COMMIT_ATTEMPTS):
        recording = yield from _recording(recording_id)
        if recording.state is RecordingState.DELETED:
            break
        now = clock.now()
        task = {"state": TaskState.OPEN, "due_at": now, "next_check_at": now, "finished_at": None}
        writes: list[Write] = [
            Update(recording.path, {"state": RecordingState.DELETED}, recording.version),
            Update(task_path(RECORDER, recording_id), {**task, "attempt": 0}),
        ]
        (doc,) = yield from read(camera_path(recording.camera))
        camera = None if doc is None else Camera.from_doc(doc)
        if camera is not None and recording_id in camera.active_requests:
            writes.append(_without(camera, recording_id))
        if (yield from commit(*writes)) is CommitResult.OK:
            break
    else:
        raise FirestoreUnavailable("The ledger is contended.")
    yield from publish([task_envelope(RECORDER, recording_id)])


def delete_camera(camera_id: str) -> Flow[None]:
    """Remove a camera; its session ends by itself. Raises NotFound, and WrongState while it
    records."""
    for _ in range(MAX_COMMIT_ATTEMPTS):
        camera, _shift = yield from _camera(camera_id)
        if camera.active_requests:
            raise WrongState("The camera records; stop its recordings first.")
        done = yield from commit(
            Delete(camera.path, camera.version), Delete(secret_path(camera_id))
        )
        if done is CommitResult.OK:
            return
    raise FirestoreUnavailable("The ledger is contended.")


def mark_capture_ended(
    camera: Camera, recording_id: str, ended_by: str, now: datetime, **facts: Any
) -> tuple[Write, ...]:
    """The writes by which whoever held the session says that a recording's last segment is
    written. Its JOIN is announced after them."""
    fields = {"state": RecordingState.JOINING, "ended_by": ended_by, "ended_at": now, **facts}
    return (
        _without(camera, recording_id),
        Update(recording_path(recording_id), fields),
        Update(task_path(RECORDER, recording_id), {"due_at": now, "next_check_at": now}),
    )


def _without(camera: Camera, recording_id: str) -> Update:
    wants = {key: one for key, one in camera.active_requests.items() if key != recording_id}
    return Update(camera.path, {"active_requests": _wants(wants)}, camera.version)


def _wants(wants: Any) -> dict[str, Any]:
    return {key: one.to_dict() for key, one in wants.items()}


def _wanting(
    camera: Camera, shift: Doc | None, fields: dict[str, Any], clock: ClockAndIds
) -> tuple[Write, ...]:
    """The writes by which something is wanted of a camera, and by which somebody takes its session
    when nobody has it."""
    alive = shift is not None and not Task.from_doc(RECORDER, shift).has_ended
    if alive:
        return (Update(camera.path, fields, camera.version),)
    making, taking = new_recorder_task(camera, clock)
    waking = {"state": CameraState.CONNECTING, "error": None}
    return (Update(camera.path, {**fields, **taking, **waking}, camera.version), making)


def _camera(camera_id: str) -> Flow[tuple[Camera, Doc | None]]:
    """The camera, and the shift that has its session or is to take it."""
    (doc,) = yield from read(camera_path(camera_id))
    if doc is None:
        raise NotFound
    camera = Camera.from_doc(doc)
    if not camera.recorder_task:
        return camera, None
    (shift,) = yield from read(task_path(RECORDER, camera.recorder_task))
    return camera, shift


def _recording(recording_id: str) -> Flow[Recording]:
    (doc,) = yield from read(recording_path(recording_id))
    if doc is None:
        raise NotFound
    return Recording.from_doc(doc)


def _announce_anew(camera_id: str) -> Flow[None]:
    camera, _ = yield from _camera(camera_id)
    yield from _announce(camera)


def _announce(camera: Camera) -> Flow[None]:
    """Of a shift that is held already another message is no harm: it waits, and finds it done."""
    if camera.recorder_task and camera.state is CameraState.CONNECTING:
        yield from publish([task_envelope(RECORDER, camera.recorder_task)])
