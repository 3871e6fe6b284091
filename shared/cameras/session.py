"""`shifts/{id}`: the recorder's errands, and the commands that lead to them.

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
    RecordingState,
    Wish,
    new_recording,
    recording_path,
)
from shared.errors import LedgerUnavailable, NotFound, WrongState
from shared.flows.documents import Committed, Create, Delete, Doc, Update, Write
from shared.flows.effects import Clockwork, Flow, commit, publish, read
from shared.tasks.task import Errand, ErrandState, errand_envelope, errand_path, new_errand

RECORDER = "recorder"
WATCH, JOIN = "watch", "join"
LOOK_AFTER_S = 120
"""How often a running recording is looked after by its JOIN."""
LAST_SEGMENT_S = 60
"""How long a stopped recording waits for its last segment, when nobody says that it is written."""
TRIES = 8
"""A camera's document is written by its session as well: a command may meet that."""


def new_shift(camera: Camera, clockwork: Clockwork) -> tuple[Create, dict[str, Any]]:
    """→ the write that makes a shift `after` the one that has the camera's session, and what is
    to stand in the camera's document so that this one takes it."""
    epoch = camera.epoch + 1
    # 20 letters and digits, as the ids of all that an envelope names.
    shift_id = (clockwork.token() + clockwork.token())[:20]
    fields = {"kind": WATCH, "camera": camera.id, "epoch": epoch, "after": camera.shift}
    making = new_errand(RECORDER, shift_id, camera.owner, fields, clockwork.now())
    return making, {"shift": shift_id, "epoch": epoch}


def start(
    camera_id: str,
    recording_id: str,
    wish: Wish,
    clockwork: Clockwork,
    *,
    besides: tuple[Write, ...] = (),
) -> Flow[None]:
    """Begin a recording; `besides` happens in the same batch. The same id twice is one recording.
    Raises NotFound without the camera."""
    for _ in range(TRIES):
        camera, shift = yield from _camera(camera_id)
        (there,) = yield from read(recording_path(recording_id))
        if there is not None:
            yield from _announce(camera)
            return
        now = clockwork.now()
        wants = {**camera.wants, recording_id: wish.want(recording_id, now)}
        joining = new_errand(
            RECORDER, recording_id, camera.owner, {"kind": JOIN, "recording": recording_id}, now
        )
        later = now + timedelta(seconds=LOOK_AFTER_S)
        done = yield from commit(
            new_recording(recording_id, camera, wish, now),
            Create(joining.path, {**joining.data, "due_at": later, "look_at": later}),
            *_wanting(camera, shift, {"wants": _wants(wants)}, clockwork),
            *besides,
        )
        if done is Committed.OK:
            yield from _announce_anew(camera_id)
            return
    raise LedgerUnavailable("The ledger is contended.")


def watch(camera_id: str, clockwork: Clockwork, *, for_s: float = PREVIEW_S) -> Flow[None]:
    """Somebody looks at the camera's preview, for so long from now on. Raises NotFound."""
    for _ in range(TRIES):
        camera, shift = yield from _camera(camera_id)
        until = clockwork.now() + timedelta(seconds=for_s)
        if camera.preview_until is not None and camera.preview_until > until:
            until = camera.preview_until
        writes = _wanting(camera, shift, {"preview_until": until}, clockwork)
        if (yield from commit(*writes)) is Committed.OK:
            if len(writes) > 1:
                yield from _announce_anew(camera_id)
            return
    raise LedgerUnavailable("The ledger is contended.")


def stop(
    recording_id: str, clockwork: Clockwork, *, why: EndedBy = EndedBy.STOP
) -> Flow[Recording]:
    """End a recording; → it as it is then. One that has ended already stays so. Raises NotFound."""
    for _ in range(TRIES):
        recording = yield from _recording(recording_id)
        if not recording.running:
            return recording
        now = clockwork.now()
        later = now + timedelta(seconds=LAST_SEGMENT_S)
        errand = errand_path(RECORDER, recording_id)
        writes: list[Write] = [
            Update(
                recording.path,
                {"state": RecordingState.STOPPING, "ended_by": why.value, "ended_at": now},
                recording.version,
            ),
            Update(errand, {"due_at": later, "look_at": later}),
        ]
        (doc,) = yield from read(camera_path(recording.camera))
        camera = None if doc is None else Camera.from_doc(doc)
        if camera is not None and recording_id in camera.wants:
            want = replace(camera.wants[recording_id], stop=why.value)
            wants = {**camera.wants, recording_id: want}
            writes.append(Update(camera.path, {"wants": _wants(wants)}, camera.version))
        if (yield from commit(*writes)) is Committed.OK:
            return (yield from _recording(recording_id))
    raise LedgerUnavailable("The ledger is contended.")


def discard(recording_id: str, clockwork: Clockwork) -> Flow[None]:
    """Remove a recording with all that it holds, also while it runs. Raises NotFound."""
    for _ in range(TRIES):
        recording = yield from _recording(recording_id)
        if recording.state is RecordingState.DELETED:
            break
        now = clockwork.now()
        errand = {"state": ErrandState.OPEN, "due_at": now, "look_at": now, "finished_at": None}
        writes: list[Write] = [
            Update(recording.path, {"state": RecordingState.DELETED}, recording.version),
            Update(errand_path(RECORDER, recording_id), {**errand, "attempt": 0}),
        ]
        (doc,) = yield from read(camera_path(recording.camera))
        camera = None if doc is None else Camera.from_doc(doc)
        if camera is not None and recording_id in camera.wants:
            writes.append(_without(camera, recording_id))
        if (yield from commit(*writes)) is Committed.OK:
            break
    else:
        raise LedgerUnavailable("The ledger is contended.")
    yield from publish([errand_envelope(RECORDER, recording_id)])


def dismiss(camera_id: str) -> Flow[None]:
    """Remove a camera; its session ends by itself. Raises NotFound, and WrongState while it
    records."""
    for _ in range(TRIES):
        camera, _shift = yield from _camera(camera_id)
        if camera.wants:
            raise WrongState("The camera records; stop its recordings first.")
        done = yield from commit(
            Delete(camera.path, camera.version), Delete(secret_path(camera_id))
        )
        if done is Committed.OK:
            return
    raise LedgerUnavailable("The ledger is contended.")


def stopped(
    camera: Camera, recording_id: str, why: str, now: datetime, **facts: Any
) -> tuple[Write, ...]:
    """The writes by which whoever held the session says that a recording's last segment is
    written. Its JOIN is announced after them."""
    fields = {"state": RecordingState.JOINING, "ended_by": why, "ended_at": now, **facts}
    return (
        _without(camera, recording_id),
        Update(recording_path(recording_id), fields),
        Update(errand_path(RECORDER, recording_id), {"due_at": now, "look_at": now}),
    )


def _without(camera: Camera, recording_id: str) -> Update:
    wants = {key: one for key, one in camera.wants.items() if key != recording_id}
    return Update(camera.path, {"wants": _wants(wants)}, camera.version)


def _wants(wants: Any) -> dict[str, Any]:
    return {key: one.to_dict() for key, one in wants.items()}


def _wanting(
    camera: Camera, shift: Doc | None, fields: dict[str, Any], clockwork: Clockwork
) -> tuple[Write, ...]:
    """The writes by which something is wanted of a camera, and by which somebody takes its session
    when nobody has it."""
    alive = shift is not None and not Errand.from_doc(RECORDER, shift).ended
    if alive:
        return (Update(camera.path, fields, camera.version),)
    making, taking = new_shift(camera, clockwork)
    waking = {"state": CameraState.CONNECTING, "error": None}
    return (Update(camera.path, {**fields, **taking, **waking}, camera.version), making)


def _camera(camera_id: str) -> Flow[tuple[Camera, Doc | None]]:
    """The camera, and the shift that has its session or is to take it."""
    (doc,) = yield from read(camera_path(camera_id))
    if doc is None:
        raise NotFound
    camera = Camera.from_doc(doc)
    if not camera.shift:
        return camera, None
    (shift,) = yield from read(errand_path(RECORDER, camera.shift))
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
    if camera.shift and camera.state is CameraState.CONNECTING:
        yield from publish([errand_envelope(RECORDER, camera.shift)])
